import type { Millis } from '../ownership/window.ts'
import type { Eni } from './eni.ts'
import type { Ground, Instance } from './fleet.ts'
import { type Job, uuid } from './jobs.ts'

export type NetworkMode = 'Ipv4Only' | 'Ipv6AndIpv4' | 'Ipv6AndIpv4Fallback' | 'Ipv6Only'

/** One task and when it reached each state; Infinity for a state that it never shows. */
export type Task = {
  readonly id: string
  readonly job: Job
  /** Another job that it is moved to, with its address and its id. */
  readonly moved: { readonly atMs: Millis; readonly to: Job } | null
  readonly host: Instance
  readonly eni: Eni
  readonly mode: NetworkMode
  /** Its own addresses; null where its mode gives it none of that kind. */
  readonly ip: string | null
  readonly ipv6: string | null
  /** The IPv4 address that it sends from together with others on its interface. */
  readonly transitionIp: string | null
  readonly acceptedMs: Millis
  readonly launchedMs: Millis
  readonly startInitiatedMs: Millis
  readonly startedMs: Millis
  readonly killInitiatedMs: Millis
  readonly finishedMs: Millis
  /** Why it finished. */
  readonly reason: 'normal' | 'failed' | 'killed'
  /** Listed as finished until here, though the list is of active tasks. */
  readonly listedUntilMs: Millis
  /** The addresses are really its own in [holdsFromMs, holdsUntilMs). */
  readonly holdsFromMs: Millis
  readonly holdsUntilMs: Millis
}

/** The job that a task belongs to. */
export const jobOf = ({ job, moved }: Task, atMs: Millis): Job => (moved && moved.atMs <= atMs ? moved.to : job)

export const isListed = ({ finishedMs, listedUntilMs }: Task, atMs: Millis): boolean =>
  atMs < Math.max(finishedMs, listedUntilMs)

/** Where a task runs, and the addresses that are kept for it there. */
export type Slot = {
  readonly host: Instance
  readonly eni: Eni
  readonly ip: string
  readonly nextIpv6: () => string
  readonly transitionIp: string
}

export type Beginning = { readonly acceptedMs: Millis; readonly launchedMs: Millis; readonly holdsFromMs: Millis }

const MEDIAN_LIFE_MS = 600_000

/** Draws the whole life of a task that takes its addresses at `holdsFromMs`, and lives on from `nowMs` if that is later. */
export function planTask(slot: Slot, beginning: Beginning, nowMs: Millis, jobs: readonly Job[], ground: Ground): Task {
  const { random, briefestHoldingMs, shownLateMs, pace, habits } = ground
  const { holdsFromMs } = beginning
  const medianMs = Math.max(60_000 * pace, MEDIAN_LIFE_MS * pace - briefestHoldingMs)
  const fromMs = Math.max(holdsFromMs, nowMs)
  const holdsUntilMs = Math.floor(fromMs + briefestHoldingMs + random.exponential(medianMs))
  const startInitiatedMs = holdsFromMs + Math.floor(shownLateMs * random.between(0, 0.06))
  const finishedMs = holdsUntilMs + Math.floor(shownLateMs * random.between(0.03, random.chance(0.3) ? 1 : 0.5))
  const isKilled = random.chance(0.5)
  const toldMs = holdsUntilMs - random.integer(500, 9_000)
  const mode = modeAt(random.next(), habits.sharing)
  const job = random.pick(jobs)
  const another = random.pick(jobs)
  // Under one name, too, nobody holds it more briefly than is promised.
  const [movableFromMs, movableUntilMs] = [fromMs + briefestHoldingMs, holdsUntilMs - briefestHoldingMs]
  const isMoved =
    random.chance(habits.moved) && another.application !== job.application && movableFromMs <= movableUntilMs
  return {
    id: uuid(random),
    job,
    moved: isMoved ? { atMs: Math.floor(random.between(movableFromMs, movableUntilMs)), to: another } : null,
    host: slot.host,
    eni: slot.eni,
    mode,
    ip: mode === 'Ipv4Only' || mode === 'Ipv6AndIpv4' ? slot.ip : null,
    ipv6: mode === 'Ipv4Only' ? null : slot.nextIpv6(),
    transitionIp: mode === 'Ipv6AndIpv4Fallback' ? slot.transitionIp : null,
    ...beginning,
    startInitiatedMs,
    startedMs: startInitiatedMs + Math.floor(shownLateMs * random.between(0.06, 0.7)),
    // Now and then noted only when the container is gone already.
    killInitiatedMs: isKilled ? (random.chance(0.1) ? finishedMs - 1 : toldMs) : Number.POSITIVE_INFINITY,
    finishedMs,
    reason: isKilled ? 'killed' : random.chance(0.85) ? 'normal' : 'failed',
    listedUntilMs: random.chance(habits.listedOn) ? finishedMs + random.integer(0, 90_000) : 0,
    holdsUntilMs,
  }
}

/** Of tasks with addresses of their own. */
const MODES: readonly NetworkMode[] = [
  ...Array<NetworkMode>(12).fill('Ipv4Only'),
  ...Array<NetworkMode>(5).fill('Ipv6AndIpv4'),
  ...Array<NetworkMode>(2).fill('Ipv6Only'),
]

/** Who shares an IPv4 address cannot be told apart from others that send from it, but on the host. `drawn` is in [0, 1). */
const modeAt = (drawn: number, sharing: number): NetworkMode =>
  MODES[Math.floor((drawn / (1 - sharing)) * MODES.length)] ?? 'Ipv6AndIpv4Fallback'
