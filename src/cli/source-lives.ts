import { Fence } from '../changestream/fence.ts'
import type { LoggedChange } from '../changestream/port.ts'
import { isGoodbye, type Progress, type Revision, type SourceRecord, supersedes } from '../ownership/claim.ts'
import type { Millis } from '../ownership/window.ts'

/** What the change stream tells of one source, over all of its life. Times are the log's, unless said otherwise. */
export type SourceLife = {
  readonly source: string
  readonly record: SourceRecord | undefined
  readonly epoch: number
  /** The newest complete poll. */
  readonly complete: Progress | undefined
  /** The refusal of the newest poll, and since when and how often polls were refused in a row; undefined where it counted. */
  readonly refused: RefusedPolls | undefined
  /** When its poller said that it stops, where nothing came after that. */
  readonly stoppedAtMs: Millis | undefined
  /** When pollers took over from one that had not said that it stops. */
  readonly takeoversMs: readonly Millis[]
  /** Records that came after a higher epoch. */
  readonly fenced: { readonly records: number; readonly lastMs: Millis }
  /** By how much its newest complete poll was over after the log took it: the poller's clock is ahead of the log's. */
  readonly clockAheadMs: Millis
}

export type RefusedPolls = {
  readonly revision: Revision
  readonly reason: string
  readonly detail: string
  readonly sinceMs: Millis
  readonly polls: number
}

/** Reads the change stream, in its order, for what became of each source. */
export class SourceLives {
  private readonly fence = new Fence()
  private readonly bySource = new Map<string, SourceLife>()

  take({ change, loggedAtMs }: LoggedChange): void {
    if (change.record === 'horizon') return
    const { source } = change
    const held = this.bySource.get(source) ?? unheardOf(source)
    if (this.fence.fencedBy(change) !== undefined) {
      this.bySource.set(source, { ...held, fenced: { records: held.fenced.records + 1, lastMs: loggedAtMs } })
    } else if (change.record === 'source') {
      this.bySource.set(source, registered(held, change, loggedAtMs))
    } else if (change.record === 'progress') {
      this.bySource.set(source, advanced(held, change, loggedAtMs))
    }
  }

  /** By name, without flow log objects, which register nothing. */
  all(): readonly SourceLife[] {
    return [...this.bySource.values()]
      .filter(({ record }) => record !== undefined)
      .toSorted((a, b) => (a.source < b.source ? -1 : 1))
  }
}

const unheardOf = (source: string): SourceLife => ({
  source,
  record: undefined,
  epoch: 0,
  complete: undefined,
  refused: undefined,
  stoppedAtMs: undefined,
  takeoversMs: [],
  fenced: { records: 0, lastMs: 0 },
  clockAheadMs: 0,
})

function registered(life: SourceLife, record: SourceRecord, loggedAtMs: Millis): SourceLife {
  const { epoch } = record.revision
  const isUnasked = epoch > life.epoch && life.epoch > 0 && life.stoppedAtMs === undefined
  const takeoversMs = isUnasked ? [...life.takeoversMs, loggedAtMs] : life.takeoversMs
  const isNewest = life.record === undefined || supersedes(record, life.record)
  return { ...life, record: isNewest ? record : life.record, epoch, takeoversMs, stoppedAtMs: undefined }
}

function advanced(life: SourceLife, progress: Progress, loggedAtMs: Millis): SourceLife {
  if (isGoodbye(progress)) return { ...life, stoppedAtMs: loggedAtMs }
  const { revision, refused, overAtMs } = progress
  if (refused === null)
    return {
      ...life,
      complete: progress,
      refused: undefined,
      stoppedAtMs: undefined,
      clockAheadMs: overAtMs - loggedAtMs,
    }
  const { sinceMs = loggedAtMs, polls = 0 } = life.refused ?? {}
  return { ...life, stoppedAtMs: undefined, refused: { revision, ...refused, sinceMs, polls: polls + 1 } }
}
