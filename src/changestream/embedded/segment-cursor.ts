import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Millis } from '../../ownership/window.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import { blockEndOf } from './block-end.ts'
import { type Block, blockAt, type Header } from './container.ts'
import { isErrno } from './durable.ts'
import type { Segment } from './manifest.ts'
import type { ReadRecord } from './record-reader.ts'
import { headerOf } from './recovery.ts'

const CHUNK_BYTES = 1 << 20

/** A block's place, its records still undecoded. */
export type ReadBlock = {
  readonly firstOffset: number
  readonly count: number
  /** @param encoded As `ReadOptions.encoded`. */
  read(encoded?: boolean): readonly ReadRecord[]
  /** When its first record was logged. */
  loggedAtMs(): Millis
}

/** Goes through the durable blocks of one segment, also while it grows. */
export class SegmentCursor {
  private readonly path: string
  private readonly segment: Segment
  private readonly file: FileHandle
  private readonly header: Header
  /** Bytes read and not yet handed out; `position` is where they begin in the file. */
  private held: Buffer = Buffer.alloc(0)
  private position: number
  private offset: number
  /** The block at a place, which is being unpacked while whoever reads is busy with the one before. */
  private ahead: { readonly position: number; readonly data: Promise<Buffer> } | undefined

  private constructor(path: string, segment: Segment, file: FileHandle, header: Header) {
    this.path = path
    this.segment = segment
    this.file = file
    this.header = header
    this.position = header.bytes
    this.offset = segment.firstOffset
  }

  /** @throws WHOHAD_STREAM_SEGMENT_MISSING, WHOHAD_STREAM_SEGMENT_DAMAGED */
  static async open(folder: string, segment: Segment): Promise<SegmentCursor> {
    const path = join(folder, segment.file)
    let file: FileHandle
    try {
      file = await open(path, 'r')
    } catch (error) {
      if (isErrno(error, 'ENOENT')) throw changestreamErrors.segmentMissing({ file: segment.file, folder }, error)
      throw error
    }
    try {
      const beginning = await readAt(file, 0, Math.min(CHUNK_BYTES, segment.bytes))
      return new SegmentCursor(path, segment, file, headerOf(path, beginning))
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** False while a durable block is there that `next` has not given yet. */
  get atEnd(): boolean {
    return this.position >= this.segment.bytes
  }

  /** The next durable block, or undefined at the end. @throws WHOHAD_STREAM_SEGMENT_DAMAGED */
  async next(): Promise<ReadBlock | undefined> {
    if (this.atEnd) return undefined
    let block = blockAt(this.held, 0, this.header.sync)
    while (block.kind === 'incomplete' && (await this.readMore(block.wanted))) {
      block = blockAt(this.held, 0, this.header.sync)
    }
    if (block.kind !== 'whole') throw this.damaged(block)
    const { count, data: packed, next } = block
    const { reader } = this.header
    const data = await this.unpacked(packed)
    if (reader.isOurs && !blockEndOf(data).isRight) {
      throw this.damaged({ kind: 'broken', reason: 'a block with another checksum than it was written with' })
    }
    const firstOffset = this.offset
    this.held = this.held.subarray(next)
    this.position += next
    this.offset += count
    this.lookAhead()
    const read = (encoded?: boolean) => reader.read(data, count, firstOffset, encoded)
    return { firstOffset, count, read, loggedAtMs: () => reader.loggedAtMs(data) }
  }

  close(): Promise<void> {
    return this.file.close()
  }

  private async readMore(wanted: number): Promise<boolean> {
    const from = this.position + this.held.length
    const size = Math.min(this.segment.bytes - from, Math.max(CHUNK_BYTES, wanted - this.held.length))
    if (size <= 0 || wanted > this.segment.bytes - this.position) return false
    const read = await readAt(this.file, from, size)
    this.held = Buffer.concat([this.held, read])
    return read.length > 0
  }

  private async unpacked(packed: Buffer): Promise<Buffer> {
    const { ahead } = this
    this.ahead = undefined
    try {
      return ahead?.position === this.position ? await ahead.data : this.header.unpack(packed)
    } catch (error) {
      throw this.damaged({ kind: 'broken', reason: reasonOf(error) })
    }
  }

  /** Begins to unpack the next block, where it was read already. */
  private lookAhead(): void {
    if (this.atEnd) return
    const block = blockAt(this.held, 0, this.header.sync)
    if (block.kind !== 'whole') return
    const data = this.header.unpackAside(block.data)
    data.catch(() => {}) // told when its turn comes
    this.ahead = { position: this.position, data }
  }

  private damaged(block: Block) {
    const why = block.kind === 'broken' ? block.reason : 'a block that goes on beyond the end'
    return changestreamErrors.segmentDamaged({ file: this.path, reason: `${why} at byte ${this.position}` })
  }
}

/** As many bytes as there are, at most `size`. */
export async function readAt(file: FileHandle, position: number, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(size)
  let filled = 0
  while (filled < size) {
    const { bytesRead } = await file.read(buffer, filled, size - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
