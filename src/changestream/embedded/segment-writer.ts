import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Change } from '../../ownership/claim.ts'
import type { Millis } from '../../ownership/window.ts'
import type { Clock } from '../../runtime/clock.ts'
import { reasonOf } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import { BlockBuilder, encodedForUnion } from './block-builder.ts'
import { isFull } from './durable.ts'
import type { LogFolder } from './folder.ts'
import type { Segment } from './manifest.ts'
import { addSegment, type Recovered } from './recovery.ts'

/** When an append is acknowledged: once it is on disk, or once it is written, which a power loss undoes for so long. */
export type SyncPolicy = 'always' | { readonly everyMs: number }

export type WriterOptions = {
  readonly segmentBytes: number
  /** A segment whose first record is older is sealed before the next append. */
  readonly segmentMs: number
  readonly sync: SyncPolicy
  readonly clock: Clock
}

/** At most so many blocks are packed at once, in other threads. */
const BLOCKS_AHEAD = 4

type Pending = {
  readonly changes: readonly Change[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

type Extent = { readonly records: number; readonly bytes: number }

/**
 * Appends blocks to the last segment. Appends that arrive during a write share the next one and its fsync. A segment's
 * counts move only after the fsync, so no reader sees what could still be lost.
 */
export class SegmentWriter {
  private readonly folder: LogFolder
  private readonly options: WriterOptions
  private readonly closing = new AbortController()
  private file: FileHandle
  private blocks: BlockBuilder
  /** What of the last segment is written, durable or not. */
  private written: Extent
  private lastLoggedAtMs: Millis
  /** When the last segment's first record was logged. */
  private sinceMs: Millis | undefined
  private pending: Pending[] = []
  private tasks: (() => Promise<void>)[] = []
  private flushing: Promise<void> | undefined
  private syncing: Promise<void> | undefined
  private syncDue = false
  /** Set once the disk's state is no longer known; only opening the folder again can tell. */
  private broken: Error | undefined

  private constructor(folder: LogFolder, recovered: Recovered, options: WriterOptions, file: FileHandle) {
    this.folder = folder
    this.options = options
    this.file = file
    this.blocks = new BlockBuilder(recovered.header)
    this.written = extentOf(this.last)
    this.lastLoggedAtMs = recovered.loggedAt?.lastMs ?? Number.NEGATIVE_INFINITY
    this.sinceMs = recovered.loggedAt?.firstMs
  }

  static async open(folder: LogFolder, recovered: Recovered, options: WriterOptions): Promise<SegmentWriter> {
    const last = recovered.segments.at(-1) as Segment
    return new SegmentWriter(folder, recovered, options, await open(join(folder.path, last.file), 'r+'))
  }

  /**
   * Resolves once the changes are on disk, or with `everyMs` once they are written.
   * @throws WHOHAD_STREAM_WRITE_FAILED, WHOHAD_STREAM_RECORD_UNENCODABLE, WHOHAD_STREAM_RECORD_TOO_LARGE
   */
  append(changes: readonly Change[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pending.push({ changes, resolve, reject })
      this.flushing ??= this.flush()
    })
  }

  /** Runs the task when all that was appended before is durable and nothing is being written; it may change the folder's manifest. */
  between<T>(task: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.tasks.push(() => this.settled().then(task).then(resolve, reject))
      this.flushing ??= this.flush()
    })
  }

  /** Resolves once all that was acknowledged before is on disk. @throws WHOHAD_STREAM_WRITE_FAILED */
  async settled(): Promise<void> {
    const segment = this.last
    const wanted = this.written
    while (segment.bytes < wanted.bytes) {
      if (this.broken) throw this.broken
      this.syncing ??= this.sync(segment, this.written).finally(() => {
        this.syncing = undefined
      })
      await this.syncing
    }
  }

  /** @throws WHOHAD_STREAM_WRITE_FAILED where something that was acknowledged could not be made durable. */
  async close(): Promise<void> {
    this.closing.abort()
    await this.flushing
    try {
      await this.settled()
    } finally {
      await this.file.close()
    }
  }

  private get last(): Segment {
    return this.folder.segments.at(-1) as Segment
  }

  private async flush(): Promise<void> {
    await Promise.resolve() // so that appends of the same turn come along
    while (this.pending.length + this.tasks.length > 0) {
      for (const task of this.tasks.splice(0)) await task()
      const group = this.pending.splice(0)
      try {
        if (group.length > 0) await this.write(group)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.flushing = undefined
  }

  private async write(group: readonly Pending[]): Promise<void> {
    if (this.broken) throw this.broken
    const nowMs = Math.max(this.options.clock.now(), this.lastLoggedAtMs)
    await this.rollIfFull(nowMs)
    const fitting = group.flatMap(pending => encodedOrRejected(pending))
    const records = fitting.flatMap(({ records }) => records)
    if (records.length === 0) return
    await this.writeBlocks(records, nowMs)
    this.lastLoggedAtMs = nowMs
    this.sinceMs ??= nowMs
    if (this.options.sync === 'always') await this.settled()
    else this.syncLater(this.options.sync.everyMs)
    for (const { pending } of fitting) pending.resolve()
  }

  private async writeBlocks(records: readonly Buffer[], nowMs: Millis): Promise<void> {
    const packing: Promise<Buffer>[] = []
    for (const record of records) {
      this.blocks.add(record, nowMs)
      if (!this.blocks.isFull) continue
      packing.push(this.blocks.end(this.last.bytes))
      await packing.at(-BLOCKS_AHEAD)
    }
    if (!this.blocks.isEmpty) packing.push(this.blocks.end(this.last.bytes))
    const blocks = await Promise.all(packing)
    const { written } = this
    let bytes = written.bytes
    try {
      for (const block of blocks) bytes += await writeAll(this.file, block, bytes)
    } catch (cause) {
      const failure = this.failed(cause)
      // Cut off what was half written, so that the next append can follow. If even that fails, stop writing.
      await this.file.truncate(written.bytes).catch(() => {
        this.broken = failure
      })
      throw failure
    }
    this.written = { bytes, records: written.records + records.length }
  }

  /** Makes the segment's first `extent` durable, and lets readers see it. */
  private async sync(segment: Segment, extent: Extent): Promise<void> {
    try {
      await this.file.datasync()
    } catch (cause) {
      // After a failed fsync nobody knows which pages the kernel kept, and a second fsync may say that all is well.
      this.broken = this.failed(cause)
      if (this.options.sync === 'always' && isFull(cause)) await this.takeBack(segment)
      throw this.failed(cause)
    }
    segment.bytes = extent.bytes
    segment.records = extent.records
    this.folder.grown.wake()
  }

  /** There was no room for what nobody was told of: without it the file is as it was. */
  private async takeBack(segment: Segment): Promise<void> {
    try {
      await this.file.truncate(segment.bytes)
      await this.file.datasync()
      this.written = extentOf(segment)
      this.broken = undefined
    } catch {} // the log stays as it is: broken
  }

  private syncLater(everyMs: number): void {
    if (this.syncDue) return
    this.syncDue = true
    const syncNow = async () => {
      this.syncDue = false
      await this.settled()
    }
    // The next append or reader is told of a failure; at the close that happens there.
    this.options.clock
      .sleep(everyMs, this.closing.signal)
      .then(syncNow)
      .catch(() => {})
  }

  private async rollIfFull(nowMs: Millis): Promise<void> {
    const { segmentBytes, segmentMs } = this.options
    const isOld = nowMs - (this.sinceMs ?? nowMs) >= segmentMs
    if (this.written.records === 0 || (this.written.bytes < segmentBytes && !isOld)) return
    await this.settled()
    const { path, segments, carried } = this.folder
    try {
      const { segments: listed, header } = await addSegment(path, segments, carried)
      const next = listed.at(-1) as Segment
      const file = await open(join(path, next.file), 'r+')
      await this.file.close()
      this.last.sealed = true
      segments.push(next)
      this.file = file
      this.blocks = new BlockBuilder(header)
      this.written = extentOf(next)
      this.sinceMs = undefined
      this.folder.grown.wake()
    } catch (cause) {
      throw this.failed(cause) // tried again before the next append, which cannot come before it
    }
  }

  private failed(cause: unknown) {
    const file = join(this.folder.path, this.last.file)
    return changestreamErrors.writeFailed({ file, reason: reasonOf(cause) }, cause)
  }
}

const extentOf = ({ bytes, records }: Segment): Extent => ({ bytes, records })

/** What fits its schema; whoever appended the rest learns why, and none of it is written. */
function encodedOrRejected(pending: Pending): { pending: Pending; records: readonly Buffer[] }[] {
  try {
    return [{ pending, records: pending.changes.map(encodedForUnion) }]
  } catch (error) {
    pending.reject(error)
    return []
  }
}

export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  }
  return bytes.length
}
