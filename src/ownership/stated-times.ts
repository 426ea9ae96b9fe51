import type { Bounds, Millis } from './window.ts'

/**
 * A time that a source itself states for the start or the end of a holding (design.md §1, rule 5).
 *
 * Its kind says how the change lies to `atMs`: `exact` at it, `not-before` and `not-after` on one side of it,
 * `processed-at` before it, by however long it took until the source took note.
 *
 * Its subject is this binding of this address, or the attachment that the binding lives within and may be shorter than:
 * it begins no earlier and ends no later. So only `exact` on the binding is a point.
 *
 * Whoever states an upper bound of a start also says that the owner had its application from there on. Where that may have
 * changed since (a tag, a task that was moved), state lower bounds only.
 *
 * What the fields of real inventories say (inventories.md §1.6, §4 to §7; aws.md §2.1, §2.4):
 *
 * | field                            | states                       | because                                          |
 * | -------------------------------- | ---------------------------- | ------------------------------------------------ |
 * | ENI `Attachment.AttachTime`      | start, exact, attachment     | attaching was initiated; the address may be later |
 * | Instance `LaunchTime`            | nothing                      | the last start: addresses stay over stop and start |
 * | private, prefix, Elastic address | nothing                      | no API gives assignment or association a time    |
 * | Titus `Launched`                 | start, not-before, binding   | noted late, so lag is error; not where `filledIn` |
 * | Titus `Started`                  | start, processed-at, binding | the address comes before it                      |
 * | Titus `KillInitiated`            | end, not-before, binding     | held until the task is gone; lag is error        |
 * | Titus `Finished`, if `normal`    | end, processed-at, binding   | the executor gives back, then reports            |
 * | ECS `startedAt`                  | start, not-after, binding    | the interface is there before the container      |
 * | ECS `executionStoppedAt`         | end, not-before, binding     | the interface goes after it                      |
 * | ECS `stoppedAt`                  | nothing                      | the interface may go before or after it          |
 * | Pod `startTime`                  | start, not-before, binding   | the kubelet's note, before the pod's network     |
 * | Pod `PodReadyToStartContainers`  | start, not-after, binding    | the sandbox has its network                      |
 * | Pod, last `finishedAt`           | end, not-before, binding     | the network goes after the containers            |
 * | VPC CNI `AssignedTime`           | start, exact, binding        | of the address itself, on the node's clock       |
 * | VPC CNI `UnassignedTime`         | end, exact, binding          | of the address itself, on the node's clock       |
 */
export type StatedTime = {
  readonly edge: 'start' | 'end'
  readonly kind: 'exact' | 'not-before' | 'not-after' | 'processed-at'
  readonly subject: 'binding' | 'attachment'
  readonly atMs: Millis
  /** How far the clock behind it may be off; the source's ε where it is left out. */
  readonly clockErrorMs?: number
}

/** A window of the polls, cut by what was stated of the same edge. */
export type Heard = {
  readonly bounds: Bounds
  /** An exact time on this binding is among what cut it. */
  readonly isPoint: boolean
  /** Something stated bounds it from above. */
  readonly isBoundedAbove: boolean
  readonly isContradicted: boolean
}

/** Of an edge of which nothing is stated. */
export const unheard = (bounds: Bounds): Heard => ({
  bounds,
  isPoint: false,
  isBoundedAbove: false,
  isContradicted: false,
})

/** All that is stated of one edge intersects the window, in any order; what leaves nothing of it is not believed at all. */
export function hear(
  polled: Bounds,
  edge: StatedTime['edge'],
  stated: readonly StatedTime[],
  clockErrorMs: number,
): Heard {
  // Of nearly all bindings nothing is stated: their windows stay one object.
  if (stated.length === 0 && polled.earliestMs <= polled.latestMs) return unheard(polled)
  const said = stated.filter(time => time.edge === edge)
  const limits = said.map(time => limitsOf(time, time.clockErrorMs ?? clockErrorMs))
  const earliestMs = Math.max(polled.earliestMs, ...limits.map(limit => limit.earliestMs))
  const latestMs = Math.min(polled.latestMs, ...limits.map(limit => limit.latestMs))
  // Not even true where a time is no number.
  const isAnythingLeft = earliestMs <= latestMs
  if (!isAnythingLeft) return { ...unheard(polled), isContradicted: true }
  return {
    bounds: { earliestMs, latestMs },
    isPoint: said.some(({ kind, subject }) => kind === 'exact' && subject === 'binding'),
    isBoundedAbove: limits.some(limit => limit.latestMs < Number.POSITIVE_INFINITY),
    isContradicted: false,
  }
}

/** What one statement leaves possible for the edge of the binding. */
function limitsOf({ edge, kind, subject, atMs }: StatedTime, clockErrorMs: number): Bounds {
  const boundsBelow = kind === 'exact' || kind === 'not-before'
  const boundsAbove = kind !== 'not-before'
  return {
    earliestMs:
      boundsBelow && (subject === 'binding' || edge === 'start') ? atMs - clockErrorMs : Number.NEGATIVE_INFINITY,
    latestMs: boundsAbove && (subject === 'binding' || edge === 'end') ? atMs + clockErrorMs : Number.POSITIVE_INFINITY,
  }
}
