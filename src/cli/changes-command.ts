import { parseTime } from '../api/time.ts'
import { Fence } from '../changestream/fence.ts'
import { systemClock } from '../runtime/clock.ts'
import { ChangeFilter } from './change-filter.ts'
import { ChangeLines, changeJson } from './change-lines.ts'
import { openStream, sayMissing, unreadableRecords } from './change-stream.ts'
import { ChangeWords } from './change-words.ts'
import { EXIT } from './exit-codes.ts'
import type { Server } from './server.ts'
import { serverStream } from './server-stream.ts'
import type { Settings } from './settings.ts'
import { isTerminal, printSlowly } from './terminal.ts'

export type ChangesOptions = {
  readonly follow?: boolean
  readonly since?: string | undefined
  readonly domain?: string | undefined
  readonly source?: string | undefined
  readonly json?: boolean
  /** Whose stream it is; the configured one where it is left out. */
  readonly server?: Server | undefined
  readonly signal: AbortSignal
}

/**
 * Prints the change stream, also beside a whohad that writes it: a table on a terminal, one JSON object a line elsewhere.
 * Exit code 0, or 5 where a record could not be read, the beginning is gone, or printing was called off before the end.
 */
export async function changes(settings: Settings, options: ChangesOptions): Promise<number> {
  const { follow = false, since, domain, source, server, signal } = options
  const sinceMs = since === undefined ? undefined : parseTime(since, systemClock.now())
  const stream = server ? serverStream(server, source) : await openStream(settings)
  const unreadable = unreadableRecords()
  const printer = isTerminal() && !options.json ? tableOf() : ndjson
  const filter = new ChangeFilter({ sinceMs, domain, source })
  const fence = new Fence()
  let isShort = false
  try {
    isShort = sayMissing(stream)
    await printSlowly(printer.head)
    for await (const batch of stream.read({ follow, signal, onDeadLetter: unreadable.take })) {
      let text = ''
      for (const logged of batch) {
        const fencedBy = fence.fencedBy(logged.change)
        const isWanted = filter.wants(logged)
        // What came before the wanted time is what the rest is compared with.
        if (isWanted || filter.isAbout(logged.change)) text += printer.line(logged, fencedBy, isWanted)
      }
      if (text !== '') await printSlowly(text)
    }
  } finally {
    await stream.close()
  }
  unreadable.sayAll()
  return unreadable.count > 0 || isShort || (signal.aborted && !follow) ? EXIT.partial : EXIT.done
}

type Logged = Parameters<typeof changeJson>[0]
type Printer = {
  readonly head: string
  /** Empty where the record is only there for what comes later. */
  line(logged: Logged, fencedBy: number | undefined, isWanted: boolean): string
}

const ndjson: Printer = {
  head: '',
  line: (logged, fencedBy, isWanted) => (isWanted ? `${changeJson(logged, fencedBy)}\n` : ''),
}

function tableOf(): Printer {
  const lines = new ChangeLines()
  const words = new ChangeWords()
  return {
    head: `${lines.head()}\n`,
    line(logged, fencedBy, isWanted) {
      const happened = words.of(logged.change, fencedBy)
      return isWanted ? `${lines.line(logged, happened, fencedBy)}\n` : ''
    },
  }
}
