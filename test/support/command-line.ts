import { vi } from 'vitest'
import { run } from '../../src/cli/main.ts'

export type Told = { readonly code: number; readonly stdout: string; readonly stderr: string }

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Runs the command line in this process, as bin/whohad.cjs does in one of its own. One at a time: there is one stdout. */
export async function runHere(
  args: readonly string[],
  {
    env = {},
    isTerminal = false,
  }: { readonly env?: Readonly<Record<string, string>>; readonly isTerminal?: boolean } = {},
): Promise<Told> {
  for (const name of Object.keys(process.env)) if (name.startsWith('WHOHAD_')) vi.stubEnv(name, undefined)
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const [stdout, stderr] = [listenTo(process.stdout), listenTo(process.stderr)]
  const tty = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY')
  Object.defineProperty(process.stdout, 'isTTY', { value: isTerminal, configurable: true })
  const before = process.exitCode
  const heard = SIGNALS.map(signal => process.listeners(signal))
  process.exitCode = 0
  try {
    await run(['node', 'whohad', ...args])
    return { code: Number(process.exitCode), stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    process.exitCode = before
    if (tty) Object.defineProperty(process.stdout, 'isTTY', tty)
    else Reflect.deleteProperty(process.stdout, 'isTTY')
    for (const stream of [stdout, stderr]) stream.end()
    // A command waits for its end by a signal; this process has others who do.
    for (const [i, signal] of SIGNALS.entries()) {
      for (const one of process.listeners(signal)) if (!heard[i]?.includes(one)) process.off(signal, one)
    }
    vi.unstubAllEnvs()
  }
}

function listenTo(stream: NodeJS.WriteStream) {
  const pieces: Buffer[] = []
  const spy = vi.spyOn(stream, 'write').mockImplementation(piece => {
    pieces.push(Buffer.from(piece as string | Uint8Array))
    return true
  })
  return { text: () => Buffer.concat(pieces).toString(), end: () => spy.mockRestore() }
}
