import type { Ip } from '../../../src/ownership/address.ts'
import type { UnknownReason } from '../../../src/ownership/answer.ts'
import { LAYERS, type Layer, type Scope } from '../../../src/ownership/claim.ts'
import type { Millis } from '../../../src/ownership/window.ts'
import { covers } from './digits.ts'
import type { Source } from './facts.ts'

/** One address of one domain. */
export type Place = { readonly domain: string; readonly ip: Ip }

/** A source as far as it concerns one address and one now: what it vouches for beyond that proves nothing. */
export type Watcher = Source & {
  /** What it vouches for there, and since when; empty where it never did. */
  readonly scope: readonly Scope[]
  /** From here on it was removed. */
  readonly removedMs: Millis
}

export function watcherOf(source: Source, { domain, ip }: Place, nowMs: Millis): Watcher {
  const { scope = [], validity } = source.registration ?? {}
  return {
    ...source,
    progressMs: Math.min(source.progressMs, nowMs),
    scope: scope
      .filter(part => part.domain === domain && covers(part.prefix, ip))
      .map(part => ({ ...part, fromMs: Math.max(part.fromMs, validity?.fromMs ?? part.fromMs) })),
    removedMs: validity?.untilMs ?? Number.POSITIVE_INFINITY,
  }
}

/** What an absence is about: one layer, or whatever holds addresses. */
export type Height = Layer | 'any-holder'

const isAbout = ({ layers }: Scope, height: Height): boolean =>
  height === 'any-holder'
    ? layers.some(layer => LAYERS.indexOf(layer) >= LAYERS.indexOf('interface'))
    : layers.includes(height)

/** Since when a source vouches for the address; Infinity where it never did. */
export const watchesSinceMs = (watcher: Watcher, height: Height): Millis =>
  Math.min(Number.POSITIVE_INFINITY, ...watcher.scope.filter(part => isAbout(part, height)).map(part => part.fromMs))

/**
 * From when on its polls show who is absent: when the first one that vouches for the address was over. What that poll shows
 * may be as late as that.
 */
export const speaksFromMs = (watcher: Watcher, height: Height): Millis =>
  Math.min(
    Number.POSITIVE_INFINITY,
    ...watcher.scope.filter(part => isAbout(part, height)).map(part => firstWordMs(watcher, part)),
  )

function firstWordMs({ polls }: Watcher, { fromMs }: Scope): Millis {
  const first = polls.find(poll => poll.vouchedMs >= fromMs)
  return first === undefined ? Number.POSITIVE_INFINITY : Math.max(first.vouchedMs, first.overAtMs)
}

/**
 * A source has a say at an instant if its scope and validity contain the address then (design.md §2, "watermark"): one that
 * was added later, or removed before, has none, so that an answer which was final stays what it was.
 */
export const speaksAt = (watcher: Watcher, atMs: Millis, height: Height): boolean =>
  speaksFromMs(watcher, height) <= atMs && atMs < watcher.removedMs

/** Silent for longer than it may be, or removed: there is nothing to wait for. */
export function isLate(watcher: Watcher, nowMs: Millis): boolean {
  const longestGapMs = watcher.registration?.bounds.longestGapMs ?? 0
  return nowMs - watcher.progressMs > longestGapMs || nowMs >= watcher.removedMs
}

export type Blindness = Extract<UnknownReason, 'before-coverage' | 'source-stale' | 'not-yet'>

/** Absence counts between two complete polls that stood close together. Elsewhere this is why it does not. */
export function blindnessAt(watcher: Watcher, atMs: Millis, nowMs: Millis): Blindness | undefined {
  const before = watcher.polls.findLast(poll => poll.vouchedMs <= atMs)
  const after = watcher.polls.find(poll => poll.vouchedMs > atMs)
  if (before === undefined) return 'before-coverage'
  if (after === undefined) return isLate(watcher, nowMs) ? 'source-stale' : 'not-yet'
  const longestGapMs = watcher.registration?.bounds.longestGapMs ?? 0
  return after.vouchedMs - before.vouchedMs > longestGapMs ? 'source-stale' : undefined
}

/** Of several reasons why we are blind at one instant, the one that will go away last. */
export const mostLasting = (reasons: readonly Blindness[]): Blindness | undefined =>
  (['before-coverage', 'source-stale', 'not-yet'] as const).find(reason => reasons.includes(reason))
