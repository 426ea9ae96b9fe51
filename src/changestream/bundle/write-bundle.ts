import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { OwnershipIndex } from '../../ownership/ownership-index.ts'
import type { Millis } from '../../ownership/window.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { replaceFile, syncFolder } from '../embedded/durable.ts'
import { type Cell, type TableColumn, TableWriter } from '../parquet/table-writer.ts'
import { CLAIM_COLUMNS, rowsOfClaim } from './claim-rows.ts'
import { bundleErrors } from './errors.ts'
import { type BundleManifest, FORMAT, fileOf, MANIFEST, type TableAccount, type TableName } from './layout.ts'
import { COVERAGE_COLUMNS, HORIZON_COLUMNS, rowOfSource, rowsOfCoverage, SOURCE_COLUMNS } from './source-rows.ts'

export type BundleOptions = {
  readonly madeAtMs: Millis
  readonly signal: AbortSignal
  readonly onClaims?: (claims: number) => void
}

const CLAIMS_OF_A_REPORT = 10_000

/**
 * Writes all that an index answers from into a folder of Parquet files, which appears once it is whole. Beyond the index, memory
 * is one row group. Nothing may be applied to the index meanwhile. Undefined, and no folder, where the signal came first.
 * @throws WHOHAD_BUNDLE_EXISTS, WHOHAD_BUNDLE_NOT_WRITTEN
 */
export async function writeBundle(
  index: OwnershipIndex,
  folder: string,
  { madeAtMs, signal, onClaims }: BundleOptions,
): Promise<BundleManifest | undefined> {
  if (existsSync(folder)) throw bundleErrors.exists({ folder })
  const aside = `${resolve(folder)}.part`
  const { histories, horizons } = index.watched()
  let claims = 0
  const claimRows = function* () {
    for (const claim of index.claims()) {
      if (signal.aborted) return
      yield* rowsOfClaim(claim)
      if (++claims % CLAIMS_OF_A_REPORT === 0) onClaims?.(claims)
    }
  }
  try {
    await rm(aside, { recursive: true, force: true })
    await mkdir(aside, { recursive: true })
    const write = (table: TableName, columns: readonly TableColumn[], rows: Iterable<readonly Cell[]>) =>
      writeTable(join(aside, fileOf(table)), columns, rows)
    const tables = {
      claims: await write('claims', CLAIM_COLUMNS, claimRows()),
      sources: await write('sources', SOURCE_COLUMNS, histories.map(rowOfSource)),
      coverage: await write('coverage', COVERAGE_COLUMNS, flatMap(histories, rowsOfCoverage)),
      horizons: await write('horizons', HORIZON_COLUMNS, horizons),
    }
    if (signal.aborted) {
      await rm(aside, { recursive: true, force: true })
      return undefined
    }
    const manifest: BundleManifest = { format: FORMAT, madeAt: new Date(madeAtMs).toISOString(), claims, tables }
    await replaceFile(aside, MANIFEST, `${JSON.stringify(manifest, null, 2)}\n`)
    await rename(aside, folder)
    await syncFolder(dirname(resolve(folder)))
    return manifest
  } catch (error) {
    await rm(aside, { recursive: true, force: true }).catch(() => {}) // the cause matters more
    throw bundleErrors.notWritten({ folder, reason: reasonOf(error) }, error)
  }
}

function* flatMap<T, U>(items: Iterable<T>, each: (item: T) => Iterable<U>): Generator<U> {
  for (const item of items) yield* each(item)
}

async function writeTable(
  path: string,
  columns: readonly TableColumn[],
  rows: Iterable<readonly Cell[]>,
): Promise<TableAccount> {
  const hash = createHash('sha256')
  let bytes = 0
  const table = new TableWriter({ columns })
  const handle = await open(path, 'wx')
  const put = async (piece: Uint8Array) => {
    hash.update(piece)
    bytes += piece.length
    await handle.writeFile(piece)
  }
  try {
    for (const row of rows) {
      const piece = table.put(row)
      if (piece) await put(piece)
    }
    await put(table.finish())
    await handle.sync()
  } finally {
    await handle.close()
  }
  return { rows: table.rows, bytes, sha256: hash.digest('hex') }
}
