import type { Change } from '../../ownership/claim.ts'
import type { Millis } from '../../ownership/window.ts'
import { changeEncoder } from '../encoder.ts'
import { RECORDS } from '../schemas.ts'
import { BLOCK_END_BYTES, writeBlockEnd } from './block-end.ts'
import { type Framing, framed } from './container.ts'
import { LONGEST_VARINT, writeLong } from './varint.ts'

/** A block that has as many bytes is ended: readers hold one at a time. */
const BLOCK_BYTES = 1 << 20
const SMALLEST_BYTES = 16 * 1024
/** Memory of so many blocks is used again: new memory costs the kernel a call for each page of it. */
const SPARE_BLOCKS = 4
const NOTHING = Buffer.alloc(0)

const branch = (record: Change['record']): Uint8Array => Uint8Array.of(2 * RECORDS.indexOf(record))

/**
 * The change as it stands in a segment's record: the branch of the union, then the bytes that a message has behind its header.
 * @throws WHOHAD_STREAM_RECORD_UNENCODABLE, WHOHAD_STREAM_RECORD_TOO_LARGE
 */
export const encodedForUnion: (change: Change) => Buffer = changeEncoder({
  claim: branch('claim'),
  progress: branch('progress'),
  source: branch('source'),
  horizon: branch('horizon'),
})

/** Collects records and gives them as blocks. */
export class BlockBuilder {
  private readonly framing: Framing
  private data: Buffer = NOTHING
  private readonly spare: Buffer[] = []
  private length = 0
  private count = 0

  constructor(framing: Framing) {
    this.framing = framing
  }

  get isEmpty(): boolean {
    return this.count === 0
  }

  get isFull(): boolean {
    return this.length >= BLOCK_BYTES
  }

  /** `change` as `encodedForUnion` gives it; `offset` is given for a carried record, and for no other. */
  add(change: Buffer, loggedAtMs: Millis, offset?: number): void {
    this.reserve(3 * LONGEST_VARINT + change.length + BLOCK_END_BYTES)
    const { data } = this
    // The record before was not the last of its block.
    if (this.count > 0) data[this.length++] = 0
    let at = offset === undefined ? this.length : writeLong(data, this.length, offset)
    at = writeLong(data, at, loggedAtMs)
    data.set(change, at)
    this.length = at + change.length
    this.count++
  }

  /** The records since the last call as one block; at least one. It is packed in another thread, and the next can be begun. */
  async end(durableBytes: number): Promise<Buffer> {
    const { data, count } = this
    const length = writeBlockEnd(data, this.length, durableBytes)
    this.data = this.spare.pop() ?? NOTHING
    this.length = 0
    this.count = 0
    const { packAside, sync } = this.framing
    const block = framed(count, await packAside(data.subarray(0, length)), sync)
    if (this.spare.length < SPARE_BLOCKS && data.length <= 2 * BLOCK_BYTES) this.spare.push(data)
    return block
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.data.length) return
    const more = Buffer.allocUnsafe(Math.max(SMALLEST_BYTES, this.data.length * 2, this.length + bytes))
    this.data.copy(more, 0, 0, this.length)
    this.data = more
  }
}
