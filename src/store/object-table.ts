import type { FlowObject, StoredDeadLetter } from './port.ts'
import type { Column } from './tab-separated.ts'

export const OBJECT_COLUMNS: readonly Column<FlowObject>[] = [
  ['object_id', object => object.objectId],
  ['bucket', object => object.bucket],
  ['key', object => object.key],
  ['etag', object => object.etag],
  ['generation', object => object.generation],
  ['state', object => object.state],
  ['position', object => JSON.stringify(object.position)],
  ['records', object => object.records],
  ['skipped', object => object.skipped],
  ['dead_letters', object => object.deadLetters],
  ['open_records', object => object.openRecords],
  ['newest_end_ms', object => (Number.isFinite(object.newestEndMs) ? object.newestEndMs : null)],
  ['updated_at_ms', object => object.updatedAtMs],
]

/** A row as JSONEachRow shows it; 64-bit integers are decimal strings. */
export type ObjectRow = {
  readonly object_id: string
  readonly bucket: string
  readonly key: string
  readonly etag: string
  readonly generation: string
  readonly state: 'started' | 'committed'
  readonly position: string
  readonly records: string
  readonly skipped: string
  readonly dead_letters: string
  readonly open_records: string
  readonly newest_end_ms: string | null
  readonly updated_at_ms: string
}

export const objectOf = (row: ObjectRow): FlowObject => ({
  objectId: row.object_id,
  bucket: row.bucket,
  key: row.key,
  etag: row.etag,
  generation: Number(row.generation),
  state: row.state,
  position: JSON.parse(row.position) as readonly number[],
  records: Number(row.records),
  skipped: Number(row.skipped),
  deadLetters: Number(row.dead_letters),
  openRecords: Number(row.open_records),
  newestEndMs: row.newest_end_ms === null ? Number.NEGATIVE_INFINITY : Number(row.newest_end_ms),
  updatedAtMs: Number(row.updated_at_ms),
})

export const DEAD_LETTER_COLUMNS: readonly Column<StoredDeadLetter>[] = [
  ['origin', letter => letter.origin],
  ['place', letter => letter.place],
  ['reason', letter => letter.reason],
  ['sample', letter => letter.sample],
  ['at_ms', letter => letter.atMs],
]
