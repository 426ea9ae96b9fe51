import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { temporaryFolder } from './clickhouse-folder.ts'

export const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const WHOHAD = join(PROJECT, 'bin/whohad.cjs')

export type Finished = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export type Running = {
  readonly pid: number
  /** Resolves with the first match in what the process wrote so far, on either stream. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  readonly ended: Promise<Finished>
  kill(signal: NodeJS.Signals): void
}

export type RunOptions = {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: Uint8Array | string
  /** A process that lives longer is killed, and the test fails with what it said. */
  readonly withinMs?: number
  /** An empty folder where it is left out, so that no ./whohad.yaml is found by chance. */
  readonly cwd?: string
}

/** What a process said tells more than that its test took too long. */
const SOONER_THAN_A_TEST_MS = 110_000
const running = new Set<ChildProcess>()
let emptyFolder: string | undefined

/** Compiles the sources where the build is older than they; the files of one test run wait for each other. */
export function buildWhohadFirst(): void {
  beforeAll(async () => {
    emptyFolder = await temporaryFolder('nowhere')
    await alone(async () => {
      const script = "import { build } from './scripts/prepare.mjs'; build()"
      const args = ['--input-type=module', '--eval', script]
      const { code, stdout, stderr } = await start(process.execPath, args, { cwd: PROJECT }).ended
      if (code !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`)
    })
  })
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL')
  })
}

const STALE_MS = 180_000

async function alone(work: () => Promise<void>): Promise<void> {
  const lock = join(tmpdir(), `whohad-build-${createHash('sha256').update(PROJECT).digest('hex').slice(0, 16)}`)
  for (;;) {
    try {
      await mkdir(lock)
      break
    } catch {
      const madeMs = (await stat(lock).catch(() => undefined))?.mtimeMs ?? Date.now()
      if (Date.now() - madeMs > STALE_MS) await rm(lock, { recursive: true, force: true })
      await sleep(100)
    }
  }
  try {
    await work()
  } finally {
    await rm(lock, { recursive: true, force: true })
  }
}

/** Runs `node bin/whohad.cjs …` to its end. */
export const whohad = (args: readonly string[], options: RunOptions = {}): Promise<Finished> =>
  startWhohad(args, options).ended

export const startWhohad = (args: readonly string[], options: RunOptions = {}): Running =>
  start(process.execPath, [WHOHAD, ...args], options)

/** Starts a process of ours, with nothing of this one's configuration or credentials. */
export function start(command: string, args: readonly string[], options: RunOptions = {}): Running {
  const { input = '', withinMs = SOONER_THAN_A_TEST_MS, cwd = emptyFolder } = options
  const env = { ...plainEnvironment(), ...options.env }
  const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
  running.add(child)
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  const heard = () => {
    for (const look of waiting) look()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    heard()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    heard()
  })
  child.stdin.on('error', () => {}) // a process that ends early does not read all of its input
  child.stdin.end(input)
  const told = () => `${[command, ...args].join(' ')}\nstdout: ${stdout}\nstderr: ${stderr}`

  const ended = new Promise<Finished>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`still running after ${withinMs} ms: ${told()}`))
    }, withinMs)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ code, signal, stdout, stderr })
      heard()
    })
  })
  ended.catch(() => {}) // told to whoever waits for it

  const said = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout) ?? pattern.exec(stderr)
        if (match) resolve(match)
        else if (!running.has(child)) reject(new Error(`ended without saying ${pattern}: ${told()}`))
        else return
        waiting.delete(look)
      }
      waiting.add(look)
      ended.catch(reject)
      look()
    })
  return { pid: child.pid ?? 0, said, ended, kill: signal => child.kill(signal) }
}

const plainEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || /^(WHOHAD|AWS)_/.test(name) || /^(NO|FORCE)_COLOR$/.test(name) ? [] : [[name, value]],
    ),
  )

/** Credentials that open nothing, and no search for better ones. */
export const FAKE_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'FAKE',
  AWS_SECRET_ACCESS_KEY: 'fake',
  AWS_EC2_METADATA_DISABLED: 'true',
}

/** Asks `attempt` again and again until it gives something; the test's own time limit ends the waiting. */
export async function eventually<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await attempt()
    if (found !== undefined) return found
    await sleep(200)
  }
}
