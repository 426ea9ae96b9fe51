import type { Horizon } from '../../ownership/claim.ts'
import type { Millis } from '../../ownership/window.ts'
import { changestreamErrors } from '../errors.ts'
import { type ChangeLog, hasReached, type Position } from '../port.ts'
import { Needed } from './needed.ts'

export type RetainOptions = {
  /** History below is to go. */
  readonly beforeMs: Millis
  /** What is here or behind stays: up to where the history has been copied to wherever it is to be. */
  readonly upTo: Position
  readonly signal: AbortSignal
}

/** What became of a run of retention. */
export type Retained = {
  /** From here on the log has everything. */
  readonly start: Position
  /** The domains whose horizon was raised. */
  readonly horizons: readonly Horizon[]
  /** Records in front of `start` that outlive what they were in. */
  readonly kept: number
}

/**
 * Lets go of the history of all domains below `beforeMs`, where the log can be parted. First a horizon for each domain is in the log,
 * durable; then what lies below goes. Open claims, claims above the horizon, sources, coverage and epochs stay readable from
 * the log's beginning. It can be killed at any point, and run again.
 * @returns undefined where there was nothing to let go of, the log cannot, or another process was faster.
 * @throws Whatever reading and appending throw, or the signal's reason.
 */
export async function retain(log: ChangeLog, options: RetainOptions): Promise<Retained | undefined> {
  const { beforeMs, upTo, signal } = options
  const { forgetting } = log
  if (forgetting === undefined || log.start === undefined) return undefined
  const start = await forgetting.loggedBefore(beforeMs, upTo)
  if (hasReached(await log.start(), start)) return undefined
  const needed = await neededBefore(log, start, signal)
  const soFar = needed.horizonsSoFar()
  const horizons = [...soFar].flatMap(([domain, atMs]): Horizon[] =>
    atMs < beforeMs ? [{ record: 'horizon', domain, beforeMs }] : [],
  )
  await log.append(horizons)
  signal.throwIfAborted()
  const kept = needed.kept(log.partitions, domain => Math.max(beforeMs, soFar.get(domain) ?? beforeMs))
  if (!(await forgetting.forget(start, kept, log.read))) return undefined
  return { start, horizons, kept: kept.offsets.reduce((sum, { length }) => sum + length, 0) }
}

/**
 * Refuses to say what a log held before a position in the part that it has let go of: what it keeps of it is what was needed
 * later, not what was there then.
 * @throws WHOHAD_STREAM_POSITION_GONE
 */
export async function refuseLetGo(log: Pick<ChangeLog, 'start' | 'forgetting'>, position: Position): Promise<void> {
  // Where its beginning does not tell all, reading begins with the history behind it, which does.
  if (log.start === undefined || !(await log.forgetting?.isWhole())) return
  const start = await log.start()
  for (const [partition, first] of start.entries()) {
    const offset = position[partition] ?? 0
    if (offset < first) throw changestreamErrors.positionGone({ partition, offset, first, end: first })
  }
}

async function neededBefore(log: ChangeLog, end: Position, signal: AbortSignal): Promise<Needed> {
  const needed = new Needed()
  const place = end.map(() => 0)
  for await (const batch of log.read({ follow: false, signal })) {
    for (const logged of batch) {
      const { partition, offset } = logged
      if (offset < (end[partition] ?? 0)) needed.take(logged)
      place[partition] = offset + 1
    }
    if (hasReached(place, end)) break
  }
  signal.throwIfAborted()
  return needed
}
