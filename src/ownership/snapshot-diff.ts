import {
  type Change,
  type Claim,
  claimKey,
  type Owner,
  type Progress,
  type Revision,
  type SourceBounds,
  type SourceRecord,
} from './claim.ts'
import { extendScope } from './scope.ts'
import type { Binding, Snapshot, StatedStart } from './snapshot.ts'
import type { Bounds, Millis } from './window.ts'

/** What a poller knows of its own source: all of it can be read back from the change stream. */
export type SourceState = {
  readonly epoch: number
  /** Of the last poll, complete or refused. */
  readonly sequence: number
  /** Progress of the last complete poll; null before the first. */
  readonly completeUpToMs: Millis | null
  readonly addresses: number
  /** Claims that are open or missing, by id. */
  readonly claims: ReadonlyMap<string, Claim>
  readonly record: SourceRecord | null
}

export type DiffContext = {
  readonly source: string
  readonly kind: string
  readonly bounds: SourceBounds
  /** Turns the words that name a claim into its id: a hash, given from outside so that the core needs no library. */
  readonly identify: (key: string) => string
}

export type Diff = { readonly changes: readonly Change[]; readonly next: SourceState }

/**
 * From one whole snapshot to the changes that it proves: the source's registration where that changed, then claims, then
 * the progress that vouches for them (design.md §1, rules 1 to 6). A function of its arguments alone.
 */
export function diffSnapshot(state: SourceState, snapshot: Snapshot, context: DiffContext): Diff {
  const revision: Revision = { epoch: state.epoch, sequence: state.sequence + 1 }
  const { lagMs, clockErrorMs } = context.bounds
  const completeUpToMs = snapshot.sighting.sentAtMs - lagMs - clockErrorMs
  const step = new Step(state, context, revision, snapshot.sighting.receivedAtMs + clockErrorMs)
  const bindings = distinct(snapshot.bindings)
  for (const binding of bindings) step.see(binding)
  step.missTheRest()

  const record = nextRecord(state, snapshot, context, revision, completeUpToMs)
  const progress: Progress = {
    record: 'progress',
    source: context.source,
    revision,
    completeUpToMs,
    overAtMs: snapshot.sighting.receivedAtMs + clockErrorMs,
    counts: { addresses: bindings.length, changed: step.changed.size },
    refused: null,
  }
  return {
    changes: [...(record === state.record ? [] : [record]), ...step.changed.values(), progress],
    next: {
      epoch: state.epoch,
      sequence: revision.sequence,
      completeUpToMs,
      addresses: bindings.length,
      claims: step.remaining(),
      record,
    },
  }
}

/** A poll that does not count moves no progress and closes nothing; why is published. */
export function refusePoll(
  state: SourceState,
  refused: { readonly reason: string; readonly detail: string },
  context: DiffContext,
): Diff {
  const revision: Revision = { epoch: state.epoch, sequence: state.sequence + 1 }
  const progress: Progress = {
    record: 'progress',
    source: context.source,
    revision,
    completeUpToMs: state.completeUpToMs ?? Number.NEGATIVE_INFINITY,
    overAtMs: Number.NEGATIVE_INFINITY,
    counts: { addresses: 0, changed: 0 },
    refused,
  }
  return { changes: [progress], next: { ...state, sequence: revision.sequence } }
}

/** Bindings that the walk listed twice are one; a sighting outweighs a listing on its way out. */
function distinct(bindings: readonly Binding[]): readonly Binding[] {
  const byKey = new Map<string, Binding>()
  for (const binding of bindings) {
    const key = `${keyOf(binding)}|${applicationsOf(binding.owners)}`
    if (!byKey.has(key) || binding.state === 'held') byKey.set(key, binding)
  }
  return [...byKey.values()]
}

const applicationsOf = (owners: readonly Owner[]): string => owners.map(owner => owner.application ?? '').join(',')
const isNamed = (owners: readonly Owner[]): boolean => owners.every(owner => owner.application !== null)

/** Open, or listed on its way out: nothing has shown its end yet. */
const isUnderWay = (claim: Claim): boolean => claim.end.latestMs === Number.POSITIVE_INFINITY

/** A claim has one owner for its whole time: who forwarded in a part of it may have forwarded in any. */
const onceForwarding = (owner: Owner, before: Owner | undefined): Owner =>
  before?.forwards ? { ...owner, forwards: true } : owner

/** Who holds an address that no lifetime id binds: the same resource on another interface is another holding. */
const holderOf = (owners: readonly Owner[]): string =>
  owners.map(({ resourceId, eni }) => `${resourceId}@${eni ?? ''}`).join(',')

/** Another name was sighted later on the same holding: a return of the first one is a new claim, not its going on (rule 6). */
const isRenaming = (other: Claim, claim: Claim): boolean =>
  other !== claim && isNamed(other.owners) && other.lastSightingMs > claim.lastSightingMs

/** Which holding a binding or a claim is about, whatever it is named. */
function keyOf(held: Pick<Claim, 'domain' | 'prefix' | 'ports' | 'layer' | 'lifetimeId' | 'owners'>): string {
  const ports = held.ports ? `${held.ports.first}-${held.ports.last}` : ''
  const holder = held.lifetimeId ?? `by ${holderOf(held.owners)}`
  return [held.domain, held.prefix, ports, held.layer, holder].join('|')
}

/** One poll's work on the claims of its source. */
class Step {
  readonly changed = new Map<string, Claim>()
  private readonly unseen: Map<string, Claim>
  private readonly byKey = new Map<string, Claim[]>()
  private readonly state: SourceState
  private readonly context: DiffContext
  private readonly revision: Revision
  /** When the whole poll was over, by the latest clock: an absence is proved by then, not earlier. */
  private readonly overAtMs: Millis

  constructor(state: SourceState, context: DiffContext, revision: Revision, overAtMs: Millis) {
    this.state = state
    this.context = context
    this.revision = revision
    this.overAtMs = overAtMs
    this.unseen = new Map(state.claims)
    for (const claim of state.claims.values()) {
      const key = keyOf(claim)
      this.byKey.set(key, [...(this.byKey.get(key) ?? []), claim])
    }
  }

  see(binding: Binding): void {
    const claims = this.byKey.get(keyOf(binding)) ?? []
    const alike = claims.filter(claim => applicationsOf(claim.owners) === applicationsOf(binding.owners))
    const named = alike.find(claim => claim.state === 'open') ?? alike[0]
    // A name that is gone is a listing without tags, not a new owner (rule 6); nor does it show that the name was still there.
    const tagless = named || isNamed(binding.owners) ? undefined : claims.find(isUnderWay)
    if (tagless) this.end(tagless)
    else if (named === undefined) this.open(binding, claims)
    else if (binding.state === 'ending') this.end(named)
    else if (this.continues(named, binding) && !claims.some(other => isRenaming(other, named))) this.go(named, binding)
    else this.split(named, binding)
  }

  /** Still held. Published only where something about it is new: the source's progress carries an open claim on. */
  private go(claim: Claim, binding: Binding): void {
    this.unseen.delete(claim.id)
    const owners = binding.owners.map((owner, i) => onceForwarding(owner, claim.owners[i]))
    const known = JSON.stringify([claim.owners, claim.expects])
    if (claim.state === 'open' && JSON.stringify([owners, binding.expects]) === known) return
    // Seen before only on its way out: this is the first sighting, and nothing is certain before it (rule 4).
    const seenByMs = binding.sighting.receivedAtMs + this.context.bounds.clockErrorMs
    const start = claim.lastSightingMs > 0 ? claim.start : { ...claim.start, latestMs: seenByMs }
    this.revise(claim, { owners, state: 'open', start, ...this.seenAt(binding), expects: binding.expects })
  }

  /** Claims that this snapshot does not show: first their end window opens, at the second absence they close. */
  missTheRest(): void {
    for (const claim of this.unseen.values()) {
      if (claim.state === 'open') {
        this.revise(claim, { state: 'missing', ...this.lastSeen(claim, this.overAtMs) })
      } else if (claim.end.latestMs === Number.POSITIVE_INFINITY) {
        this.revise(claim, { end: { ...claim.end, latestMs: this.overAtMs } })
      } else {
        this.revise(claim, { state: 'closed' })
      }
    }
  }

  /** The claims that the next poll has to compare with. */
  remaining(): ReadonlyMap<string, Claim> {
    const claims = new Map(this.state.claims)
    for (const claim of this.changed.values()) {
      if (claim.state === 'closed') claims.delete(claim.id)
      else claims.set(claim.id, claim)
    }
    return claims
  }

  /** Rule 3: a lifetime id bridges any gap; without one the gap must be too short to leave and come back in. */
  private continues(claim: Claim, binding: Binding): boolean {
    if (binding.lifetimeId !== null) return true
    const absenceProved = claim.state === 'missing' && claim.end.latestMs !== Number.POSITIVE_INFINITY
    const gapMs = binding.sighting.receivedAtMs + this.context.bounds.clockErrorMs - this.lastSeenMs(claim)
    return !absenceProved && gapMs <= this.context.bounds.bridgeMs
  }

  /** Seen again after a gap in which somebody else may have held it: one claim ends, another begins. */
  private split(claim: Claim, binding: Binding): void {
    this.unseen.delete(claim.id)
    if (claim.state === 'open') {
      const latestMs = binding.sighting.receivedAtMs + this.context.bounds.clockErrorMs
      this.revise(claim, { state: 'closed', ...this.lastSeen(claim, latestMs) })
    } else {
      // What was only seen on its way out has no end yet; by this sighting it has ended, or goes on as the new claim.
      const latestMs = Math.min(claim.end.latestMs, binding.sighting.receivedAtMs + this.context.bounds.clockErrorMs)
      this.revise(claim, { state: 'closed', end: { ...claim.end, latestMs } })
    }
    this.publish(this.fresh(binding, this.notBefore(binding)))
  }

  private open(binding: Binding, sameHolding: readonly Claim[]): void {
    const unnamed = sameHolding.find(claim => !isNamed(claim.owners) && claim.state === 'open')
    if (unnamed === undefined || binding.state === 'ending' || !this.continues(unnamed, binding)) {
      this.publish(this.fresh(binding, this.notBefore(binding)))
      return
    }
    // Unnamed becomes named: the name was true all along, so the new claim takes over the whole lifetime (rule 6).
    this.unseen.delete(unnamed.id)
    // The new one first: whatever a poller that dies here has written, somebody holds the address.
    const fresh = this.fresh(binding, unnamed.start.earliestMs)
    this.publish({ ...fresh, start: unnamed.start })
    const instant = { earliestMs: unnamed.start.earliestMs, latestMs: unnamed.start.earliestMs }
    this.revise(unnamed, { state: 'closed', end: instant })
  }

  private end(claim: Claim): void {
    this.unseen.delete(claim.id)
    if (claim.state !== 'open') return
    this.revise(claim, { state: 'missing', ...this.lastSeen(claim, Number.POSITIVE_INFINITY) })
  }

  private fresh(binding: Binding, notBeforeMs: Millis): Claim {
    const { source, bounds, identify } = this.context
    const lifetime = `${binding.lifetimeId ?? holderOf(binding.owners)}#${this.revision.epoch}.${this.revision.sequence}`
    const polled = { earliestMs: notBeforeMs, latestMs: binding.sighting.receivedAtMs + bounds.clockErrorMs }
    const start = narrow(polled, binding.stated, bounds.clockErrorMs)
    const held = binding.state === 'held'
    return {
      record: 'claim',
      id: identify(claimKey({ ...binding, source }, lifetime)),
      revision: this.revision,
      domain: binding.domain,
      prefix: binding.prefix,
      ports: binding.ports,
      layer: binding.layer,
      source,
      owners: binding.owners,
      lifetimeId: binding.lifetimeId,
      start,
      // Never sighted, only seen on its way out: it may have held the address, no instant is certain.
      end: held ? this.seenAt(binding).end : { earliestMs: start.earliestMs, latestMs: Number.POSITIVE_INFINITY },
      lastSightingMs: held ? binding.sighting.receivedAtMs : 0,
      evidence: binding.stated.some(stated => stated.kind === 'exact') ? 'authoritative-time' : 'sighted',
      state: held ? 'open' : 'missing',
      expects: binding.expects,
      whole: binding.whole,
    }
  }

  private seenAt(binding: Binding): Pick<Claim, 'end' | 'lastSightingMs'> {
    const { lagMs, clockErrorMs } = this.context.bounds
    return {
      end: { earliestMs: binding.sighting.sentAtMs - lagMs - clockErrorMs, latestMs: Number.POSITIVE_INFINITY },
      lastSightingMs: binding.sighting.receivedAtMs,
    }
  }

  /** The end of an open claim, which every complete poll until now has shown. */
  private lastSeen(claim: Claim, latestMs: Millis): Pick<Claim, 'end' | 'lastSightingMs'> {
    const { lagMs, clockErrorMs } = this.context.bounds
    const earliestMs = this.lastSeenMs(claim)
    return {
      end: { earliestMs, latestMs },
      lastSightingMs: Math.max(claim.lastSightingMs, earliestMs + lagMs + clockErrorMs),
    }
  }

  /** Until when the claim is certain: an open one was in the last complete poll. */
  private lastSeenMs(claim: Claim): Millis {
    if (claim.state !== 'open') return claim.end.earliestMs
    return Math.max(claim.end.earliestMs, this.state.completeUpToMs ?? Number.NEGATIVE_INFINITY)
  }

  /** The last complete poll that covered this address did not show the holding. */
  private notBefore(binding: Binding): Millis {
    const before = this.state.completeUpToMs
    const watched = this.state.record?.scope.some(
      scope => scope.domain === binding.domain && scope.layers.includes(binding.layer) && scope.fromMs <= (before ?? 0),
    )
    return before !== null && watched ? before : Number.NEGATIVE_INFINITY
  }

  private revise(claim: Claim, part: Partial<Claim>): void {
    this.publish({ ...claim, ...part, revision: this.revision })
  }

  private publish(claim: Claim): void {
    this.changed.set(claim.id, claim)
  }
}

/** Rule 5: `exact` is a point within the clock error, the others intersect; a contradiction leaves the poll's own bounds. */
function narrow(polled: Bounds, stated: readonly StatedStart[], clockErrorMs: number): Bounds {
  let { earliestMs, latestMs } = polled
  for (const { kind, atMs } of stated) {
    if (kind !== 'not-after') earliestMs = Math.max(earliestMs, atMs - clockErrorMs)
    if (kind !== 'not-before') latestMs = Math.min(latestMs, atMs + clockErrorMs)
  }
  return earliestMs <= latestMs ? { earliestMs, latestMs } : polled
}

function nextRecord(
  state: SourceState,
  snapshot: Snapshot,
  context: DiffContext,
  revision: Revision,
  completeUpToMs: Millis,
): SourceRecord {
  const held = state.record
  const scope = extendScope(held?.scope ?? [], snapshot.scope, completeUpToMs)
  const unchanged =
    held !== null &&
    held.revision.epoch === state.epoch &&
    held.scope.length === scope.length &&
    JSON.stringify(held.bounds) === JSON.stringify(context.bounds)
  if (unchanged) return held
  const validity = held?.validity ?? { fromMs: completeUpToMs, untilMs: Number.POSITIVE_INFINITY }
  return {
    record: 'source',
    source: context.source,
    revision,
    kind: context.kind,
    scope,
    bounds: context.bounds,
    validity,
  }
}
