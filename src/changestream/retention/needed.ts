import {
  type Claim,
  compareRevisions,
  type Horizon,
  type Progress,
  type Revision,
  type SourceRecord,
  supersedes,
} from '../../ownership/claim.ts'
import { carriesAcross, edgeSighted, isFlowSource } from '../../ownership/flow-sightings.ts'
import type { Prefix } from '../../ownership/prefix.ts'
import type { Bounds, Millis } from '../../ownership/window.ts'
import { Fence } from '../fence.ts'
import type { Kept, LoggedChange } from '../port.ts'
import { type Poll, pollsAbove } from './polls-above.ts'

type Place = { readonly partition: number; readonly offset: number }

/** The newest revision of a claim, as far as it matters here. */
type NewestClaim = {
  readonly revision: Revision
  readonly domain: string
  readonly source: string
  readonly prefix: Prefix
  readonly start: Bounds
  readonly end: Bounds
  readonly isClosed: boolean
  /** Claims of one lifetime bound each other's windows (rule 7), or null where nothing binds it to others. */
  readonly lifetimeId: string | null
  /** More than one where revisions are equal, and their content decides. */
  readonly places: readonly Place[]
}

type KnownSource = {
  record: (Place & { readonly record: SourceRecord }) | undefined
  newest: (Place & { readonly progress: Progress }) | undefined
  /** Its highest epoch: what keeps a paused predecessor out. */
  last: Place
  polls: (Poll & Place)[]
  readonly domains: Set<string>
}

/** What of the beginning of a log is still needed once the beginning is let go of. It is told of every record there, in order. */
export class Needed {
  private readonly fence = new Fence()
  private readonly claims = new Map<string, NewestClaim>()
  private readonly sources = new Map<string, KnownSource>()
  private readonly horizons = new Map<string, Place & { readonly beforeMs: Millis }>()
  private readonly domains = new Set<string>()

  take({ change, partition, offset }: LoggedChange): void {
    // What was fenced off when it came changes no answer, and never will.
    if (this.fence.fencedBy(change) !== undefined) return
    const place = { partition, offset }
    if (change.record === 'horizon') {
      this.takeHorizon(change, place)
      return
    }
    const source = this.sourceOf(change.source, place)
    if (change.record === 'claim') this.takeClaim(change, place)
    else if (change.record === 'progress') takeProgress(source, change, place)
    else this.takeSource(source, change, place)
  }

  /** The domains of which something may be lost, and their horizons so far. */
  horizonsSoFar(): ReadonlyMap<string, Millis> {
    const soFar = new Map<string, Millis>()
    for (const domain of this.domains) {
      soFar.set(domain, this.horizons.get(domain)?.beforeMs ?? Number.NEGATIVE_INFINITY)
    }
    return soFar
  }

  /** What must stay where nothing below these horizons is asked for any more. */
  kept(partitions: number, horizonMs: (domain: string) => Millis): Kept {
    const places: Place[] = [...this.horizons.values()]
    const withClaims = new Set<string>()
    for (const { source, places: held } of this.neededClaims(horizonMs)) {
      withClaims.add(source)
      places.push(...held)
    }
    const floors = new Map<string, Revision>()
    for (const [name, source] of this.sources) {
      if (source.record || source.newest || withClaims.has(name)) places.push(source.last)
      if (source.record) places.push(source.record)
      if (source.newest) {
        places.push(source.newest)
        floors.set(name, source.newest.progress.revision)
      }
      const lowestMs = Math.min(...[...source.domains].map(horizonMs))
      const horizonOfAllMs = source.record ? lowestMs : Number.NEGATIVE_INFINITY
      for (const poll of pollsAbove(source.polls, horizonOfAllMs)) places.push(poll)
    }
    return { offsets: byPartition(places, partitions), floors }
  }

  /**
   * Claims that are open, or touch the time above the horizon, or describe the same lifetime as one that does, or lie where a
   * flow sighting carries such a one across; and one of each domain, without which the domain would not be known any more.
   */
  private neededClaims(horizonMs: (domain: string) => Millis): ReadonlySet<NewestClaim> {
    const needed = new Set<NewestClaim>()
    const lifetimes = new Set<string>()
    const newest = new Map<string, NewestClaim>()
    for (const claim of this.claims.values()) {
      newest.set(claim.domain, claim)
      if (claim.isClosed && claim.end.latestMs <= horizonMs(claim.domain)) continue
      needed.add(claim)
      if (claim.lifetimeId !== null) lifetimes.add(lifetimeOf(claim))
    }
    for (const claim of this.claims.values()) {
      if (claim.lifetimeId !== null && lifetimes.has(lifetimeOf(claim))) needed.add(claim)
    }
    const carried = this.carriedAcross(needed, horizonMs)
    if (carried.size > 0) {
      for (const claim of this.claims.values()) if (carried.has(placeOf(claim))) needed.add(claim)
    }
    for (const claim of needed) newest.delete(claim.domain)
    for (const claim of newest.values()) needed.add(claim)
    return needed
  }

  /** The prefixes on which a sighting carries one of these claims across the horizon. */
  private carriedAcross(needed: ReadonlySet<NewestClaim>, horizonMs: (domain: string) => Millis): ReadonlySet<string> {
    const carried = new Set<string>()
    for (const sighting of this.claims.values()) {
      const sighted = isFlowSource(sighting.source) ? edgeSighted(sighting.lifetimeId ?? '') : undefined
      const about = sighted && this.claims.get(sighted.claimId)
      if (sighted === undefined || about === undefined || !needed.has(about)) continue
      if (carriesAcross(horizonMs(sighting.domain), sighted.edge, sighting, about)) carried.add(placeOf(sighting))
    }
    return carried
  }

  private takeClaim(claim: Claim, place: Place): void {
    const { id, revision, domain, source, prefix, lifetimeId, start, end } = claim
    this.domains.add(domain)
    const held = this.claims.get(id)
    const order = held ? compareRevisions(revision, held.revision) : 1
    if (order < 0) return
    const isTie = held !== undefined && order === 0
    this.claims.set(id, {
      revision,
      domain,
      source,
      prefix,
      start: isTie ? around(start, held.start) : start,
      end: isTie ? around(end, held.end) : end,
      isClosed: claim.state === 'closed' && !(isTie && !held.isClosed),
      lifetimeId,
      places: isTie ? [...held.places, place] : [place],
    })
  }

  private takeSource(source: KnownSource, record: SourceRecord, place: Place): void {
    for (const { domain } of record.scope) {
      source.domains.add(domain)
      this.domains.add(domain)
    }
    if (!source.record || supersedes(record, source.record.record)) source.record = { ...place, record }
  }

  private takeHorizon({ domain, beforeMs }: Horizon, place: Place): void {
    this.domains.add(domain)
    const held = this.horizons.get(domain)
    if (!held || beforeMs > held.beforeMs) this.horizons.set(domain, { ...place, beforeMs })
  }

  private sourceOf(name: string, place: Place): KnownSource {
    const known = this.sources.get(name)
    if (known) {
      known.last = place
      return known
    }
    const source: KnownSource = { record: undefined, newest: undefined, last: place, polls: [], domains: new Set() }
    this.sources.set(name, source)
    return source
  }
}

const placeOf = ({ domain, prefix }: NewestClaim) => `${domain}|${prefix}`
const lifetimeOf = (claim: NewestClaim) => `${placeOf(claim)}|${claim.lifetimeId}`

const around = (one: Bounds, other: Bounds): Bounds => ({
  earliestMs: Math.min(one.earliestMs, other.earliestMs),
  latestMs: Math.max(one.latestMs, other.latestMs),
})

function takeProgress(source: KnownSource, progress: Progress, place: Place): void {
  const { completeUpToMs, overAtMs, refused } = progress
  if (refused === null) source.polls.push({ ...place, completeUpToMs, overAtMs })
  if (!source.newest || supersedes(progress, source.newest.progress)) source.newest = { ...place, progress }
}

function byPartition(places: readonly Place[], partitions: number): readonly Float64Array[] {
  const offsets = Array.from({ length: partitions }, () => new Set<number>())
  for (const { partition, offset } of places) offsets[partition]?.add(offset)
  return offsets.map(found => Float64Array.from(found).sort())
}
