import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

/** Raised whenever a table changes its meaning: a bundle of another format is refused. */
export const FORMAT = 1

/** What describes the bundle, and is written last. */
export const MANIFEST = 'bundle.json'

export const TABLES = ['claims', 'sources', 'coverage', 'horizons'] as const
export type TableName = (typeof TABLES)[number]

export const fileOf = (table: TableName): string => `${table}.parquet`

export type TableAccount = { readonly rows: number; readonly bytes: number; readonly sha256: string }

export type BundleManifest = {
  readonly format: number
  /** ISO 8601. */
  readonly madeAt: string
  readonly claims: number
  readonly tables: Readonly<Record<TableName, TableAccount>>
}

const CHUNK_BYTES = 1024 * 1024

/** Hexadecimal SHA-256 of a file, a piece at a time. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  const handle = await open(path, 'r')
  try {
    for await (const chunk of handle.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false }))
      hash.update(chunk)
  } finally {
    await handle.close()
  }
  return hash.digest('hex')
}
