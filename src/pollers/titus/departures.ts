import type { Sighted } from '../../ownership/snapshot.ts'
import type { Clock } from '../../runtime/clock.ts'
import { WhohadError } from '../../runtime/errors.ts'
import type { TitusTask } from './reply.ts'
import { hasAny, taskAddresses } from './task-addresses.ts'

/** Asks for one task by its id; undefined where Titus has no such task. */
export type AskTask = (id: string, signal: AbortSignal) => Promise<Sighted<TitusTask> | undefined>

/** A task that the last listing had and this one has not, as Titus tells of it by its id. */
export type Departed = Sighted<TitusTask> & {
  /** Its absence shows that its address is free: nothing says that its container may have outlived it. */
  readonly isGone: boolean
}

/** One poll asks for so many at most; of the others their absence is all that is known. */
const MOST_ASKED = 100
/** So does one look, but that it says nothing of the others. */
const MOST_LOOKED_AFTER = 20
const ASKED_AT_ONCE = 8
/** How long the address of a lost task may go on being its own: 5 + 30 minutes to tombstone and remove it (inventories.md §1.5). */
const LINGER_MS = 35 * 60_000
/** Ends that Titus concluded without the executor's word: the container may live on (inventories.md §1.6; TaskStatus.java). */
const CONCLUDED: ReadonlySet<string> = new Set(['lost', 'stuckInKillingState', 'inconsistent'])

/**
 * The list has active tasks only, so a task's end is seen as its absence; its id still leads to the archive. What that proves:
 *
 * - when it was told to end (`KillInitiated`): it held its address until about then;
 * - when it was `Finished`, where the executor reported that (`normal`): it had given its address back by then;
 * - that it is still active: the walk missed it, and this is a sighting;
 * - that it was lost: its container may live on, so that its absence from the list does not free its address for a while.
 *
 * It proves nothing of when any other end freed the address, nothing where it fails, and nothing of tasks that were never
 * listed. What was listed is kept in memory: after a restart the first poll's absences stand alone.
 */
export class Departures {
  private readonly clock: Clock
  private listed: ReadonlySet<string> = new Set()
  private readonly lingering = new Map<string, { readonly task: Sighted<TitusTask>; readonly untilMs: number }>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** How many tasks with addresses the last listing had. */
  get listedBefore(): number {
    return this.listed.size
  }

  async since(
    tasks: readonly Sighted<TitusTask>[],
    ask: AskTask,
    signal: AbortSignal,
  ): Promise<{ readonly active: readonly Sighted<TitusTask>[]; readonly departed: readonly Departed[] }> {
    const now = new Set(tasks.map(({ value }) => value.id))
    const missing = [...this.listed].filter(id => !now.has(id)).slice(0, MOST_ASKED)
    const replies = (await askAll(missing, ask, signal)).flatMap(({ task }) => task ?? [])
    const active = replies.filter(({ value }) => value.state !== 'Finished')
    const finished = replies.filter(({ value }) => value.state === 'Finished')
    this.listed = new Set(
      [...tasks, ...active].filter(({ value }) => hasAny(taskAddresses(value.context))).map(({ value }) => value.id),
    )
    this.linger(finished)
    return {
      active,
      departed: [
        ...finished.filter(task => !isConcluded(task)).map(task => ({ ...task, isGone: true })),
        ...this.stillLingering(now).map(task => ({ ...task, isGone: false })),
      ],
    }
  }

  /**
   * Of tasks that a look asked for and was not shown: the same, and `answered`, of which Titus has told something or that it
   * has no such task. Nothing is known of the others. What is told here is not asked for again at the next poll.
   */
  async missing(
    ids: readonly string[],
    ask: AskTask,
    signal: AbortSignal,
  ): Promise<Awaited<ReturnType<Departures['since']>> & { readonly answered: readonly string[] }> {
    const replies = await askAll(ids.slice(0, MOST_LOOKED_AFTER), ask, signal)
    const tasks = replies.flatMap(({ task }) => task ?? [])
    const finished = tasks.filter(({ value }) => value.state === 'Finished')
    this.linger(finished)
    const told = new Set(finished.map(({ value }) => value.id))
    this.listed = new Set([...this.listed].filter(id => !told.has(id)))
    return {
      active: tasks.filter(({ value }) => value.state !== 'Finished'),
      departed: finished.map(task => ({ ...task, isGone: !isConcluded(task) })),
      answered: replies.map(({ id }) => id),
    }
  }

  private linger(finished: readonly Sighted<TitusTask>[]): void {
    const untilMs = this.clock.now() + LINGER_MS
    for (const task of finished.filter(isConcluded)) this.lingering.set(task.value.id, { task, untilMs })
  }

  private stillLingering(listed: ReadonlySet<string>): readonly Sighted<TitusTask>[] {
    const nowMs = this.clock.now()
    for (const [id, { untilMs }] of this.lingering) if (untilMs <= nowMs || listed.has(id)) this.lingering.delete(id)
    return [...this.lingering.values()].map(({ task }) => task)
  }
}

const isConcluded = ({ value: { statuses } }: Sighted<TitusTask>): boolean => CONCLUDED.has(statuses[0]?.reason ?? '')

type Told = { readonly id: string; readonly task: Sighted<TitusTask> | undefined }

/** Polls and looks do not depend on it: at the first failure the rest is left to what the listing shows. */
async function askAll(ids: readonly string[], ask: AskTask, signal: AbortSignal): Promise<Told[]> {
  const found: Told[] = []
  for (let i = 0; i < ids.length; i += ASKED_AT_ONCE) {
    const part = ids.slice(i, i + ASKED_AT_ONCE)
    const asked = await Promise.allSettled(part.map(async id => ({ id, task: await ask(id, signal) })))
    signal.throwIfAborted()
    for (const outcome of asked) {
      if (outcome.status === 'fulfilled') found.push(outcome.value)
      if (outcome.status === 'rejected' && !(outcome.reason instanceof WhohadError)) throw outcome.reason
    }
    if (asked.some(({ status }) => status === 'rejected')) break
  }
  return found
}
