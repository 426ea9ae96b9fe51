import type { Claim, Revision } from './claim.ts'
import { Hearing } from './hearing.ts'
import { KnownClaims } from './known-claims.ts'
import { listedOnce } from './listed-once.ts'
import { newClaim } from './new-claim.ts'
import {
  haveSameNames,
  isSamePlace,
  isUnchanged,
  lacksNamesOf,
  onceForwarding,
  SameOwners,
  saysTheSame,
} from './same-holding.ts'
import { SeenWindows } from './seen-windows.ts'
import type { Binding } from './snapshot.ts'
import type { DiffContext, SourceState } from './source-state.ts'
import { unheard } from './stated-times.ts'
import { isSameBounds, type Millis } from './window.ts'

/** What the replies of one poll, or of one look at a part, prove of time. */
export type Shown = {
  /** Every reply shows this moment or a later one. */
  readonly fromMs: Millis
  /** When all was over, by the latest clock: an absence is proved by then, not earlier. */
  readonly overAtMs: Millis
  /** Before this moment a holding that is new was not shown by who would have shown it. */
  readonly notBefore: (binding: Binding) => Millis
}

const BEFORE_ANYTHING_MS: Millis = 0

/** The work of one poll, or of one look at a part, on the claims of its source. */
export class PollStep {
  readonly changed = new Map<string, Claim>()
  readonly hearing: Hearing
  protected readonly known: KnownClaims
  /** Closed by a stated end, and still listed on their way out: the next poll must not take them for news. */
  private readonly told = new Set<string>()
  private readonly state: SourceState
  protected readonly context: DiffContext
  private readonly revision: Revision
  private readonly shown: Shown
  protected readonly windows: SeenWindows
  private readonly owners = new SameOwners()

  constructor(state: SourceState, context: DiffContext, revision: Revision, shown: Shown) {
    this.state = state
    this.context = context
    this.revision = revision
    this.shown = shown
    this.hearing = new Hearing(context.bounds.clockErrorMs, shown.overAtMs)
    this.windows = new SeenWindows(context.bounds, state)
    this.known = new KnownClaims(state.claims)
  }

  /** All that was listed. Returns how many bindings that are, those that were listed twice counted once. */
  seeAll(listed: readonly Binding[]): number {
    const { bindings, holdings } = listedOnce(listed, this.known)
    for (let i = 0; i < bindings.length; i++) this.see(bindings[i] as Binding, holdings[i] as number)
    return bindings.length
  }

  private see(binding: Binding, holding: number): void {
    const asBefore = this.known.markSeenIf(binding, holding, this.isAsBefore)
    if (asBefore) {
      this.carryOn(asBefore, binding)
      return
    }
    const known = this.known.of(binding, holding)
    const told = known.find(claim => this.isTold(claim, binding))
    if (told) {
      this.told.add(told.id)
      return
    }
    const claims = known.filter(({ state }) => state !== 'closed')
    const alike = claims.filter(claim => haveSameNames(claim.owners, binding.owners))
    const named = alike.find(claim => claim.state === 'open') ?? alike[0]
    // A name that is gone is a listing without tags, not a new owner (rule 6); nor does it show that the name was still
    // there.
    const tagless = claims.find(claim => this.isUnderWay(claim) && lacksNamesOf(binding.owners, claim.owners))
    const claim = tagless ?? named
    if (claim) for (const other of claims) if (this.wasTakenOver(other, claim)) this.empty(other)
    if (tagless) this.end(tagless, binding)
    else if (named === undefined) this.open(binding, claims)
    else if (binding.state === 'ending') this.end(named, binding)
    else if (!this.continues(named, binding)) this.split(named, binding, true)
    else if (isUnchanged(named, binding) && !claims.some(other => isOtherName(other, named))) {
      this.go(named, binding)
    } else this.split(named, binding, false)
  }

  /**
   * Claims that would have been shown, and were not: first their end window opens, at the second absence they close.
   * A reply may show a moment before the claim began; then the claim is no longer seen, and has no end yet.
   */
  missTheRest(wouldShow: (claim: Claim) => boolean = () => true): void {
    const { fromMs, overAtMs } = this.shown
    for (const claim of this.known.unseen()) {
      if (claim.state === 'closed' || !wouldShow(claim)) continue
      const latestMs = claim.start.latestMs > fromMs ? Number.POSITIVE_INFINITY : overAtMs
      if (claim.state === 'open') {
        this.revise(claim, { state: 'missing', ...this.windows.lastSeen(claim, latestMs) })
      } else if (!this.isUnderWay(claim)) {
        this.revise(claim, { state: 'closed' })
      } else if (latestMs === overAtMs) {
        this.revise(claim, { end: { ...claim.end, latestMs } })
      }
    }
  }

  /** The claims that the next poll has to compare with. */
  remaining(): ReadonlyMap<string, Claim> {
    const closed = [...this.known.closed]
    for (const claim of this.changed.values()) if (claim.state === 'closed') closed.push(claim)
    const before = this.state.claims
    if (closed.length === 0 && this.changed.size === 0) return before
    if (closed.length === 0 && before.size === 0) return this.changed
    // By their values: `new Map(before)` makes a pair of each on the way.
    const claims = new Map<string, Claim>()
    for (const claim of before.values()) claims.set(claim.id, claim)
    for (const claim of this.changed.values()) claims.set(claim.id, claim)
    for (const { id } of closed) if (!this.told.has(id)) claims.delete(id)
    return claims
  }

  /** Held by the same, as all of an estate is but for a few: what `see` does then, without a word said. */
  private readonly isAsBefore = (claim: Claim, binding: Binding): boolean =>
    claim.state === 'open' &&
    binding.state === 'held' &&
    saysTheSame(claim, binding, this.owners) &&
    this.continues(claim, binding)

  /** Of an open claim that is sighted again, with nothing new about it: the source's progress carries it on. */
  protected carryOn(_claim: Claim, _binding: Binding): void {}

  /** Still held. Published only where something about it is new: the source's progress carries an open claim on. */
  private go(claim: Claim, binding: Binding): void {
    this.known.markSeen(claim)
    const owners = onceForwarding(binding.owners, claim.owners)
    if (claim.state === 'open' && saysTheSame(claim, { ...binding, owners }, this.owners)) {
      this.carryOn(claim, binding)
      return
    }
    const again = { owners, state: 'open', ...this.windows.seenAt(binding), expects: binding.expects } as const
    if (claim.lastSightingMs > 0) {
      // A poll between did not show it as held.
      const isBridged = claim.state === 'missing' && claim.evidence === 'sighted'
      this.revise(claim, { ...again, evidence: isBridged ? 'bridged' : claim.evidence })
      return
    }
    // Seen before only on its way out: this is the first sighting (rule 4).
    const start = this.hearing.hear(binding, 'start', { ...claim.start, latestMs: this.windows.seenBy(binding) })
    this.revise(claim, {
      ...again,
      start: start.bounds,
      evidence: start.isPoint ? 'authoritative-time' : claim.evidence,
    })
  }

  /**
   * Rule 3: a lifetime id bridges any gap. Without one the gap must be too short to leave and come back in, or what is seen
   * must have begun, by the source's own word, before the claim was seen last.
   */
  private continues(claim: Claim, binding: Binding): boolean {
    if (binding.lifetimeId !== null) return true
    const absenceProved = claim.state === 'missing' && claim.end.latestMs !== Number.POSITIVE_INFINITY
    if (absenceProved) return false
    const lastSeenMs = this.windows.lastSeenMs(claim)
    const gapMs = this.windows.seenBy(binding) - lastSeenMs
    return gapMs <= this.context.bounds.bridgeMs || this.hearing.latest(binding, 'start') <= lastSeenMs
  }

  /** The same names, after a gap in which another may have held it, or in another place: one claim ends, another begins. */
  private split(claim: Claim, binding: Binding, isNewBinding: boolean): void {
    this.known.markSeen(claim)
    const byMs = this.windows.seenBy(binding)
    // What was only seen on its way out has no end yet; by this sighting it has ended, or goes on as the new claim.
    const latestMs = claim.state === 'open' ? byMs : Math.min(claim.end.latestMs, byMs)
    this.revise(claim, { state: 'closed', ...this.windows.lastSeen(claim, latestMs) })
    this.publish(this.fresh(binding, isNewBinding))
  }

  private open(binding: Binding, sameHolding: readonly Claim[]): void {
    const before = sameHolding.find(claim => claim.state === 'open' && this.isNaming(claim, binding))
    if (before === undefined || binding.state === 'ending' || !this.continues(before, binding)) {
      if (this.wasOverBefore(binding)) return
      const fresh = this.fresh(binding, sameHolding.length === 0)
      if (fresh.state === 'closed') this.told.add(fresh.id)
      this.publish(fresh)
      return
    }
    // The name was true all along, so the new claim takes over the whole lifetime (rule 6).
    this.known.markSeen(before)
    // The new one first: whatever a poller that dies here has written, somebody holds the address.
    this.publish({ ...this.fresh(binding, false), start: before.start, evidence: before.evidence })
    this.empty(before)
  }

  /** Whether the binding's name is one that the claim's owner had without our knowing it. */
  private isNaming({ owners }: Claim, binding: Pick<Claim, 'owners'>): boolean {
    if (!isSamePlace(owners, binding.owners)) return false
    const { isRename } = this.context
    return (
      lacksNamesOf(owners, binding.owners) ||
      (isRename !== undefined && owners.every((owner, i) => binding.owners[i] && isRename(owner, binding.owners[i])))
    )
  }

  /** Left over by a poller that died after it had written the claim that takes `other` over, and before it emptied it. */
  private wasTakenOver(other: Claim, claim: Claim): boolean {
    return other !== claim && isSameBounds(other.start, claim.start) && this.isNaming(other, claim)
  }

  /** Takes all time from a claim: it never was. The change stream has no end at −∞, so an unbounded start is moved, too. */
  private empty(claim: Claim): void {
    this.known.markSeen(claim)
    const { earliestMs } = claim.start
    const isBounded = Number.isFinite(earliestMs)
    const atMs = isBounded ? earliestMs : BEFORE_ANYTHING_MS
    const instant = { earliestMs: atMs, latestMs: atMs }
    this.revise(claim, { state: 'closed', start: isBounded ? claim.start : instant, end: instant })
  }

  /** On its way out. A stated end closes it at once; of a binding that may be another one it says nothing. */
  private end(claim: Claim, binding: Binding): void {
    this.known.markSeen(claim)
    const seen = this.windows.lastSeen(claim, claim.state === 'open' ? Number.POSITIVE_INFINITY : claim.end.latestMs)
    const isStated = binding.state === 'ending' && this.continues(claim, binding)
    const heard = isStated ? this.hearing.hear(binding, 'end', seen.end) : unheard(seen.end)
    const isOver = this.hearing.isOver(heard)
    if (claim.state !== 'open' && !isOver && isSameBounds(heard.bounds, claim.end)) return
    if (isOver) this.told.add(claim.id)
    const evidence = heard.isPoint ? 'authoritative-time' : claim.evidence
    this.revise(claim, { ...seen, end: heard.bounds, state: isOver ? 'closed' : 'missing', evidence })
  }

  /** A listing on its way out of a holding that was closed by the end which is stated of it. */
  private isTold(claim: Claim, binding: Binding): boolean {
    if (claim.state !== 'closed' || binding.state === 'held') return false
    const isOfIt = haveSameNames(claim.owners, binding.owners) || lacksNamesOf(binding.owners, claim.owners)
    return isOfIt && this.hearing.latest(binding, 'end') <= claim.end.latestMs
  }

  protected fresh(binding: Binding, withBinding: boolean): Claim {
    const beginning = { notBeforeMs: this.shown.notBefore(binding), withBinding }
    return newClaim(binding, beginning, this.revision, this.context, this.windows, this.hearing)
  }

  /** Listed on for a while after an end that the last complete poll already vouched for: it is told, or was never seen. */
  private wasOverBefore(binding: Binding): boolean {
    if (binding.state === 'held') return false
    return this.hearing.latest(binding, 'end') < this.shown.notBefore(binding)
  }

  /** Open, listed on its way out, or not to end before later: nothing has shown its end yet. */
  private isUnderWay(claim: Claim): boolean {
    return claim.end.latestMs > this.shown.overAtMs
  }

  protected revise(claim: Claim, part: Partial<Claim>): void {
    this.publish({ ...claim, ...part, revision: this.revision })
  }

  protected publish(claim: Claim): void {
    this.changed.set(claim.id, claim)
  }
}

/** Another name was sighted later on the same holding: a return of the first is a new claim, not its going on (rule 6). */
const isOtherName = (other: Claim, claim: Claim): boolean =>
  other !== claim && other.lastSightingMs > claim.lastSightingMs && !lacksNamesOf(other.owners, claim.owners)
