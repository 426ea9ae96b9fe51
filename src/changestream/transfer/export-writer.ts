import { encodedForUnion } from '../embedded/block-builder.ts'
import { BLOCK_END_BYTES, writeBlockEnd } from '../embedded/block-end.ts'
import { type Framing, framed, newHeader, parseHeader } from '../embedded/container.ts'
import { LONGEST_VARINT, writeLong } from '../embedded/varint.ts'
import type { LoggedChange } from '../port.ts'
import { exportedChangeSchema } from './exported-schema.ts'

/** A block that has as many bytes is ended: readers hold one at a time. */
const BLOCK_BYTES = 1 << 18
/** Partition, offset, time, total with its branch, the null branch of the block's end. */
const BESIDE_CHANGE_BYTES = 4 * LONGEST_VARINT + 2

/** Takes records and gives the bytes of an Avro object container file, piece by piece. */
export class ExportWriter {
  readonly header: Buffer = newHeader(exportedChangeSchema, 'deflate')
  private readonly framing: Framing = parseHeader(this.header)
  private bytes = this.header.length
  private data = Buffer.allocUnsafe(2 * BLOCK_BYTES)
  private length = 0
  private inBlock = 0
  private count = 0
  /** Not written until another one is there, or the end: the last record says how many there were. */
  private held: LoggedChange | undefined

  get records(): number {
    return this.count + (this.held ? 1 : 0)
  }

  /** A block, once it is full. @throws WHOHAD_STREAM_RECORD_UNENCODABLE */
  take(logged: LoggedChange): Buffer | undefined {
    if (this.held) this.write(this.held, null)
    this.held = logged
    return this.length < BLOCK_BYTES ? undefined : this.endBlock()
  }

  /** The last block; undefined where there was no record at all. */
  end(): Buffer | undefined {
    if (this.held === undefined) return undefined
    this.write(this.held, this.count + 1)
    this.held = undefined
    return this.endBlock()
  }

  private write({ partition, offset, loggedAtMs, change }: LoggedChange, total: number | null): void {
    const encoded = encodedForUnion(change)
    this.reserve(encoded.length + BESIDE_CHANGE_BYTES + BLOCK_END_BYTES)
    const { data } = this
    // The record before was not the last of its block.
    if (this.inBlock > 0) data[this.length++] = 0
    let at = writeLong(data, this.length, partition)
    at = writeLong(data, writeLong(data, at, offset), loggedAtMs)
    data.set(encoded, at)
    at += encoded.length
    data[at++] = total === null ? 0 : 2 // branch of the union, in zigzag
    this.length = total === null ? at : writeLong(data, at, total)
    this.inBlock++
    this.count++
  }

  private endBlock(): Buffer {
    const length = writeBlockEnd(this.data, this.length, this.bytes)
    const { pack, sync } = this.framing
    const block = framed(this.inBlock, pack(this.data.subarray(0, length)), sync)
    this.bytes += block.length
    this.length = 0
    this.inBlock = 0
    return block
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.data.length) return
    const more = Buffer.allocUnsafe(Math.max(2 * this.data.length, this.length + bytes))
    this.data.copy(more, 0, 0, this.length)
    this.data = more
  }
}
