import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export type RunningServer = {
  readonly url: string
  /** From the start of the process to the first `GET /readyz` that says so. */
  readonly readySeconds: number
  /** Processor time of all its threads since it was started. */
  cpuSeconds(): Promise<number>
  residentBytes(): Promise<number>
  stop(): Promise<void>
}

export type ServerOptions = {
  /** What `dataFolder` made. */
  readonly folder: string
  readonly config: string
  readonly key: string
}

const LOADER = new URL('../typescript.mjs', import.meta.url).href
const ENTRY = join(import.meta.dirname, 'server.ts')
const ASK_EVERY_MS = 20
const LONGEST_START_MS = 600_000

/** The command line of whohad, as this benchmark runs it. */
export const whohad = (...args: readonly string[]): readonly string[] => ['--import', LOADER, ENTRY, ...args]

/** What must not come from whoever runs the benchmark. */
export function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('WHOHAD_'))
  return { ...Object.fromEntries(inherited), UV_THREADPOOL_SIZE: '16', AWS_EC2_METADATA_DISABLED: 'true' }
}

/** `whohad up` in a process of its own, on a free port of loopback; resolves once it is ready. Its log goes to a file. */
export async function startServer({ folder, config, key }: ServerOptions): Promise<RunningServer> {
  const startedMs = performance.now()
  const args = whohad('up', '--config', config, '--data', folder, '--host', '127.0.0.1', '--port', '0')
  const profile = process.env['BENCH_CPU_PROF'] ? ['--cpu-prof', `--cpu-prof-dir=${process.env['BENCH_CPU_PROF']}`] : []
  const child = spawn(process.execPath, [...profile, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment(),
  })
  const url = await listening(child, join(folder, 'server.log'))
  const headers = { authorization: `Bearer ${key}` }
  await untilReady(child, url, startedMs)
  const readySeconds = (performance.now() - startedMs) / 1000
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`, { headers })).text()
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  }
  return {
    url,
    readySeconds,
    cpuSeconds: () => metric('process_cpu_seconds_total'),
    residentBytes: () => metric('process_resident_memory_bytes'),
    async stop() {
      child.kill('SIGINT')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

async function listening(child: ChildProcess, logPath: string): Promise<string> {
  if (child.stderr === null) throw new TypeError('its stderr is a pipe')
  const log = createWriteStream(logPath)
  child.stderr.pipe(log)
  const lines = createInterface({ input: child.stderr })
  try {
    for await (const line of lines) {
      const url = /listens on (http:\S+)/.exec(line)?.[1]
      if (url !== undefined) return url
    }
  } finally {
    lines.close()
    // `close` pauses the stream, which the log still reads.
    child.stderr.resume()
  }
  throw new Error(`the server did not start; ${logPath} says why`)
}

async function untilReady(child: ChildProcess, url: string, startedMs: number): Promise<void> {
  while (performance.now() - startedMs < LONGEST_START_MS && child.exitCode === null) {
    const status = await fetch(`${url}/readyz`).then(
      reply => reply.status,
      () => 0,
    )
    if (status === 200) return
    await new Promise(resolve => setTimeout(resolve, ASK_EVERY_MS))
  }
  child.kill()
  throw new Error('the server was never ready')
}
