import type { Clock } from '../../runtime/clock.ts'
import { WhohadError } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import type { ChangeLog, ReadOptions } from '../port.ts'
import { type OldClaims, withoutOld } from '../retention/old-claims.ts'
import { makeFolder } from './durable.ts'
import { LogFolder } from './folder.ts'
import { forgettingOf } from './forgetting.ts'
import { lockFolder } from './lock.ts'
import { PARTITION } from './partition.ts'
import { read } from './reading.ts'
import { recover, survey, type TornTail } from './recovery.ts'
import { SegmentWriter, type SyncPolicy } from './segment-writer.ts'
import { unusable } from './unusable.ts'

export type EmbeddedLogOptions = {
  /** Made where it is missing; this process alone has it until `close`. */
  readonly folder: string
  /** A segment that has reached this size is sealed before the next append. */
  readonly segmentBytes: number
  /** … and one whose first record is as old; never where it is left out. Retention goes by whole segments. */
  readonly segmentMs?: number
  /** `always` where it is left out: what is acknowledged is durable. Readers are shown nothing before it is. */
  readonly sync?: SyncPolicy
  /** Gives each record its `loggedAtMs`, which never goes back. */
  readonly clock: Clock
  readonly onTornTail: (torn: TornTail) => void
  readonly onOldClaims?: (old: OldClaims) => void
}

/**
 * The claim log on local disk: Avro object container segments and a manifest (docs/change-stream.md, "Embedded"). One
 * partition, so that all sources are in one order.
 * @throws WHOHAD_STREAM_LOCKED, …_FOLDER_UNUSABLE, …_SEGMENT_MISSING, …_SEGMENT_DAMAGED, …_MANIFEST_DAMAGED
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<ChangeLog> {
  const path = options.folder
  await makeFolder(path).catch(unusable(path))
  const lock = await lockFolder(path)
  try {
    const recovered = await recover(path, options.onTornTail).catch(unusable(path))
    const { segmentBytes, segmentMs = Number.POSITIVE_INFINITY, sync = 'always', clock } = options
    const folder = new LogFolder(path, recovered.segments, recovered.carried)
    const writer = await SegmentWriter.open(folder, recovered, { segmentBytes, segmentMs, sync, clock })
    const forgetting = forgettingOf(folder, writer)
    /** What was acknowledged before is shown to whoever asks, and nothing that could still be lost. */
    const settle = () => (sync === 'always' ? undefined : writer.settled())
    return {
      partitions: 1,
      async append(changes) {
        folder.refuseIfClosed()
        const taken = withoutOld(changes, folder.carried?.floors, options.onOldClaims)
        if (taken.length > 0) await writer.append(taken)
      },
      async *read(readOptions) {
        folder.refuseIfClosed()
        await settle()
        yield* read(folder, readOptions)
      },
      async start() {
        folder.refuseIfClosed()
        return [folder.first]
      },
      async end() {
        folder.refuseIfClosed()
        await settle()
        return [folder.end]
      },
      forgetting,
      async close() {
        if (folder.closed) return
        folder.closed = true
        try {
          await forgetting.ended()
          await writer.close()
        } finally {
          folder.grown.wake()
          await lock.release()
        }
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/**
 * The log as it stands now, to be read by a second process while the first one writes it. It takes no lock, changes
 * nothing, and ends where the last whole block ends at this moment.
 * @throws WHOHAD_STREAM_SEGMENT_MISSING, …_SEGMENT_DAMAGED, …_MANIFEST_DAMAGED
 */
export async function openEmbeddedReader(path: string): Promise<Omit<ChangeLog, 'append'>> {
  const { segments, carried } = await survey(path)
  const folder = new LogFolder(path, segments, carried)
  return {
    partitions: 1,
    read: options => readBeside(folder, { ...options, follow: false }),
    start: async () => [folder.first],
    end: async () => [folder.end],
    close: async () => {
      folder.closed = true
    },
  }
}

/** Reads beside the writer, which may let go of a segment at any time; that is no damage. */
export async function* readBeside(folder: LogFolder, options: ReadOptions): ReturnType<ChangeLog['read']> {
  const begun = folder.first
  try {
    yield* read(folder, options)
  } catch (error) {
    const isGone = error instanceof WhohadError && error.code === changestreamErrors.segmentMissing.code
    const now = isGone ? await survey(folder.path) : undefined
    const first = now?.segments[0]?.firstOffset ?? folder.first
    if (first === begun) throw error
    const end = folder.end
    throw changestreamErrors.positionGone({ partition: PARTITION, offset: begun, first, end }, error)
  }
}
