import { Fence } from './fence.ts'
import { type ChangeLog, type DeadLetter, hasReached, type LoggedChange, type Position } from './port.ts'
import type { MaterialiserReport } from './report.ts'
import { Wakeup } from './wakeup.ts'

/** Takes every record in the order of its partition, fenced ones too: the history keeps them, the index does not. */
export type ChangeSink = (batch: readonly LoggedChange[]) => Promise<void>

export type MaterialiserOptions = {
  readonly log: ChangeLog
  /** Takes what counts: the records of each batch that no later epoch has fenced off, in their order. */
  readonly index: (current: readonly LoggedChange[]) => void | Promise<void>
  readonly sinks: readonly ChangeSink[]
  readonly signal: AbortSignal
  readonly report: MaterialiserReport
  /** Where to go on; the log's beginning where it is left out. The index must hold all that comes before. */
  readonly from?: Position
}

export type Materialiser = {
  /** All before it is in the index and in every sink. */
  position(): Position
  /** Resolves once the position has come that far; rejects where the materialiser has failed or was stopped before. */
  reached(position: Position): Promise<void>
  /** Resolves once everything is in that the log held at the start. */
  readonly caughtUp: Promise<void>
  /** Resolves after the signal, rejects with the cause of a failure. Nothing is skipped: a restart repeats the batch. */
  readonly done: Promise<void>
}

/** Follows the log into the index and the sinks, until the signal is aborted or one of them fails. */
export function startMaterialiser(options: MaterialiserOptions): Materialiser {
  const { log, signal } = options
  const progress = new ReadProgress(options.from ?? new Array<number>(log.partitions).fill(0))
  const moved = new Wakeup()
  let outcome: { readonly error: unknown } | undefined

  const done = follow(options, progress, moved).then(
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
  return { position: () => [...progress.position], reached, caughtUp, done }
}

async function follow(options: MaterialiserOptions, progress: ReadProgress, moved: Wakeup): Promise<void> {
  const { log, index, sinks, signal, report, from } = options
  const fence = new Fence()
  const onDeadLetter = (letter: DeadLetter) => {
    report.deadLetter(letter)
    progress.passOver(letter)
    moved.wake()
  }
  const reading = log.read({ follow: true, signal, onDeadLetter, ...(from && { from }) })
  for await (const batch of reading) {
    const current = batch.filter(logged => {
      const fencedBy = fence.fencedBy(logged.change)
      if (fencedBy !== undefined) report.fencedWrite(fencedWrite(logged, fencedBy))
      return fencedBy === undefined
    })
    await Promise.all([index(current), ...sinks.map(sink => sink(batch))])
    progress.take(batch)
    moved.wake()
  }
}

function fencedWrite({ change, partition, offset }: LoggedChange, fencedBy: number) {
  const { source, epoch } =
    change.record === 'horizon'
      ? { source: change.domain, epoch: 0 }
      : { source: change.source, epoch: change.revision.epoch }
  return { source, epoch, fencedBy, partition, offset }
}

/** How far reading has come, dead letters included: they are told of before the batch that holds the records around them. */
class ReadProgress {
  readonly position: number[]
  private readonly passed: DeadLetter[] = []

  constructor(from: Position) {
    this.position = [...from]
  }

  passOver(letter: DeadLetter): void {
    // Records before it may still be on their way: it counts at once only where it is the very next.
    if (letter.offset === this.position[letter.partition]) this.advance(letter.partition, letter.offset)
    else this.passed.push(letter)
  }

  take(batch: readonly LoggedChange[]): void {
    for (const { partition, offset } of batch) this.advance(partition, offset)
    for (const { partition, offset } of this.passed.splice(0)) this.advance(partition, offset)
  }

  private advance(partition: number, offset: number): void {
    this.position[partition] = Math.max(this.position[partition] ?? 0, offset + 1)
  }
}
