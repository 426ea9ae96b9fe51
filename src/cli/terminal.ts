import { EXIT } from './exit-codes.ts'

/** Talk goes to stderr, data to stdout: a pipe gets data alone. */
export const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

export const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** Writes data with back-pressure, so that a slow reader does not fill the memory. */
export async function printSlowly(text: string | Uint8Array): Promise<void> {
  if (process.stdout.write(text)) return
  await new Promise<void>(resolve => process.stdout.once('drain', resolve))
}

/** A reader that has seen enough (`| head`) ends us in peace; where output cannot be written otherwise, that is said. */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(EXIT.done)
      if (stream === process.stdout) say(`Cannot write the output: ${error.message}`)
      process.exit(EXIT.failure)
    })
  }
}

export const isTerminal = (): boolean => process.stdout.isTTY === true

/** A bar on stderr, redrawn in place; nothing where stderr is no terminal. */
export function progressBar(label: string): { show(done: number, all: number, note: string): void; end(): void } {
  const width = 28
  const live = process.stderr.isTTY === true
  return {
    show(done, all, note) {
      if (!live) return
      const filled = Math.round((width * done) / Math.max(1, all))
      process.stderr.write(`\r\x1b[K${label} [${'█'.repeat(filled)}${'░'.repeat(width - filled)}] ${note}`)
    },
    end() {
      if (live) process.stderr.write('\r\x1b[K')
    },
  }
}
