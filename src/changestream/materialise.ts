import type { Change } from '../ownership/claim.ts'
import type { ReadState } from './checkpoint/checkpoint.ts'
import { EncodedChange, fencedBy } from './encoded-change.ts'
import { Fence } from './fence.ts'
import { type ChangeLog, type DeadLetter, hasReached, type LoggedChange, type Position } from './port.ts'
import { ReadProgress } from './read-progress.ts'
import type { FencedWrite, MaterialiserReport } from './report.ts'
import { LastRecords, resumedFrom } from './resuming.ts'
import { Wakeup } from './wakeup.ts'

/**
 * Takes every record in the order of its partition, fenced ones too: the history keeps them, the index does not. Claims may
 * come as `EncodedChange`: whoever has no use for one leaves its `change` unasked, and whoever keeps one keeps its `change`.
 */
export type ChangeSink = (batch: readonly LoggedChange[]) => Promise<void>

export type MaterialiserOptions = {
  readonly log: ChangeLog
  /** Takes what counts: the records of each batch that no later epoch has fenced off, in their order, claims as sinks get them. */
  readonly index: (current: readonly LoggedChange[]) => void | Promise<void>
  readonly sinks: readonly ChangeSink[]
  readonly signal: AbortSignal
  readonly report: MaterialiserReport
  /** What was read of the log before, where the index holds it already. Left out, the log is read from its beginning. */
  readonly restored?: ReadState
  /** From where on the sinks want records; what the index has already comes to them alone. As far as the index where it is left out. */
  readonly sinksFrom?: Position
}

export type Materialiser = {
  /** All before it is in the index and in every sink. */
  position(): Position
  /** What a checkpoint must keep beside the index, where no record is on its way into it. */
  readState(): ReadState
  /** Resolves once the position has come that far; rejects where the materialiser has failed or was stopped before. */
  reached(position: Position): Promise<void>
  /** Resolves once everything is in that the log held at the start. */
  readonly caughtUp: Promise<void>
  /**
   * Resolves after the signal, rejects with the cause of a failure. Nothing is skipped: a restart repeats the batch.
   * Of its own it fails with WHOHAD_CHECKPOINT_OF_ANOTHER_STREAM.
   */
  readonly done: Promise<void>
}

/** Follows the log into the index and the sinks, until the signal is aborted or one of them fails. */
export function startMaterialiser(options: MaterialiserOptions): Materialiser {
  const { log, signal, restored } = options
  const progress = new ReadProgress(restored ?? nothingRead(log.partitions))
  const fence = new Fence(restored?.epochs)
  const moved = new Wakeup()
  let outcome: { readonly error: unknown } | undefined

  const done = follow(options, progress, fence, moved).then(
    () => {
      outcome = { error: signal.reason }
    },
    error => {
      outcome = { error }
      throw error
    },
  )
  done.then(
    () => moved.wake(),
    () => moved.wake(),
  )

  const reached = async (position: Position): Promise<void> => {
    while (!hasReached(progress.position, position)) {
      if (outcome) throw outcome.error
      await moved.wait()
    }
  }
  const caughtUp = log.end().then(reached)
  caughtUp.catch(() => {}) // whoever does not wait for it learns of the same failure from `done`
  return {
    position: () => [...progress.position],
    readState: () => ({ positions: [...progress.position], last: [...progress.last], epochs: fence.all() }),
    reached,
    caughtUp,
    done,
  }
}

const nothingRead = (partitions: number): ReadState => ({
  positions: new Array<number>(partitions).fill(0),
  last: new Array<null>(partitions).fill(null),
  epochs: [],
})

async function follow(
  options: MaterialiserOptions,
  progress: ReadProgress,
  fence: Fence,
  moved: Wakeup,
): Promise<void> {
  const { log, index, sinks, signal, report, restored } = options
  const onDeadLetter = (letter: DeadLetter) => {
    if (letter.offset < (restored?.positions[letter.partition] ?? 0)) return // it was told of before the checkpoint
    report.deadLetter(letter)
    progress.passOver(letter)
    moved.wake()
  }
  const isNew = ({ partition, offset }: LoggedChange) => offset >= (restored?.positions[partition] ?? 0)
  const lastRecords = new LastRecords(restored)
  const from = await firstWanted(options)
  for await (const batch of log.read({ follow: true, encoded: true, signal, onDeadLetter, ...(from && { from }) })) {
    lastRecords.check(batch)
    const current = batch.filter(logged => {
      if (!isNew(logged)) return false
      const successor = fencedBy(fence, logged)
      if (successor !== undefined) report.fencedWrite(fencedWrite(logged, successor))
      return successor === undefined
    })
    await Promise.all([index(current), ...sinks.map(sink => sink(batch))])
    progress.take(batch)
    moved.wake()
  }
}

/** Where the index reads on, or further back where the sinks lack records. What the log has let go of since, they can no longer get. */
async function firstWanted(options: MaterialiserOptions): Promise<Position | undefined> {
  const { log, restored, sinksFrom, report } = options
  if (restored === undefined) {
    await tellOfLack(options)
    return undefined
  }
  const start = (await log.start?.()) ?? []
  const resumed = resumedFrom(start, restored)
  if (sinksFrom === undefined) return resumed
  return resumed.map((again, partition) => {
    const wanted = sinksFrom[partition] ?? 0
    const first = Math.min(start[partition] ?? 0, again)
    if (wanted < first) report.sinkLacks({ partition, from: wanted, until: first })
    return Math.min(again, Math.max(wanted, first))
  })
}

/** Whoever reads from the beginning gets what was kept of it; the sinks would have wanted all. */
async function tellOfLack({ log, sinksFrom, report }: MaterialiserOptions): Promise<void> {
  if (sinksFrom === undefined || !(await log.forgetting?.isWhole())) return
  for (const [partition, until] of ((await log.start?.()) ?? []).entries()) {
    const from = sinksFrom[partition] ?? 0
    if (from < until) report.sinkLacks({ partition, from, until })
  }
}

function fencedWrite(logged: LoggedChange, fencedBy: number): FencedWrite {
  const { partition, offset } = logged
  const { source, epoch } = logged instanceof EncodedChange ? logged : writerOf(logged.change)
  return { source, epoch, fencedBy, partition, offset }
}

const writerOf = (change: Change) =>
  change.record === 'horizon'
    ? { source: change.domain, epoch: 0 }
    : { source: change.source, epoch: change.revision.epoch }
