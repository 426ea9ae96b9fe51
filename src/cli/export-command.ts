import type { LoggedChange } from '../changestream/port.ts'
import { StreamState } from '../changestream/state-export.ts'
import { ExportWriter } from '../changestream/transfer/export-writer.ts'
import { noRecords, sumOf } from '../changestream/transfer/import.ts'
import { systemClock } from '../runtime/clock.ts'
import { openStream, type ReadableStream, sayMissing, unreadableRecords } from './change-stream.ts'
import { cliErrors } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import { openSink, type Sink } from './export-sink.ts'
import type { Settings } from './settings.ts'
import { inUnits } from './states-table.ts'
import { isTerminal, say } from './terminal.ts'
import { transferBar } from './transfer-bar.ts'
import { recordsInWords } from './transfer-words.ts'

export type ExportOptions = {
  /** A file, or "-" for standard output. */
  readonly out: string
  /** What the stream comes to, as NDJSON, instead of all of its records. */
  readonly state: boolean
  readonly signal: AbortSignal
}

/** What an export is made of: each record in its order, then the end. */
type Form = { take(logged: LoggedChange): Uint8Array | undefined; end(): Iterable<Uint8Array> }

/**
 * Writes the change stream up to its present end into an Avro object container file, or its state as NDJSON. Exit code 0, or
 * 5 where something of the stream is not in it.
 * @throws WHOHAD_EXPORT_FILE_EXISTS, WHOHAD_EXPORT_NOT_WRITTEN
 */
export async function exportChanges(settings: Settings, options: ExportOptions): Promise<number> {
  const { out, state, signal } = options
  if (out === '-' && !state && isTerminal()) {
    throw cliErrors.usage({
      message: 'An export is binary, and would garble the terminal: name a file with --out, or use a pipe.',
    })
  }
  const stream = await openStream(settings)
  try {
    const sink = await openSink(out)
    try {
      const isWhole = await write(stream, state ? stateForm() : avroForm(), sink, signal)
      if (signal.aborted) {
        await sink.discard()
        say('Stopped: nothing was exported.')
        return EXIT.failure
      }
      await sink.keep()
      return isWhole ? EXIT.done : EXIT.partial
    } catch (error) {
      await sink.discard()
      throw error
    }
  } finally {
    await stream.close()
  }
}

async function write(stream: ReadableStream, form: Form, sink: Sink, signal: AbortSignal): Promise<boolean> {
  const unreadable = unreadableRecords()
  const first = stream.missing?.before ?? []
  const all = total(await stream.end(), first)
  const place: number[] = [...first]
  const counts = noRecords()
  const bar = transferBar('Exporting', systemClock)
  try {
    for await (const batch of stream.read({ follow: false, signal, onDeadLetter: unreadable.take })) {
      for (const logged of batch) {
        const bytes = form.take(logged)
        if (bytes) await sink.write(bytes)
        counts[logged.change.record]++
        place[logged.partition] = logged.offset + 1
      }
      bar.took(sumOf(counts), total(place, first), all)
    }
    if (signal.aborted) return false
    for (const bytes of form.end()) await sink.write(bytes)
  } finally {
    bar.end()
  }
  say(`Exported ${recordsInWords(counts, bar.seconds())}; ${inUnits(sink.bytes())}.`)
  unreadable.sayAll()
  const isShort = sayMissing(stream)
  if (isShort) {
    say('Do not start another whohad from this export alone: it would take what it never heard of for nobody’s.')
  }
  return unreadable.count === 0 && !isShort
}

const total = (position: readonly number[], first: readonly number[]): number =>
  position.reduce((sum, offset = 0, partition) => sum + Math.max(0, offset - (first[partition] ?? 0)), 0)

function avroForm(): Form {
  const writer = new ExportWriter()
  let begun = false
  /** The header goes before the first block, and alone where there is none. */
  const begin = function* (block: Uint8Array | undefined) {
    if (!begun) yield writer.header
    begun = true
    if (block) yield block
  }
  return {
    take(logged) {
      const block = writer.take(logged)
      return block && Buffer.concat([...begin(block)])
    },
    end: () => begin(writer.end()),
  }
}

function stateForm(): Form {
  const state = new StreamState()
  return {
    take({ change }) {
      state.take(change)
      return undefined
    },
    *end() {
      for (const line of state.lines()) yield Buffer.from(`${line}\n`)
    },
  }
}
