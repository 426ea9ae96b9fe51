import avro, { type Schema } from 'avsc'
import type { Change } from '../../ownership/claim.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { blockEndOf } from '../embedded/block-end.ts'
import { LongReader } from '../embedded/varint.ts'
import { fingerprintOf } from '../fingerprint.ts'
import { readClaimAt } from '../payload-decoder.ts'
import { payloadWalk } from '../payload-walk.ts'
import { RECORDS, recordTypes } from '../schemas.ts'
import { fromWire } from '../wire.ts'
import { resolvedReading } from '../wire-types.ts'
import { exportedChangeSchema } from './exported-schema.ts'

/** What is read of an export at once. */
export type ExportedBlock = {
  readonly changes: readonly Change[]
  /** Records that are there and cannot be read, each with the reason. */
  readonly unreadable: readonly string[]
  /** How many records the whole export has; only its last block says so. */
  readonly total: number | null
}

/** The records in the unpacked data of a block. @throws Error where it is damaged. */
export type ReadBlock = (data: Buffer, count: number) => ExportedBlock

const ours = fingerprintOf(avro.Type.forSchema(exportedChangeSchema))

/** @throws Error where records of this schema cannot be read as exported ones. */
export function blockReaderOf(written: Schema): ReadBlock {
  const type = avro.Type.forSchema(written)
  if (type.name !== 'whohad.changes.LoggedChange') throw new Error(`it holds ${type.name ?? 'values without a name'}`)
  const isOurs = fingerprintOf(type) === ours
  const byAvsc = avscReader(written)
  const readAt = isOurs ? claimsFirst(byAvsc) : byAvsc
  return (data, count) => {
    if (isOurs && !blockEndOf(data).isRight) throw new Error('a block with another checksum than it was written with')
    const changes: Change[] = []
    const unreadable: string[] = []
    let total: number | null = null
    let at = 0
    for (let i = 0; i < count; i++) {
      const read = readAt(data, at)
      if ('change' in read) changes.push(read.change)
      else unreadable.push(read.unreadable)
      total = read.total ?? total
      at = read.next
    }
    if (at !== data.length) throw new Error('a block with another number of records than it was written with')
    return { changes, unreadable, total }
  }
}

type Read = { readonly total: number | null; readonly next: number } & (
  | { readonly change: Change }
  | { readonly unreadable: string }
)
/** @throws RangeError where it cannot even be told where the record ends. */
type ReadAt = (data: Buffer, position: number) => Read

const CLAIM_BRANCH = RECORDS.indexOf('claim')

/** Claims of the current schema, which are all but all there is, without avsc. */
function claimsFirst(byAvsc: ReadAt): ReadAt {
  const longs = new LongReader()
  return (data, position) => {
    longs.readAt(data, position) // partition
    longs.readAt(data, longs.end) // offset
    longs.readAt(data, longs.end) // time
    const branch = longs.readAt(data, longs.end)
    const read = branch === CLAIM_BRANCH ? readClaimAt(data, longs.end) : undefined
    // The first and the last record of the file are not worth an exception each.
    const isInMidst = read && data[read.end] === 0 && data[read.end + 1] === 0
    return isInMidst ? { change: read.claim, total: null, next: read.end + 2 } : byAvsc(data, position)
  }
}

const recordOfBranch = new Map(RECORDS.map(record => [recordTypes[record].name ?? record, record]))

type ExportedWire = { readonly change: Readonly<Record<string, unknown>>; readonly total: number | null }

function avscReader(written: Schema): ReadAt {
  const walk = payloadWalk(avro.Type.forSchema(written))
  const resolved = resolvedReading(exportedChangeSchema, written)
  return (data, position) => {
    const next = walk(data, position)
    try {
      const { change, total } = resolved(data.subarray(position, next)) as ExportedWire
      const [branch, value] = Object.entries(change)[0] ?? ['', undefined]
      const record = recordOfBranch.get(branch)
      if (record === undefined) return { unreadable: `a record of the unknown kind "${branch}"`, total, next }
      return { change: fromWire(record, value), total, next }
    } catch (error) {
      return { unreadable: reasonOf(error), total: null, next }
    }
  }
}
