import { pino } from 'pino'

const STDERR = 2
/** Lines that can wait go out when there are so many bytes of them, or after this time, or before any line that cannot. */
const MOST_WAITING_BYTES = 8 * 1024
const LONGEST_WAIT_MS = 250

type Lines = { write(line: string): void }

/**
 * Where log lines go: in order, each whole. Those of the audit log come with every request, and a system call for each would cost
 * as much as a look-up; a process that is ended by force loses a quarter of a second of them, one that stops none.
 */
export function logLines(fd = STDERR): { readonly atOnce: Lines; readonly soon: Lines } {
  const out = pino.destination({ dest: fd, sync: true, minLength: MOST_WAITING_BYTES })
  let waiting: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(waiting)
    waiting = undefined
    process.off('exit', flush)
    out.flushSync()
  }
  return {
    atOnce: {
      write(line) {
        out.write(line)
        flush()
      },
    },
    soon: {
      write(line) {
        out.write(line)
        if (waiting !== undefined) return
        waiting = setTimeout(flush, LONGEST_WAIT_MS).unref()
        process.once('exit', flush)
      },
    },
  }
}
