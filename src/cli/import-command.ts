import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ChangeLog } from '../changestream/port.ts'
import { transferErrors } from '../changestream/transfer/errors.ts'
import { type Export, importInto, readExport } from '../changestream/transfer/import.ts'
import { systemClock } from '../runtime/clock.ts'
import { reasonOf } from '../runtime/errors.ts'
import { whereabouts } from './change-stream.ts'
import { EXIT } from './exit-codes.ts'
import { openLog } from './pipeline.ts'
import type { Settings } from './settings.ts'
import { createTelemetry } from './telemetry.ts'
import { say } from './terminal.ts'
import { transferBar } from './transfer-bar.ts'
import { recordsInWords } from './transfer-words.ts'
import { VERSION } from './version.ts'

export type ImportOptions = {
  /** Also where records are already. */
  readonly append: boolean
  readonly signal: AbortSignal
}

/**
 * Appends an export ("-" is standard input) to the configured change stream, in its order. Exit code 0, or 5 where something of
 * it was not taken.
 * @throws WHOHAD_EXPORT_UNREADABLE, WHOHAD_IMPORT_TARGET_NOT_EMPTY
 */
export async function importChanges(file: string, settings: Settings, options: ImportOptions): Promise<number> {
  const input = await openInput(file)
  // Read before the target is opened, which may make it.
  const exported = await readExport(input.name, input.chunks())
  const { telemetry, refused } = watchedTelemetry()
  const log = await openLog(settings, systemClock, telemetry)
  try {
    await refuseUnlessEmpty(log, settings, options.append)
    return await run(log, exported, input, refused, options.signal)
  } finally {
    await log.close()
  }
}

async function run(
  log: ChangeLog,
  exported: Export,
  input: Input,
  refused: () => number,
  signal: AbortSignal,
): Promise<number> {
  const bar = transferBar('Importing', systemClock)
  const onAppended = (records: number) => bar.took(records, input.read(), input.bytes)
  const { counts, unreadable, short } = await importInto(log, exported, { signal, onAppended }).finally(bar.end)
  say(`Imported ${recordsInWords(counts, bar.seconds())}.`)
  if (refused() > 0) say(`${refused()} claims among them were not taken: the target has let go of their time.`)
  if (unreadable > 0) say(`${unreadable} records of ${input.name} could not be read, and were passed over.`)
  if (short) say(`This is not all of ${input.name}: ${short}. Importing all of it again does no harm (--append).`)
  return refused() + unreadable > 0 || short ? EXIT.partial : EXIT.done
}

async function refuseUnlessEmpty(log: ChangeLog, settings: Settings, append: boolean): Promise<void> {
  const records = (await log.end()).reduce((sum, offset) => sum + offset, 0)
  if (records > 0 && !append) throw transferErrors.importTargetNotEmpty({ target: whereabouts(settings), records })
}

/** The log's own report, which also counts claims that it does not take. */
function watchedTelemetry() {
  const telemetry = createTelemetry({ level: 'error', version: VERSION })
  let claims = 0
  const report = {
    ...telemetry.report,
    oldClaimsRefused(d: { readonly source: string; readonly claims: number }) {
      claims += d.claims
      telemetry.report.oldClaimsRefused(d)
    },
  }
  return { telemetry: { ...telemetry, report }, refused: () => claims }
}

type Input = {
  /** For sentences. */
  readonly name: string
  /** Undefined where nobody knows. */
  readonly bytes: number | undefined
  read(): number
  chunks(): AsyncIterable<Uint8Array>
}

async function openInput(file: string): Promise<Input> {
  const isStandard = file === '-'
  const name = isStandard ? 'the standard input' : file
  const found = isStandard ? undefined : await sizeOf(file)
  let read = 0
  return {
    name,
    bytes: found,
    read: () => read,
    async *chunks() {
      for await (const chunk of isStandard ? process.stdin : createReadStream(file, { highWaterMark: 1 << 18 })) {
        read += chunk.length
        yield chunk
      }
    },
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  const reason = (why: string, cause?: unknown) => transferErrors.exportUnreadable({ file, reason: why }, cause)
  const found = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    throw reason(cause.code === 'ENOENT' ? 'there is no such file' : reasonOf(cause), cause)
  })
  if (found.isDirectory()) throw reason('it is a folder')
  return found.isFile() ? found.size : undefined
}
