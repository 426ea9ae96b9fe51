import { randomBytes } from 'node:crypto'
import avro, { type Type } from 'avsc'
import type { Change } from '../../ownership/claim.ts'
import type { Millis } from '../../ownership/window.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { unencodable } from '../codec.ts'
import { fingerprintOf } from '../fingerprint.ts'
import { payloadWalk } from '../payload-walk.ts'
import { loggedChangeSchema, RECORDS, recordTypes } from '../schemas.ts'
import { fromWire, toWire } from '../wire.ts'

// Avro 1.11, "Object Container Files". avsc's own streams read and write them too, but tell no block's place.
const SYNC_BYTES = 16
const sync = { type: 'fixed', name: 'Sync', size: SYNC_BYTES } as const
const headerType = avro.Type.forSchema({
  type: 'record',
  name: 'Header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } },
    { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: sync },
  ],
})
const blockType = avro.Type.forSchema({
  type: 'record',
  name: 'Block',
  fields: [
    { name: 'count', type: 'long' },
    { name: 'data', type: 'bytes' },
    { name: 'sync', type: sync },
  ],
})
const walkHeader = payloadWalk(headerType)
const longType = avro.Type.forSchema('long')
const MAGIC = Buffer.from('Obj\x01')

const recordType = avro.Type.forSchema(loggedChangeSchema)
const ourFingerprint = fingerprintOf(recordType)
const branches = new Map(RECORDS.map(record => [record, recordTypes[record].name ?? record]))
const recordOfBranch = new Map(RECORDS.map(record => [recordTypes[record].name ?? record, record]))

export type Header = {
  readonly bytes: number
  readonly sync: Buffer
  /** False for a segment that another version wrote: it can be read, but not be appended to. */
  readonly isOurs: boolean
  readonly decode: (data: Buffer) => readonly DecodedRecord[]
}

export type DecodedRecord =
  | { readonly change: Change; readonly loggedAtMs: Millis }
  | { readonly unreadable: string; readonly payload: Uint8Array }

export const newHeader = (): Buffer =>
  headerType.toBuffer({
    magic: MAGIC,
    meta: { 'avro.schema': Buffer.from(JSON.stringify(loggedChangeSchema)), 'avro.codec': Buffer.from('null') },
    sync: randomBytes(SYNC_BYTES),
  })

/** @throws Error that says in a few words why this is not the beginning of a segment. */
export function parseHeader(bytes: Buffer): Header {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('it does not begin like an Avro container file')
  walkHeader(bytes, 0)
  const { value, offset } = headerType.decode(bytes)
  const { meta, sync } = value as { meta: Record<string, Buffer>; sync: Buffer }
  const codec = meta['avro.codec']?.toString() ?? 'null'
  if (codec !== 'null') throw new Error(`its blocks are compressed with ${codec}, which no version of whohad writes`)
  const written = avro.Type.forSchema(JSON.parse(meta['avro.schema']?.toString() ?? 'null'))
  const isOurs = fingerprintOf(written) === ourFingerprint
  return { bytes: offset, sync: Buffer.from(sync), isOurs, decode: decoderFor(written, isOurs) }
}

function decoderFor(written: Type, isOurs: boolean): Header['decode'] {
  const walk = payloadWalk(written)
  const resolver = isOurs ? undefined : recordType.createResolver(written)
  const decodeOne = (bytes: Buffer): DecodedRecord => {
    const { loggedAtMs, change } = recordType.fromBuffer(bytes, resolver) as LoggedWire
    const [branch, value] = Object.entries(change)[0] ?? ['', undefined]
    const record = recordOfBranch.get(branch)
    if (record === undefined) throw new RangeError(`a record of the unknown kind "${branch}"`)
    return { change: fromWire(record, value), loggedAtMs }
  }
  return data => {
    const records: DecodedRecord[] = []
    for (let at = 0; at < data.length; ) {
      let next = data.length // where a record cannot even be walked, the rest of its block is lost with it
      try {
        next = walk(data, at)
        records.push(decodeOne(data.subarray(at, next)))
      } catch (error) {
        records.push({
          unreadable: reasonOf(error),
          payload: Uint8Array.from(data.subarray(at, Math.min(next, at + 256))),
        })
      }
      at = next
    }
    return records
  }
}

type LoggedWire = { readonly loggedAtMs: Millis; readonly change: Readonly<Record<string, unknown>> }

/** @throws WHOHAD_STREAM_RECORD_UNENCODABLE */
export function encodeBlock(changes: readonly Change[], loggedAtMs: Millis, sync: Buffer): Buffer {
  const records = changes.map(change => {
    try {
      return recordType.toBuffer({ loggedAtMs, change: { [branches.get(change.record) ?? '']: toWire(change) } })
    } catch (cause) {
      throw unencodable(change, cause)
    }
  })
  return blockType.toBuffer({ count: changes.length, data: Buffer.concat(records), sync })
}

export type Block =
  | { readonly kind: 'whole'; readonly count: number; readonly data: Buffer; readonly next: number }
  /** More bytes are needed; at least `wanted` from the block's beginning on. */
  | { readonly kind: 'incomplete'; readonly wanted: number }
  | { readonly kind: 'broken'; readonly reason: string }

export function blockAt(bytes: Buffer, position: number, sync: Buffer): Block {
  const count = longType.decode(bytes, position) as Decoded
  if (count.offset < 0) return { kind: 'incomplete', wanted: bytes.length - position + 1 }
  const size = longType.decode(bytes, count.offset) as Decoded
  if (size.offset < 0) return { kind: 'incomplete', wanted: bytes.length - position + 1 }
  if (count.value <= 0 || size.value < count.value) return { kind: 'broken', reason: 'a block without records' }
  const end = size.offset + size.value
  const next = end + SYNC_BYTES
  if (next > bytes.length) return { kind: 'incomplete', wanted: next - position }
  if (!bytes.subarray(end, next).equals(sync)) return { kind: 'broken', reason: 'a block without its end marker' }
  return { kind: 'whole', count: count.value, data: bytes.subarray(size.offset, end), next }
}

type Decoded = { readonly value: number; readonly offset: number }
