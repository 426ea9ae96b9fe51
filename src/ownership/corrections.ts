import { type Affected, affected, everywhere, type Place, tidy } from './affected.ts'
import { type Change, type Claim, type Horizon, type Progress, type SourceRecord, supersedes } from './claim.ts'
import type { SourceHistory } from './coverage.ts'
import { type LiveSpan, liveSpan } from './live-span.ts'
import { isHost, type Prefix, prefixBits } from './prefix.ts'
import { roleChanges } from './roles.ts'
import type { WatchedSpace } from './scope.ts'
import { ALL_TIME } from './stretches.ts'
import { sourcesOf, timelineOf } from './timeline.ts'
import { Watcher } from './watch.ts'
import { changesByBounds, changesByPoll, changesByScope, scopesAround, sinceOf, withoutPolls } from './watch-changes.ts'
import type { Millis, Window } from './window.ts'

/** What was known before a change, as far as its consequences need it. An index is one, and so is a store. */
export type KnownBefore = {
  /** The highest revision of every claim on exactly this prefix. */
  claimsAt(domain: string, prefix: Prefix): Iterable<Claim>
  /** Whether a claim, or the scope of a source other than `besides`, names the domain. */
  isDomainKnown(domain: string, besides?: string): boolean
  historyOf(source: string): SourceHistory | undefined
  /**
   * Claims of a source that are open, or whose end nobody has seen. `beyond scope` are those that no scope of its
   * registration covers (`isInScope`): few or none; asked for at every poll. `all` is asked for at its first one alone.
   */
  unendedOf(source: string, which: 'all' | 'beyond scope'): Iterable<Claim>
  /** −Infinity where the domain has none. */
  horizonMs(domain: string): Millis
}

/**
 * Every answer that `change` may alter, in as few and as short stretches as its prefix or its source can tell apart: none
 * where it is superseded, known already, or says the same again. Costs as much as the prefix has claims, or the source has
 * scopes; only other bounds of a source cost as much as it has polls.
 *
 * Left out is what moves with every poll and with the clock: up to when a holding is shown as certain, its last sighting,
 * the watermark, finality, and whether silence after a source's last poll reads `not-yet` or `source-stale`.
 */
export function correctionsOf(change: Change, before: KnownBefore): readonly Affected[] {
  return tidy(affectedBy(change, before), domain => before.horizonMs(domain))
}

function affectedBy(change: Change, before: KnownBefore): readonly Affected[] {
  switch (change.record) {
    case 'claim':
      return byClaim(change, before)
    case 'progress':
      return byProgress(change, before)
    case 'source':
      return bySource(change, before)
    case 'horizon':
      return byHorizon(change, before)
  }
}

/** Whether what a source watches contains all of a prefix. */
export const isInScope = ({ domain, prefix }: Place, space: WatchedSpace | undefined): boolean =>
  scopesAround(space, domain, prefix).length > 0

function byClaim(claim: Claim, before: KnownBefore): readonly Affected[] {
  const { domain, prefix } = claim
  const claims = [...before.claimsAt(domain, prefix)]
  const held = claims.find(one => one.id === claim.id)
  if (held ? !supersedes(claim, held) : claim.end.latestMs <= before.horizonMs(domain)) return []
  // The first claim of a domain makes it known: what was `no-such-domain` is `unmanaged-prefix`.
  if (held === undefined && !before.isDomainKnown(domain)) return everywhere(domain, ALL_TIME)
  const next = [...claims.filter(one => one !== held), claim]
  const roles = roleChanges(asSeen(claims, claim, before), asSeen(next, claim, before))
  return roles.map(({ ports, window }) => affected(claim, window, ports))
}

/** The claims on a prefix as questions meet them. Scopes may differ within a block: there nothing counts as watched for sure. */
function asSeen(
  claims: readonly Claim[],
  { domain, prefix }: Place,
  before: Pick<KnownBefore, 'historyOf'>,
): readonly LiveSpan[] {
  const address = prefixBits(prefix)
  const known = new Map<string, Watcher | undefined>()
  const watcherOf = (source: string): Watcher | undefined => {
    const history = before.historyOf(source)
    // As whoever asks once all that is known has come to pass: a later now takes nothing back.
    if (!known.has(source)) known.set(source, history && new Watcher(history, { domain, address }, ALL_TIME.untilMs))
    return known.get(source)
  }
  return timelineOf(claims).map(span => {
    const watchers = sourcesOf(span.claim).flatMap(source => watcherOf(source) ?? [])
    const live = liveSpan(span, address.length, watchers, ALL_TIME.untilMs)
    return isHost(prefix) ? live : { ...live, watchedSinceMs: Number.POSITIVE_INFINITY }
  })
}

function byProgress(progress: Progress, before: KnownBefore): readonly Affected[] {
  if (progress.refused !== null) return []
  const history = before.historyOf(progress.source)
  const record = history?.record
  const claims = byCarrying(progress, history, before)
  if (history === undefined || record === undefined) return claims
  const changes = changesByPoll(history, progress)
  const fromMs = history.completeUpToMs
  // So much longer are open claims certain, or known to be only possible. Before its first poll the source spoke of none.
  const carried = fromMs === undefined ? [] : [{ fromMs, untilMs: progress.completeUpToMs }]
  return [...eachScope(record, sinceMs => [...carried, ...changes(sinceMs)]), ...claims]
}

/** Open claims that progress carries on, though the source's scope does not tell where they are. */
function byCarrying(progress: Progress, history: SourceHistory | undefined, before: KnownBefore): readonly Affected[] {
  const { source, completeUpToMs } = progress
  if (completeUpToMs <= (history?.completeUpToMs ?? Number.NEGATIVE_INFINITY)) return []
  const unended = before.unendedOf(source, history?.completeUpToMs === undefined ? 'all' : 'beyond scope')
  const after = withoutPolls(source, history)
  after.advance(progress)
  const historyOf = (name: string) => (name === source ? after : before.historyOf(name))
  return [...unended].flatMap(claim => {
    const claims = [...before.claimsAt(claim.domain, claim.prefix)]
    const roles = roleChanges(asSeen(claims, claim, before), asSeen(claims, claim, { historyOf }))
    return roles.map(({ ports, window }) => affected(claim, window, ports))
  })
}

function bySource(record: SourceRecord, before: KnownBefore): readonly Affected[] {
  const history = before.historyOf(record.source)
  const held = history?.record
  if (held && !supersedes(record, held)) return []
  const [was, is] = [held, record].map(one => new Set(one?.scope.map(({ domain }) => domain)))
  const domains = [...(was ?? []), ...(is ?? [])]
    .filter(domain => was?.has(domain) !== is?.has(domain) && !before.isDomainKnown(domain, record.source))
    .flatMap(domain => everywhere(domain, ALL_TIME))
  const scopes = changesByScope(history, record).flatMap(place => place.windows.map(window => affected(place, window)))
  const bounds = history ? eachScope(record, changesByBounds(history, record)) : []
  const rest = [...scopes, ...bounds, ...byValidity(record, held, before)]
  return [...domains, ...rest.filter(({ domain }) => !domains.some(one => one.domain === domain))]
}

/** Once a source is removed it says nothing more, and what only nobody has seen end is no longer possible. */
function byValidity(record: SourceRecord, held: SourceRecord | undefined, before: KnownBefore): readonly Affected[] {
  const ends = [held?.validity.untilMs ?? ALL_TIME.untilMs, record.validity.untilMs]
  const moved = { fromMs: Math.min(...ends), untilMs: Math.max(...ends) }
  if (moved.fromMs === moved.untilMs) return []
  const beyond = [...before.unendedOf(record.source, 'beyond scope')].map(claim => affected(claim, moved))
  return [...eachScope(record, () => [moved]), ...beyond]
}

const byHorizon = ({ domain, beforeMs }: Horizon, before: KnownBefore): readonly Affected[] =>
  everywhere(domain, { fromMs: before.horizonMs(domain), untilMs: beforeMs })

/** The same windows for all scopes that are watched since the same time. */
function eachScope(record: SourceRecord, windowsSince: (sinceMs: Millis) => readonly Window[]): readonly Affected[] {
  const known = new Map<Millis, readonly Window[]>()
  return record.scope.flatMap(scope => {
    const sinceMs = sinceOf(scope, record)
    const windows = known.get(sinceMs) ?? windowsSince(sinceMs)
    known.set(sinceMs, windows)
    return windows.map(window => affected(scope, window))
  })
}
