// One moto server on loopback for tests: an EC2 and STS that nobody of this project wrote. Built-in modules only.
//
// Python and pip fetch it into .cache/moto/<version>/, without touching Python's own packages and without building anything.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const MOTO_VERSION = '5.2.5'
export const HOW_TO_GET_MOTO =
  'Install Python 3.10 or newer with pip, and let pip reach a package index (Debian: python3-pip)'
/** What was fetched for one Python does not run on another. */
const cacheFolder = python => fileURLToPath(new URL(`../.cache/moto/${MOTO_VERSION}-python${python}`, import.meta.url))

const MINUTE = 60_000
/** Whatever the machine is set to, moto gets no real credentials and asks no instance for any. */
const ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: 'moto',
  AWS_SECRET_ACCESS_KEY: 'moto',
  AWS_EC2_METADATA_DISABLED: 'true',
  PYTHONDONTWRITEBYTECODE: '1',
}

/**
 * Fetches moto where it is not there yet; a minute or so the first time.
 * @returns {Promise<import('./moto.mjs').PreparedMoto>}
 */
export async function prepareMoto(say = () => {}) {
  const python = await run('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], MINUTE)
  if (!python.ok) return { way: 'none', why: 'no Python' }
  const folder = cacheFolder(python.output.trim())
  const why = await fetchInto(folder, say)
  return existsSync(folder) ? { way: 'python', folder } : { way: 'none', why }
}

/** Returns why it could not be fetched, where it could not. */
async function fetchInto(folder, say) {
  if (existsSync(folder)) return ''
  if (!(await run('python3', ['-m', 'pip', '--version'], MINUTE)).ok) return 'Python has no pip'
  say(`fetching moto ${MOTO_VERSION} with pip, once`)
  const work = `${folder}.${process.pid}`
  await mkdir(dirname(work), { recursive: true })
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary=:all:']
  const fetched = await run('python3', [...install, '--target', work, `moto[server]==${MOTO_VERSION}`], 10 * MINUTE)
  if (fetched.ok && !existsSync(folder)) await rename(work, folder).catch(() => {}) // another run may have won
  await rm(work, { recursive: true, force: true })
  return `pip cannot fetch moto ${MOTO_VERSION} (${fetched.output.trim().split('\n').at(-1)})`
}

/** Starts one server with an empty cloud, and resolves once it answers. */
export async function startMoto(folder) {
  const port = await freePort()
  const server = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    env: { ...process.env, ...ENVIRONMENT, PYTHONPATH: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  server.stderr.on('data', chunk => {
    said = `${said}${chunk}`.slice(-2000)
  })
  const ended = new Promise(resolve => server.once('exit', resolve))
  const killNow = () => server.kill('SIGKILL')
  process.once('exit', killNow)
  const stop = async () => {
    server.kill('SIGTERM')
    const patience = setTimeout(killNow, 10_000)
    await ended
    clearTimeout(patience)
    process.off('exit', killNow)
  }
  const url = `http://127.0.0.1:${port}`
  if (!(await answers(`${url}/moto-api/`, () => server.exitCode !== null))) {
    await stop()
    throw new Error(`moto did not come up:\n${said}`)
  }
  return { url, how: `moto ${MOTO_VERSION}, pid ${server.pid}`, stop }
}

async function answers(url, hasEnded) {
  for (const until = Date.now() + MINUTE; Date.now() < until && !hasEnded(); await pause(100)) {
    const reply = await fetch(url).catch(() => undefined)
    if (reply?.ok) return true
  }
  return false
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function run(command, args, withinMs) {
  return new Promise(resolve => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: withinMs })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
    child.once('error', error => resolve({ ok: false, output: error.message }))
    child.once('exit', code => resolve({ ok: code === 0, output }))
  })
}
