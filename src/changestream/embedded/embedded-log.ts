import { mkdir } from 'node:fs/promises'
import type { Clock } from '../../runtime/clock.ts'
import { changestreamErrors } from '../errors.ts'
import type { ChangeLog, DeadLetter, LoggedChange, ReadOptions } from '../port.ts'
import { Wakeup } from '../wakeup.ts'
import { lockFolder } from './lock.ts'
import type { Segment } from './manifest.ts'
import { recover, survey, type TornTail } from './recovery.ts'
import { type ReadBlock, SegmentCursor } from './segment-cursor.ts'
import { SegmentWriter } from './segment-writer.ts'

export type EmbeddedLogOptions = {
  /** Made where it is missing; this process alone has it until `close`. */
  readonly folder: string
  /** A segment that has reached this size is sealed before the next append. */
  readonly segmentBytes: number
  /** Gives each record its `loggedAtMs`. */
  readonly clock: Clock
  readonly onTornTail: (torn: TornTail) => void
}

const PARTITION = 0

/**
 * The claim log on local disk: Avro object container segments and a manifest (docs/change-stream.md, "Embedded"). One
 * partition, so that all sources are in one order.
 * @throws WHOHAD_STREAM_LOCKED, …_SEGMENT_MISSING, …_SEGMENT_DAMAGED, …_MANIFEST_DAMAGED
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<ChangeLog> {
  const { folder, clock } = options
  await mkdir(folder, { recursive: true })
  const lock = await lockFolder(folder)
  try {
    const { segments, header } = await recover(folder, options.onTornTail)
    const grown = new Wakeup()
    const writer = await SegmentWriter.open({ folder, segmentBytes: options.segmentBytes, segments, header, grown })
    const state: State = { folder, segments, grown, closed: false }
    return {
      partitions: 1,
      async append(changes) {
        refuseIfClosed(state)
        if (changes.length > 0) await writer.append(changes, clock.now())
      },
      read: readOptions => read(state, readOptions),
      async end() {
        refuseIfClosed(state)
        return [endOf(state)]
      },
      async close() {
        if (state.closed) return
        state.closed = true
        await writer.close()
        grown.wake()
        await lock.release()
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
export async function openEmbeddedReader(folder: string): Promise<Omit<ChangeLog, 'append'>> {
  const segments = await survey(folder)
  const state: State = { folder, segments, grown: new Wakeup(), closed: false }
  return {
    partitions: 1,
    read: options => read(state, { ...options, follow: false }),
    end: async () => [endOf(state)],
    close: async () => {
      state.closed = true
    },
  }
}

type State = {
  readonly folder: string
  readonly segments: readonly Segment[]
  readonly grown: Wakeup
  closed: boolean
}

const refuseIfClosed = (state: State): void => {
  if (state.closed) throw changestreamErrors.closed({ where: state.folder })
}

const endOf = ({ segments }: State): number => {
  const last = segments.at(-1)
  return last ? last.firstOffset + last.records : 0
}

async function* read(state: State, options: ReadOptions): AsyncGenerator<readonly LoggedChange[]> {
  refuseIfClosed(state)
  const until = options.follow ? Number.POSITIVE_INFINITY : endOf(state)
  let offset = startOf(state, options.from?.[PARTITION])
  while (offset < until && !options.signal.aborted) {
    const segment = state.segments.findLast(({ firstOffset }) => firstOffset <= offset) as Segment
    const cursor = await SegmentCursor.open(state.folder, segment)
    try {
      while (offset < until && (await untilBlock(state, segment, cursor, options.signal))) {
        const block = await cursor.next()
        if (block === undefined || block.firstOffset + block.count <= offset) continue
        const batch = changesOf(cursor, block, offset, options.onDeadLetter)
        offset = block.firstOffset + block.count
        if (options.signal.aborted) return
        if (batch.length > 0) yield batch
      }
    } finally {
      await cursor.close()
    }
  }
}

/** True once a further block is there; false where none will come: the segment is sealed, or reading was called off. */
async function untilBlock(
  state: State,
  segment: Segment,
  cursor: SegmentCursor,
  signal: AbortSignal,
): Promise<boolean> {
  while (cursor.atEnd && !segment.sealed && !signal.aborted) {
    refuseIfClosed(state)
    await state.grown.wait(signal)
  }
  refuseIfClosed(state)
  return !cursor.atEnd && !signal.aborted
}

function startOf(state: State, from: number | undefined): number {
  const first = state.segments[0]?.firstOffset ?? 0
  const offset = from ?? first
  const end = endOf(state)
  if (offset >= first && offset <= end) return offset
  throw changestreamErrors.positionGone({ partition: PARTITION, offset, first, end })
}

/** The block's records from `from` on. Those that cannot be read become dead letters, in their places. */
function changesOf(
  cursor: SegmentCursor,
  block: ReadBlock,
  from: number,
  onDeadLetter: ((letter: DeadLetter) => void) | undefined,
): readonly LoggedChange[] {
  const records = cursor.decode(block.data)
  const changes: LoggedChange[] = []
  for (let i = Math.max(0, from - block.firstOffset); i < block.count; i++) {
    const offset = block.firstOffset + i
    // A record that cannot be walked takes the rest of its block with it; each of them is counted.
    const record = records[i] ?? { unreadable: 'behind an unreadable record of its block', payload: new Uint8Array() }
    if ('change' in record) changes.push({ ...record, partition: PARTITION, offset })
    else onDeadLetter?.({ partition: PARTITION, offset, reason: record.unreadable, payload: record.payload })
  }
  return changes
}
