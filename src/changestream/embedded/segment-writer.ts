import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Change } from '../../ownership/claim.ts'
import type { Millis } from '../../runtime/clock.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import type { Wakeup } from '../wakeup.ts'
import { encodeBlock, type Header } from './container.ts'
import type { Segment } from './manifest.ts'
import { addSegment } from './recovery.ts'

type Pending = {
  readonly changes: readonly Change[]
  readonly loggedAtMs: Millis
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Appends blocks to the last segment. Appends that arrive during a write share the next one and its fsync. A segment's
 * counts move only after the fsync, so no reader sees what could still be lost.
 */
export class SegmentWriter {
  private readonly folder: string
  private readonly segmentBytes: number
  private readonly segments: Segment[]
  private readonly grown: Wakeup
  private header: Header
  private file: FileHandle
  private pending: Pending[] = []
  private flushing: Promise<void> | undefined
  /** Set once the disk's state is no longer known; only opening the folder again can tell. */
  private broken: Error | undefined

  private constructor(options: WriterOptions, file: FileHandle) {
    this.folder = options.folder
    this.segmentBytes = options.segmentBytes
    this.segments = options.segments
    this.grown = options.grown
    this.header = options.header
    this.file = file
  }

  static async open(options: WriterOptions): Promise<SegmentWriter> {
    const last = options.segments.at(-1) as Segment
    return new SegmentWriter(options, await open(join(options.folder, last.file), 'r+'))
  }

  /** Resolves once the changes are on disk. @throws WHOHAD_STREAM_WRITE_FAILED, WHOHAD_STREAM_RECORD_UNENCODABLE */
  append(changes: readonly Change[], loggedAtMs: Millis): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pending.push({ changes, loggedAtMs, resolve, reject })
      this.flushing ??= this.flush()
    })
  }

  async close(): Promise<void> {
    await this.flushing
    await this.file.close()
  }

  private async flush(): Promise<void> {
    await Promise.resolve() // so that appends of the same turn come along
    while (this.pending.length > 0) {
      const group = this.pending.splice(0)
      try {
        await this.write(group)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.flushing = undefined
  }

  private async write(group: readonly Pending[]): Promise<void> {
    if (this.broken) throw this.broken
    await this.rollIfFull()
    const blocks: Buffer[] = []
    const written: Pending[] = []
    for (const pending of group) {
      try {
        blocks.push(encodeBlock(pending.changes, pending.loggedAtMs, this.header.sync))
        written.push(pending)
      } catch (error) {
        pending.reject(error)
      }
    }
    await this.writeDurably(Buffer.concat(blocks))
    const segment = this.last
    segment.bytes += blocks.reduce((sum, block) => sum + block.length, 0)
    segment.records += written.reduce((sum, { changes }) => sum + changes.length, 0)
    for (const { resolve } of written) resolve()
    this.grown.wake()
  }

  private get last(): Segment {
    return this.segments.at(-1) as Segment
  }

  private async writeDurably(bytes: Buffer): Promise<void> {
    const start = this.last.bytes
    try {
      for (let done = 0; done < bytes.length; ) {
        done += (await this.file.write(bytes, done, bytes.length - done, start + done)).bytesWritten
      }
    } catch (cause) {
      const failure = this.failed(cause)
      // Cut off what was half written, so that the next append can follow. If even that fails, stop writing.
      await this.file.truncate(start).catch(() => {
        this.broken = failure
      })
      throw failure
    }
    try {
      await this.file.datasync()
    } catch (cause) {
      // After a failed fsync nobody knows which pages the kernel kept, and a second fsync may say that all is well.
      this.broken = this.failed(cause)
      throw this.broken
    }
  }

  private async rollIfFull(): Promise<void> {
    if (this.last.bytes < this.segmentBytes || this.last.records === 0) return
    try {
      const { segments, header } = await addSegment(this.folder, this.segments)
      const next = segments.at(-1) as Segment
      const file = await open(join(this.folder, next.file), 'r+')
      await this.file.close()
      this.last.sealed = true
      this.segments.push(next)
      this.header = header
      this.file = file
      this.grown.wake()
    } catch (cause) {
      this.broken = this.failed(cause)
      throw this.broken
    }
  }

  private failed(cause: unknown) {
    return changestreamErrors.writeFailed({ file: join(this.folder, this.last.file), reason: reasonOf(cause) }, cause)
  }
}

export type WriterOptions = {
  readonly folder: string
  readonly segmentBytes: number
  /** Shared with the readers; the writer alone changes it. */
  readonly segments: Segment[]
  readonly header: Header
  readonly grown: Wakeup
}
