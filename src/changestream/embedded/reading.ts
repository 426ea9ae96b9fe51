import { EncodedChange } from '../encoded-change.ts'
import { changestreamErrors } from '../errors.ts'
import type { LoggedChange, ReadOptions } from '../port.ts'
import type { LogFolder, Reading } from './folder.ts'
import type { Segment } from './manifest.ts'
import { PARTITION } from './partition.ts'
import type { ReadRecord } from './record-reader.ts'
import { SegmentCursor } from './segment-cursor.ts'

/** @throws WHOHAD_STREAM_POSITION_GONE, …_SEGMENT_MISSING, …_SEGMENT_DAMAGED, …_CLOSED */
export async function* read(folder: LogFolder, options: ReadOptions): AsyncGenerator<readonly LoggedChange[]> {
  const until = options.follow ? Number.POSITIVE_INFINITY : folder.end
  const from = options.from?.[PARTITION]
  const reading = folder.begin(startOf(folder, from))
  try {
    if (from === undefined && reading.carried) yield* readCarried(folder, reading, options)
    while (reading.offset < until && !options.signal.aborted) {
      yield* readSegment(folder, reading, until, options)
      await folder.removeUnread()
    }
  } finally {
    await folder.endReading(reading)
  }
}

function startOf(folder: LogFolder, from: number | undefined): number {
  const { first, end } = folder
  const offset = from ?? first
  if (offset >= first && offset <= end) return offset
  throw changestreamErrors.positionGone({ partition: PARTITION, offset, first, end })
}

async function* readCarried(folder: LogFolder, { carried }: Reading, options: ReadOptions) {
  if (carried === undefined) return
  const cursor = await SegmentCursor.open(folder.path, { ...carried, firstOffset: 0, sealed: true })
  try {
    while (!options.signal.aborted) {
      const block = await cursor.next()
      folder.refuseIfClosed()
      if (block === undefined || options.signal.aborted) return
      const batch = changesOf(block.read(options.encoded), 0, options)
      if (batch.length > 0) yield batch
    }
  } finally {
    await cursor.close()
  }
}

async function* readSegment(folder: LogFolder, reading: Reading, until: number, options: ReadOptions) {
  const segment = folder.segmentAt(reading)
  const cursor = await SegmentCursor.open(folder.path, segment)
  try {
    while (reading.offset < until && (await untilBlock(folder, segment, cursor, options.signal))) {
      const block = await cursor.next()
      if (block === undefined || block.firstOffset + block.count <= reading.offset) continue
      const batch = changesOf(block.read(options.encoded), reading.offset, options)
      reading.offset = block.firstOffset + block.count
      if (options.signal.aborted) return
      if (batch.length > 0) yield batch
    }
  } finally {
    await cursor.close()
  }
}

/** True once a further block is there; false where none will come: the segment is sealed, or reading was called off. */
async function untilBlock(
  folder: LogFolder,
  segment: Segment,
  cursor: SegmentCursor,
  signal: AbortSignal,
): Promise<boolean> {
  while (cursor.atEnd && !segment.sealed && !signal.aborted) {
    folder.refuseIfClosed()
    await folder.grown.wait(signal)
  }
  folder.refuseIfClosed()
  return !cursor.atEnd && !signal.aborted
}

/** The records from offset `from` on. Those that cannot be read become dead letters, in their places. */
function changesOf(
  records: readonly ReadRecord[],
  from: number,
  { onDeadLetter }: ReadOptions,
): readonly LoggedChange[] {
  const changes: LoggedChange[] = []
  for (const record of records) {
    const { offset } = record
    if (offset < from) continue
    if (record instanceof EncodedChange) changes.push(record)
    else if ('change' in record) changes.push({ ...record, partition: PARTITION })
    else onDeadLetter?.({ partition: PARTITION, offset, reason: record.unreadable, payload: record.payload })
  }
  return changes
}
