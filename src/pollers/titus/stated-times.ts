import type { SourceBounds } from '../../ownership/claim.ts'
import type { StatedTime } from '../../ownership/stated-times.ts'
import type { TitusStatus, TitusTask } from './reply.ts'

/** A state that Titus missed and filled in later, with the time at which the container started (TaskStatus.java). */
const FILLED_IN = 'filledIn'
/** Of a task whose executor reported its end, after it had given the address back; without a kill or a lost node. */
const RAN_TO_ITS_END = 'normal'

/**
 * What the states of a task say of its hold on its address (inventories.md §1.6). All of them carry the time at which the
 * control plane took note. Where that is to be a lower bound it may be late by as much as a reply, so lag counts as error.
 */
export function statedTimes(task: TitusTask, { lagMs, clockErrorMs }: SourceBounds): readonly StatedTime[] {
  const late = { subject: 'binding', kind: 'not-before', clockErrorMs: lagMs + clockErrorMs } as const
  const noted = { subject: 'binding', kind: 'processed-at' } as const
  // A moved task was another application's when it started.
  const wasMoved = task.context['task.movedFromJob'] !== undefined
  return [
    ...firstOf(task, 'Launched', ({ reason }) => reason !== FILLED_IN).map(
      atMs => ({ ...late, edge: 'start', atMs }) as const,
    ),
    ...firstOf(task, 'Started', () => !wasMoved).map(atMs => ({ ...noted, edge: 'start', atMs }) as const),
    ...firstOf(task, 'KillInitiated', () => true).map(atMs => ({ ...late, edge: 'end', atMs }) as const),
    ...firstOf(task, 'Finished', ({ reason }) => reason === RAN_TO_ITS_END).map(
      atMs => ({ ...noted, edge: 'end', atMs }) as const,
    ),
  ]
}

/** The least, because a state may be reported twice; none where it was not reported. */
function firstOf({ statuses }: TitusTask, state: string, counts: (status: TitusStatus) => boolean): readonly number[] {
  const times = statuses.flatMap(status =>
    status.state === state && status.atMs !== null && counts(status) ? [status.atMs] : [],
  )
  return times.length === 0 ? [] : [Math.min(...times)]
}
