import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { createOwnershipIndex, type OwnershipIndex } from '../../ownership/ownership-index.ts'
import { reasonOf, WhohadError } from '../../runtime/errors.ts'
import type { Row } from './cells.ts'
import { claimOfRows } from './claim-rows.ts'
import { bundleErrors } from './errors.ts'
import { type BundleManifest, FORMAT, fileOf, hashOfFile, MANIFEST, TABLES, type TableName } from './layout.ts'
import { changesOfSource, horizonOf, progressOfCoverage } from './source-rows.ts'

/**
 * An index that answers as the one did which the bundle was made of. Reads one row group at a time, after it found every file
 * whole by its hash.
 * @throws WHOHAD_BUNDLE_MISSING, WHOHAD_BUNDLE_OTHER_VERSION, WHOHAD_BUNDLE_DAMAGED
 */
export async function readBundle(folder: string, onClaims?: (claims: number) => void): Promise<OwnershipIndex> {
  const manifest = await readManifest(folder)
  try {
    for (const table of TABLES) await checkTable(folder, table, manifest)
    return await indexOf(folder, onClaims)
  } catch (error) {
    if (error instanceof WhohadError) throw error
    throw bundleErrors.damaged({ folder, reason: reasonOf(error) }, error)
  }
}

/** What a bundle says of itself. @throws WHOHAD_BUNDLE_MISSING, WHOHAD_BUNDLE_OTHER_VERSION */
export async function readManifest(folder: string): Promise<BundleManifest> {
  let manifest: unknown
  try {
    manifest = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8'))
  } catch (error) {
    throw bundleErrors.missing({ folder, reason: reasonOf(error) }, error)
  }
  const format = typeof manifest === 'object' && manifest !== null && 'format' in manifest ? manifest.format : undefined
  if (format !== FORMAT) throw bundleErrors.otherVersion({ folder, format, ours: FORMAT })
  return manifest as BundleManifest // its tables are compared with their hashes before anything is made of them
}

async function checkTable(folder: string, table: TableName, { tables }: BundleManifest): Promise<void> {
  const file = fileOf(table)
  if ((await hashOfFile(join(folder, file))) !== tables[table]?.sha256) {
    throw bundleErrors.damaged({ folder, reason: `${file} is not what ${MANIFEST} says` })
  }
}

async function indexOf(folder: string, onClaims?: (claims: number) => void): Promise<OwnershipIndex> {
  const index = createOwnershipIndex()
  for await (const row of rowsOf(folder, 'sources')) {
    for (const change of changesOfSource(row)) index.apply(change)
  }
  for await (const row of rowsOf(folder, 'coverage')) index.apply(progressOfCoverage(row))
  let claims = 0
  for await (const rows of ownersTogether(rowsOf(folder, 'claims'))) {
    index.apply(claimOfRows(rows))
    if (index.needsCompaction(true)) index.compact()
    if (++claims % CLAIMS_OF_A_REPORT === 0) onClaims?.(claims)
  }
  // Not before the claims: what ended below it would not be taken.
  for await (const row of rowsOf(folder, 'horizons')) index.apply(horizonOf(row))
  return index
}

const CLAIMS_OF_A_REPORT = 10_000

async function* ownersTogether(rows: AsyncIterable<Row>): AsyncGenerator<readonly Row[]> {
  let held: Row[] = []
  for await (const row of rows) {
    if (held[0] !== undefined && held[0]['claim_id'] !== row['claim_id']) {
      yield held
      held = []
    }
    held.push(row)
  }
  if (held.length > 0) yield held
}

/** The rows of a table, one row group in memory. */
async function* rowsOf(folder: string, table: TableName): AsyncGenerator<Row> {
  const file = await asyncBufferFromFile(join(folder, fileOf(table)))
  const metadata = await parquetMetadataAsync(file)
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    yield* await parquetReadObjects({ file, metadata, rowStart, rowEnd })
    rowStart = rowEnd
  }
}
