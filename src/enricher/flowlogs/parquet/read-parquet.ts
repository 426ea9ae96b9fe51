import { enricherErrors } from '../../errors.ts'
import { formatOf, isFlowField } from '../fields.ts'
import { type RejectedLine, rejected } from '../parse.ts'
import { RecordBatch } from '../record-batch.ts'
import { Assembler, formsOf, type Stretch } from './assemble.ts'
import { bytesBetween, type ParquetBytes } from './bytes.ts'
import { ColumnPages, type OpenBytes } from './column-pages.ts'
import { oversize, ParquetFault } from './faults.ts'
import { type ParquetFooter, type RowGroup, readFooter } from './footer.ts'
import { PARQUET_LIMITS, type ParquetLimits } from './limits.ts'
import type { Page, PageForm } from './page.ts'

export type ParquetOptions = {
  /** How errors call the input. */
  readonly name: string
  /** Records that a batch holds at most. */
  readonly batchRecords?: number
  /**
   * False where nobody will ask what other columns than those of attribution say: they are not read then, and all their
   * tokens are `-`.
   */
  readonly withTokens?: boolean
  readonly limits?: ParquetLimits
}

const BATCH_RECORDS = 8192

/**
 * Reads a flow log in Parquet, one row group after another and of each column one page at a time. Column names are the field
 * names with `_` for `-`; which type a column has is read from the file. A record's line is the number of its row, from 0 on.
 * One batch is filled again and again, as by `readBatches`. What cannot be read comes among `others` under `corrupt-parquet`,
 * `truncated-parquet`, `unsupported-parquet` or `oversize-parquet`, with the first row that it cost; pages and row groups
 * that can be read come all the same. Throws WHOHAD_FLOW_COLUMNS_MISSING before the first batch where no column is a flow log
 * field, and whatever the source throws.
 */
export async function* readParquet(source: ParquetBytes, options: ParquetOptions): AsyncGenerator<RecordBatch> {
  const limits = options.limits ?? PARQUET_LIMITS
  const batch = new RecordBatch(options.batchRecords ?? BATCH_RECORDS)
  const footer = await readFooter(source, limits).catch(asFaultOfFile)
  if (footer instanceof ParquetFault) {
    batch.others = [lost(0, footer, '')]
    yield batch
    return
  }
  const names = footer.columns.map(({ name }) => name.replaceAll('_', '-'))
  if (!names.some(isFlowField)) {
    throw enricherErrors.flowColumnsMissing({ name: options.name, columns: footer.columns.map(({ name }) => name) })
  }
  const format = formatOf(names)
  const forms = formsOf(format)
  const wanted = names.map(
    (_, i): PageForm | undefined => forms.get(i) ?? (options.withTokens === false ? undefined : 'any'),
  )
  const assembler = new Assembler(batch, format)
  let firstRow = 0
  for (const [index, group] of footer.rowGroups.entries()) {
    const where = `row group ${index}`
    const columns = await openColumns(source, footer, group, wanted, limits)
    if (columns instanceof ParquetFault) {
      batch.others.push(lost(firstRow, columns, `${where}, rows ${firstRow} to ${firstRow + group.rows - 1}`))
    } else {
      for (const step of readRows(columns, firstRow, group.rows, batch.capacity)) {
        if (step.kind === 'lost') batch.others.push(lost(step.fromRow, step.fault, whereLost(where, footer, step)))
        else assembler.append(step.stretch)
        if (step.isFull) {
          yield batch
          assembler.clear()
        }
      }
    }
    if (batch.count > 0 || batch.others.length > 0) {
      yield batch
      assembler.clear()
    }
    firstRow += group.rows
  }
}

/** A fault of the bytes; an error of the source itself is thrown, for a torn connection is not a torn file. */
function asFaultOfFile(error: unknown): ParquetFault {
  if (error instanceof ParquetFault) return error
  throw error
}

const lost = (row: number, { reason, message }: ParquetFault, where: string): RejectedLine =>
  rejected('', row, reason, where === '' ? message : `${where}: ${message}`)

const whereLost = (group: string, { columns }: ParquetFooter, { column, fromRow, untilRow }: LostRows): string =>
  `${group}, column ${columns[column]?.name}, rows ${fromRow} to ${untilRow - 1}`

async function openColumns(
  source: ParquetBytes,
  { columns }: ParquetFooter,
  { chunks, rows }: RowGroup,
  wanted: readonly (PageForm | undefined)[],
  limits: ParquetLimits,
): Promise<readonly (ColumnPages | undefined)[] | ParquetFault> {
  if (chunks instanceof ParquetFault) return chunks
  const open: OpenBytes = { left: limits.openBytes }
  const packedBytes = chunks.reduce((sum, { from, until }, i) => sum + (wanted[i] ? until - from : 0), 0)
  if (packedBytes > limits.rowGroupBytes) return oversize(`${packedBytes} bytes in one row group`)
  return Promise.all(
    columns.map(async (column, i) => {
      const chunk = chunks[i]
      const form = wanted[i]
      if (chunk === undefined || form === undefined) return undefined
      const bytes = await bytesBetween(source, chunk.from, chunk.until)
      return new ColumnPages(column, bytes, chunk.codec, rows, limits, open, form)
    }),
  )
}

/** Rows that a page cost which could not be read, or all rows up to the end of the group. */
type LostRows = {
  readonly kind: 'lost'
  readonly column: number
  readonly fromRow: number
  readonly untilRow: number
  readonly fault: ParquetFault
  readonly isFull: boolean
}
type ReadRows = { readonly kind: 'read'; readonly stretch: Stretch; readonly isFull: boolean }

/** The rows of a group in stretches within which no column changes its page. */
function* readRows(
  columns: readonly (ColumnPages | undefined)[],
  firstRow: number,
  rows: number,
  capacity: number,
): Generator<LostRows | ReadRows> {
  let row = 0
  /** Rows since the batch was empty. */
  let taken = 0
  while (row < rows) {
    let ahead = Math.min(rows - row, capacity - taken)
    for (const pages of columns) if (pages) ahead = Math.min(ahead, pages.rowsAhead())
    let isLost = false
    for (const [column, pages] of columns.entries()) {
      if (pages?.page.kind !== 'lost') continue
      isLost = true
      if (pages.place > 0) continue
      const untilRow = firstRow + Math.min(rows, row + pages.page.rows)
      yield { kind: 'lost', column, fromRow: firstRow + row, untilRow, fault: pages.page.fault, isFull: false }
      if (untilRow === firstRow + rows) ahead = rows - row
    }
    if (!isLost) {
      const stretch = {
        firstRow: firstRow + row,
        rows: ahead,
        pages: columns.map(pages => readablePage(pages)),
        places: columns.map(pages => pages?.place ?? 0),
      }
      taken += ahead
      yield { kind: 'read', stretch, isFull: taken === capacity }
      if (taken === capacity) taken = 0
    }
    row += ahead
    if (row < rows) for (const pages of columns) if (pages) pages.place += ahead
  }
  for (const pages of columns) pages?.close()
}

const readablePage = (pages: ColumnPages | undefined): Page | undefined =>
  pages === undefined || pages.page.kind === 'lost' ? undefined : pages.page
