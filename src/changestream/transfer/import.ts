import type { Change } from '../../ownership/claim.ts'
import { reasonOf } from '../../runtime/errors.ts'
import type { ChangeLog } from '../port.ts'
import { RECORDS } from '../schemas.ts'
import { transferErrors } from './errors.ts'
import { openExport } from './export-reader.ts'
import type { ExportedBlock } from './exported-block.ts'

export type RecordCounts = Record<Change['record'], number>

export type Imported = {
  readonly counts: RecordCounts
  readonly unreadable: number
  /** Why this is not all of what was exported; undefined where it is. */
  readonly short: string | undefined
}

export type Export = {
  /** For sentences. */
  readonly file: string
  readonly blocks: AsyncIterable<ExportedBlock>
}

export const noRecords = (): RecordCounts => ({ claim: 0, progress: 0, source: 0, horizon: 0 })

export const sumOf = (counts: RecordCounts): number => RECORDS.reduce((sum, record) => sum + counts[record], 0)

/** @throws WHOHAD_EXPORT_UNREADABLE where it does not begin like an export. */
export async function readExport(file: string, chunks: AsyncIterable<Uint8Array>): Promise<Export> {
  try {
    return { file, blocks: await openExport(chunks) }
  } catch (cause) {
    throw transferErrors.exportUnreadable({ file, reason: reasonOf(cause) }, cause)
  }
}

/** Appends grow to as many records: each is one wait for the disk or the brokers. */
const APPEND_RECORDS = 2_000

/**
 * Appends an export's records in their order. Where it ends early, by damage or by the signal, what came before stays
 * appended; to do it all again is harmless.
 * @throws WHOHAD_EXPORT_UNREADABLE where damage leaves nothing to append, and whatever `append` throws.
 */
export async function importInto(
  log: Pick<ChangeLog, 'append'>,
  { file, blocks }: Export,
  options: { readonly signal: AbortSignal; readonly onAppended?: (records: number) => void },
): Promise<Imported> {
  const counts = noRecords()
  let unreadable = 0
  let total: number | null = null
  let damage: string | undefined
  let waiting: Change[] = []
  const append = async () => {
    if (waiting.length === 0) return
    await log.append(waiting)
    for (const { record } of waiting) counts[record]++
    waiting = []
    options.onAppended?.(sumOf(counts))
  }
  const onDamage = (reason: string) => {
    damage = reason
  }
  for await (const block of upToDamage(blocks, onDamage)) {
    waiting.push(...block.changes)
    unreadable += block.unreadable.length
    total = block.total
    if (waiting.length >= APPEND_RECORDS) await append()
    if (options.signal.aborted) break
  }
  await append()
  const found = sumOf(counts) + unreadable
  if (damage !== undefined && found === 0) throw transferErrors.exportUnreadable({ file, reason: damage })
  return { counts, unreadable, short: damage ?? shortness(options.signal, total, found) }
}

/** Only what reading meets is damage; the caller's own errors are not caught here. */
async function* upToDamage(
  blocks: AsyncIterable<ExportedBlock>,
  onDamage: (reason: string) => void,
): AsyncGenerator<ExportedBlock> {
  const iterator = blocks[Symbol.asyncIterator]()
  for (;;) {
    let next: IteratorResult<ExportedBlock>
    try {
      next = await iterator.next()
    } catch (error) {
      return onDamage(reasonOf(error))
    }
    if (next.done) return
    yield next.value
  }
}

function shortness(signal: AbortSignal, total: number | null, found: number): string | undefined {
  if (signal.aborted) return 'it was called off'
  if (found === 0) return 'it has no record: it was cut short, or the stream was empty'
  if (total === null) return 'it has no last record: it was cut short'
  return total === found ? undefined : `it says that it has ${total} records, and has ${found}`
}
