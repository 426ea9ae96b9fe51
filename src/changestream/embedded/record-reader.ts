import avro, { type Schema, type Type } from 'avsc'
import type { Change } from '../../ownership/claim.ts'
import { Recent } from '../../ownership/ledger/recent.ts'
import type { Millis } from '../../ownership/window.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { type EncodedChange, encodedChange } from '../encoded-change.ts'
import { fingerprintOf } from '../fingerprint.ts'
import { readClaimAt } from '../payload-decoder.ts'
import { payloadWalk } from '../payload-walk.ts'
import { carriedChangeSchema, loggedChangeSchema, RECORDS, recordTypes } from '../schemas.ts'
import { fromWire } from '../wire.ts'
import { resolvedReading } from '../wire-types.ts'
import { BLOCK_END_BYTES } from './block-end.ts'
import { PARTITION } from './partition.ts'
import { LongReader } from './varint.ts'

/** A record of a block, readable or not, at its place in the stream. */
export type ReadRecord =
  | EncodedChange
  | { readonly offset: number; readonly change: Change; readonly loggedAtMs: Millis }
  | { readonly offset: number; readonly unreadable: string; readonly payload: Uint8Array }

/** Reads the records of one container file. */
export type RecordReader = {
  /** False for a segment that another version wrote: it can be read, but not be appended to, and its blocks have no checksums. */
  readonly isOurs: boolean
  /**
   * `firstOffset` is that of the block; carried records bring their own. One for each of `count`, in order.
   * @param encoded Claims may be left as they lie there (`ReadOptions.encoded`).
   */
  read(data: Buffer, count: number, firstOffset: number, encoded?: boolean): readonly ReadRecord[]
  /** When the first record of a block was logged: all of a block are logged at once, unless they are carried. */
  loggedAtMs(data: Buffer): Millis
}

const ours = new Set(
  [loggedChangeSchema, carriedChangeSchema].map(schema => fingerprintOf(avro.Type.forSchema(schema))),
)
const recordOfBranch = new Map(RECORDS.map(record => [recordTypes[record].name ?? record, record]))
const CLAIM_BRANCH = RECORDS.indexOf('claim')
const BEHIND = 'behind an unreadable record of its block'

/** A record, and where the next one begins. */
type Step = { readonly record: ReadRecord; readonly next: number }
/** Reads the record that begins at a position. @throws RangeError where it cannot even be told where it ends. */
type ReadAt = (data: Buffer, position: number, offset: number) => Step

/** A log has many segments and few schemas; making the types of one takes longer than reading a small segment. */
const readers = new Recent<string, RecordReader>(8)

/** What reads records of a schema, given as its text. @throws Error where that is no schema of ours. */
export function readerOf(schema: string): RecordReader {
  const known = readers.get(schema)
  if (known) return known
  const made = newReader(JSON.parse(schema) as Schema)
  readers.set(schema, made)
  return made
}

/** Keeps nothing from one call to the next. */
function newReader(written: Schema): RecordReader {
  const type = avro.Type.forSchema(written)
  const isOurs = ours.has(fingerprintOf(type))
  const isCarried = type.name === 'whohad.changes.CarriedChange'
  const byAvsc = avscReader(type, written, isCarried ? carriedChangeSchema : loggedChangeSchema)
  const readAt = isOurs ? claimsFirst(isCarried, byAvsc) : byAvsc
  const encodedAt = isOurs ? encodedClaims(isCarried) : undefined
  const longs = new LongReader()
  return {
    isOurs,
    loggedAtMs(data) {
      if (isCarried) longs.readAt(data, 0)
      return longs.readAt(data, isCarried ? longs.end : 0)
    },
    read(data, count, firstOffset, encoded = false) {
      const records: ReadRecord[] = []
      let at = 0
      for (let offset = firstOffset; offset < firstOffset + count; offset++) {
        try {
          if (at >= data.length) throw new RangeError(BEHIND)
          const claim = encoded ? encodedAt?.(data, at, offset) : undefined
          const end = claim && recordEnd(data, claim.end)
          if (claim && end !== undefined) {
            records.push(claim)
            at = end
            continue
          }
          const { record, next } = readAt(data, at, offset)
          records.push(record)
          at = next
        } catch (error) {
          // Where a record cannot even be walked, the rest of its block is lost with it.
          records.push(unreadable(offset, error, data.subarray(at)))
          at = data.length
        }
      }
      return records
    },
  }
}

const unreadable = (offset: number, error: unknown, bytes: Buffer): ReadRecord => ({
  offset,
  unreadable: reasonOf(error),
  payload: Uint8Array.from(bytes.subarray(0, 256)),
})

/** Claims of the current schema, which are all but all there is, without avsc. */
function claimsFirst(isCarried: boolean, byAvsc: ReadAt): ReadAt {
  const longs = new LongReader()
  return (data, position, blockOffset) => {
    const offset = isCarried ? longs.readAt(data, position) : blockOffset
    const loggedAtMs = longs.readAt(data, isCarried ? longs.end : position)
    const branch = longs.readAt(data, longs.end)
    const read = branch === CLAIM_BRANCH ? readClaimAt(data, longs.end) : undefined
    const next = read ? recordEnd(data, read.end) : undefined
    if (read === undefined || next === undefined) return byAvsc(data, position, blockOffset)
    return { record: { offset, change: read.claim, loggedAtMs }, next }
  }
}

/** Claims of the current schema, left as they lie there; undefined of all else. */
function encodedClaims(isCarried: boolean) {
  const longs = new LongReader()
  return (data: Buffer, position: number, blockOffset: number): EncodedChange | undefined => {
    const offset = isCarried ? longs.readAt(data, position) : blockOffset
    const loggedAtMs = longs.readAt(data, isCarried ? longs.end : position)
    const branch = longs.readAt(data, longs.end)
    return branch === CLAIM_BRANCH ? encodedChange(data, longs.end, PARTITION, offset, loggedAtMs) : undefined
  }
}

function recordEnd(data: Buffer, blockEnd: number): number | undefined {
  if (data[blockEnd] === 0) return blockEnd + 1
  const isLast = data[blockEnd] === 2 && blockEnd + BLOCK_END_BYTES === data.length
  return isLast ? data.length : undefined
}

type LoggedWire = {
  readonly offset?: number
  readonly loggedAtMs: Millis
  readonly change: Readonly<Record<string, unknown>>
}

function avscReader(type: Type, written: Schema, reader: Schema): ReadAt {
  const walk = payloadWalk(type)
  const resolved = resolvedReading(reader, written)
  const read = (bytes: Buffer, offset: number): ReadRecord => {
    const wire = resolved(bytes) as LoggedWire
    const [branch, value] = Object.entries(wire.change)[0] ?? ['', undefined]
    const record = recordOfBranch.get(branch)
    if (record === undefined) throw new RangeError(`a record of the unknown kind "${branch}"`)
    return { offset: wire.offset ?? offset, change: fromWire(record, value), loggedAtMs: wire.loggedAtMs }
  }
  return (data, position, offset) => {
    const next = walk(data, position)
    const bytes = data.subarray(position, next)
    try {
      return { record: read(bytes, offset), next }
    } catch (error) {
      return { record: unreadable(offset, error, bytes), next }
    }
  }
}
