import type { Millis } from '../../ownership/window.ts'
import { reasonOf, WhohadError } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import type { Forgetting, Kept, Position } from '../port.ts'
import { carry } from './carrying.ts'
import type { LogFolder } from './folder.ts'
import { type Segment, writeManifest } from './manifest.ts'
import { PARTITION } from './partition.ts'
import { SegmentCursor } from './segment-cursor.ts'
import type { SegmentWriter } from './segment-writer.ts'

/** `ended` resolves once nothing is being let go of any more. */
export function forgettingOf(folder: LogFolder, writer: SegmentWriter): Forgetting & { ended(): Promise<void> } {
  let running: Promise<boolean> | undefined
  return {
    // What outlives its segment is carried over the log's beginning.
    isWhole: async () => true,
    async loggedBefore(atMs, upTo) {
      folder.refuseIfClosed()
      return [await partedBefore(folder, atMs, upTo)]
    },
    forget(before, kept) {
      running = (running ?? Promise.resolve(false)).catch(() => {}).then(() => forget(folder, writer, before, kept))
      return running
    },
    ended: async () => {
      await running?.catch(() => {}) // told to whoever called
    },
  }
}

/** The last segment whose first record was logged before: all of those in front of it were, too, as the log's time never goes back. */
async function partedBefore(folder: LogFolder, atMs: Millis, upTo: Position): Promise<number> {
  const { segments } = folder
  // Whoever has read what is carried stands where the segments begin only after one more record.
  const lastWithRecords = segments.findLastIndex(({ records }) => records > 0)
  for (let i = lastWithRecords; i > 0; i--) {
    const segment = segments[i] as Segment
    if (segment.firstOffset <= (upTo[PARTITION] ?? 0) && (await firstLoggedAtMs(folder, segment)) < atMs) {
      return segment.firstOffset
    }
  }
  return folder.first
}

async function firstLoggedAtMs(folder: LogFolder, segment: Segment): Promise<Millis> {
  const cursor = await SegmentCursor.open(folder.path, segment)
  try {
    return (await cursor.next())?.loggedAtMs() ?? Number.POSITIVE_INFINITY
  } finally {
    await cursor.close()
  }
}

async function forget(folder: LogFolder, writer: SegmentWriter, [before = 0]: Position, kept: Kept): Promise<boolean> {
  folder.refuseIfClosed()
  if (!folder.segments.slice(1).some(({ firstOffset }) => firstOffset === before)) return false
  try {
    // The segments before are sealed, so this can go on beside appends.
    const carried = await carry(folder, before, kept)
    await writer.between(async () => {
      folder.refuseIfClosed()
      const staying = folder.segments.filter(({ firstOffset }) => firstOffset >= before)
      await writeManifest(folder.path, staying, carried)
      folder.replaceBeginning(before, carried)
    })
    await folder.removeUnread()
    return true
  } catch (cause) {
    if (cause instanceof WhohadError) throw cause
    throw changestreamErrors.writeFailed({ file: folder.path, reason: reasonOf(cause) }, cause)
  }
}
