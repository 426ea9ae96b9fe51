import type { AddressBits } from './address.ts'
import type { UnknownReason, Verdict } from './answer.ts'
import { type Layer, layerRank } from './claim.ts'
import type { Blindness, SourceHistory } from './coverage.ts'
import type { SteadyStretch } from './steady-stretch.ts'
import type { Millis, Window } from './window.ts'

/** The address that a question is about. */
export type Place = { readonly domain: string; readonly address: AddressBits }

/** What an absence is about: one layer, or everything that may hold an address. */
export type Height = Layer | 'any-holder'

/** Whether absence of a layer, or of every holder, is proved over a part of the window, and why not. */
export type Absence =
  | { readonly proved: true }
  /** Absent from every complete poll around it, but somebody may have come and gone between two of them. */
  | { readonly proved: 'between-polls-unseen' }
  | { readonly proved: false; readonly reason: UnknownReason }

type WatchedScope = {
  readonly layers: readonly Layer[]
  readonly sinceMs: Millis
  /** What its first complete poll vouches from. */
  readonly polledFromMs: Millis
  readonly speaksFromMs: Millis
}

/** One source as a question about one address meets it. Its word counts from its first complete poll to its removal. */
export class Watcher {
  readonly history: SourceHistory
  /** Everything before this instant is in its claims; never later than now, even where its clock is. */
  readonly progressMs: Millis
  readonly untilMs: Millis
  /** Removed by now: it will say nothing more. */
  readonly isOver: boolean
  /** Silent for longer than it may be, or removed: its next poll is not worth waiting for. */
  readonly isLate: boolean
  /** Every complete poll shows an open claim; the last one's request was sent no earlier. */
  readonly lastPollMs: Millis
  private readonly scopes: readonly WatchedScope[]

  constructor(history: SourceHistory, { domain, address }: Place, nowMs: Millis) {
    this.history = history
    const completeUpToMs = history.completeUpToMs ?? Number.NEGATIVE_INFINITY
    this.progressMs = Math.min(completeUpToMs, nowMs)
    this.untilMs = history.record?.validity.untilMs ?? Number.POSITIVE_INFINITY
    this.isOver = this.untilMs <= nowMs
    this.isLate = history.isLate(nowMs)
    const { lagMs = 0, clockErrorMs = 0 } = history.record?.bounds ?? {}
    this.lastPollMs = completeUpToMs + lagMs + clockErrorMs
    this.scopes = (history.space?.scopesOf(domain, address) ?? []).map(({ layers, fromMs: sinceMs }) => {
      const { fromMs, overAtMs } = history.firstPollSince(sinceMs)
      return { layers, sinceMs, polledFromMs: fromMs, speaksFromMs: overAtMs }
    })
  }

  get watchesAddress(): boolean {
    return this.scopes.length > 0
  }

  get hasPolled(): boolean {
    return this.progressMs > Number.NEGATIVE_INFINITY
  }

  /** Since when its scope has contained the address at a layer, or at any; Infinity where it never has. */
  sinceMs(height?: Height): Millis {
    return this.least(height, scope => scope.sinceMs)
  }

  /** When the first complete poll of that was over: of earlier times none of its polls shows an absence. */
  speaksFromMs(height?: Height): Millis {
    return this.least(height, scope => scope.speaksFromMs)
  }

  /** From when on its claims may tell of the address: those of its second poll reach back into the first. */
  get tellsFromMs(): Millis {
    return this.least(undefined, scope => scope.polledFromMs)
  }

  speaks(part: Window, height?: Height): boolean {
    return part.untilMs <= this.untilMs && this.speaksFromMs(height) <= part.fromMs
  }

  /** Adds the instants at which it begins or ceases to speak, or to see. */
  addTurns(window: Window, turnsMs: Millis[]): void {
    turnsMs.push(this.untilMs)
    for (const { polledFromMs, speaksFromMs } of this.scopes) turnsMs.push(polledFromMs, speaksFromMs)
    for (const atMs of this.history.turnsMs(window)) turnsMs.push(atMs)
  }

  /** Tells a stretch of all instants of which `addTurns` tells some, and of those from which on it watches. */
  cut(stretch: SteadyStretch): void {
    stretch.cut(this.untilMs)
    for (const { sinceMs, polledFromMs, speaksFromMs } of this.scopes) {
      stretch.cut(sinceMs)
      stretch.cut(polledFromMs)
      stretch.cut(speaksFromMs)
    }
    this.history.cut(stretch)
  }

  private least(height: Height | undefined, timeOf: (scope: WatchedScope) => Millis): Millis {
    let leastMs = Number.POSITIVE_INFINITY
    for (const scope of this.scopes) {
      if (height === undefined || reaches(scope, height)) leastMs = Math.min(leastMs, timeOf(scope))
    }
    return leastMs
  }
}

const reaches = ({ layers }: WatchedScope, height: Height): boolean =>
  height === 'any-holder' ? layers.some(layer => layerRank(layer) >= layerRank('interface')) : layers.includes(height)

const seesMachines = (watcher: Watcher, part: Window): boolean =>
  watcher.speaks(part, 'interface') || watcher.speaks(part, 'instance')

/** Of several reasons why we are blind, the one that will go away last, whatever order the sources come in. */
export const mostLasting = (reasons: readonly Blindness[]): Blindness | undefined =>
  (['before-coverage', 'source-stale', 'not-yet'] as const).find(reason => reasons.includes(reason))

/** All sources that ever watch the address, and what they say together of a part of the window. */
export class Watch {
  private readonly watchers: readonly Watcher[]
  private readonly nowMs: Millis
  private readonly isKnownDomain: () => boolean

  constructor(watchers: readonly Watcher[], nowMs: Millis, isKnownDomain: () => boolean) {
    this.watchers = watchers.filter(({ watchesAddress }) => watchesAddress)
    this.nowMs = nowMs
    this.isKnownDomain = isKnownDomain
  }

  /** Some source's complete polls speak of the address over the whole part. */
  isWatched(part: Window): boolean {
    return this.watchers.some(watcher => watcher.speaks(part, 'any-holder'))
  }

  /** Instants within the window at which what the sources can say changes. */
  turnsMs(window: Window): readonly Millis[] {
    const turnsMs = [this.nowMs]
    for (const watcher of this.watchers) watcher.addTurns(window, turnsMs)
    return turnsMs
  }

  /** Whether a part between two `turnsMs` is still to come: nobody has seen anything of it, whatever a source vouches for. */
  isAhead(part: Window): boolean {
    return part.fromMs >= this.nowMs
  }

  /**
   * Absence is proved where every source that speaks of it then is sure. One that began to watch later, or was removed
   * before, has no say: an answer that was final before a source was added stays what it was.
   */
  absence(part: Window, height: Height): Absence {
    const speaking = this.watchers.filter(watcher => watcher.speaks(part, height))
    if (speaking.length === 0) return { proved: false, reason: this.whyUnwatched(part, height) }
    // Who lists containers alone knows nothing of the machines beside them.
    if (height === 'any-holder' && !speaking.some(watcher => seesMachines(watcher, part)))
      return { proved: false, reason: 'before-coverage' }
    const blind = speaking.flatMap(
      watcher => watcher.history.blindness(part, watcher.sinceMs(height), this.nowMs) ?? [],
    )
    const reason = mostLasting(blind)
    if (reason) return { proved: false, reason }
    return { proved: speaking.every(({ history }) => history.provesAbsence(part)) || 'between-polls-unseen' }
  }

  private whyUnwatched(part: Window, height: Height): UnknownReason {
    const ever = this.watchers.filter(watcher => watcher.sinceMs(height) < Number.POSITIVE_INFINITY)
    if (ever.some(watcher => watcher.speaksFromMs(height) > part.fromMs)) return 'before-coverage'
    if (height === 'any-holder') return this.isKnownDomain() ? 'unmanaged-prefix' : 'no-such-domain'
    return ever.length > 0 ? 'source-stale' : 'before-coverage'
  }

  /** Least progress of the sources whose scope and validity contain the address at some instant of the window. */
  watermarkMs(window: Window): Millis | null {
    const during = this.watchers.filter(
      watcher => watcher.untilMs > window.fromMs && watcher.speaksFromMs() < window.untilMs,
    )
    // Who saw all of its own time until it was removed owes nothing more.
    const owing = during.filter(({ progressMs, untilMs }) => untilMs >= window.untilMs || progressMs < untilMs)
    const later = this.watchers.filter(watcher => watcher.speaksFromMs() >= window.untilMs && watcher.hasPolled)
    const concerned = [owing, during, later].find(watchers => watchers.length > 0) ?? []
    const leastMs = Math.min(...concerned.map(({ progressMs }) => progressMs))
    return Number.isFinite(leastMs) ? leastMs : null
  }

  /**
   * Whether no later poll can change what the sources say of a part between two `turnsMs`: whoever speaks of it has seen it
   * or was removed. What is unknown because nobody watched yet stays so once a source has begun to watch after it.
   */
  isSettled(part: Window, { state }: Verdict): boolean {
    const { fromMs, untilMs } = part
    const speaking = this.watchers.filter(watcher => watcher.speaks(part))
    if (speaking.length > 0) return speaking.every(({ isOver, progressMs }) => isOver || progressMs >= untilMs)
    const hasBegun = (watcher: Watcher) => watcher.tellsFromMs <= fromMs && fromMs < watcher.untilMs
    if (state !== 'unknown' || this.watchers.some(hasBegun)) return false
    return this.watchers.some(({ tellsFromMs, progressMs }) => tellsFromMs >= untilMs && progressMs >= untilMs)
  }
}
