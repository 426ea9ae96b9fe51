import { type Claim, layerRank, type Owner, type SourceRecord } from './claim.ts'
import type { SourceHistory } from './coverage.ts'
import { isPublicDomain } from './domains.ts'
import { isFlowSource, mayHold } from './flow-sightings.ts'
import type { Prefix } from './prefix.ts'
import type { SteadyStretch } from './steady-stretch.ts'
import type { Millis, Window } from './window.ts'

/** What the claims say of one interface within a window. */
export type InterfaceView = {
  /**
   * The domains that it is or may be in at some instant of the window, sorted: one, unless the domain of its VPC changed
   * there. Whoever needs one domain and finds several must not choose.
   */
  readonly domains: readonly string[]
  /** The interface itself, by the newest claim on it in or next to the window. */
  readonly owner: Owner
  /** Every prefix that it, or a container on it, holds or may hold at some instant of the window, in its own domains. */
  readonly prefixes: readonly Prefix[]
  readonly forwards: boolean
  /** False where its source had not looked at the whole window: it may have held more. */
  readonly complete: boolean
  /** False where a later poll may still tell something else of the window: its source has not come to the window's end. */
  readonly settled: boolean
}

export type HistoryOf = (
  source: string,
) => (Pick<SourceHistory, 'completeUpToMs' | 'sawAll'> & { readonly record?: SourceRecord | undefined }) | undefined

/**
 * One interface from the claims that name it, in any order; undefined where none is of the interface itself. An interface
 * never leaves its VPC, but the domain of a VPC may change: which it is in is asked as of the window, and where certain
 * claims have it in one domain, merely possible ones do not put it into another.
 */
export function interfaceView(
  eni: string,
  claims: Iterable<Claim>,
  window: Window,
  historyOf: HistoryOf,
): InterfaceView | undefined {
  const own: Claim[] = []
  const during: Claim[] = []
  const prefixes = new Set<Prefix>()
  let forwards = false
  for (const claim of claims) {
    if (layerRank(claim.layer) < layerRank('interface') || isPublicDomain(claim.domain)) continue
    if (isFlowSource(claim.source)) continue
    forwards ||= claim.owners.some(held => held.eni === eni && held.forwards)
    const isDuring = mayHold(claim, window)
    if (isDuring) prefixes.add(claim.prefix)
    if (claim.layer !== 'interface') continue
    own.push(claim)
    if (isDuring) during.push(claim)
  }
  const telling = during.length > 0 ? during : nearest(own, window)
  const newest = telling.reduce<Claim | undefined>(
    (held, claim) => (held && !isNewer(claim, held) ? held : claim),
    undefined,
  )
  if (newest === undefined) return undefined
  return {
    domains: isOneDomain(telling) ? [newest.domain] : domainsOf(telling, window, historyOf),
    owner: newest.owners[0] as Owner,
    prefixes: [...prefixes],
    forwards,
    complete: telling.every(({ source }) => historyOf(source)?.sawAll(window) ?? false),
    settled: telling.every(claim => isSettled(claim, window, historyOf)),
  }
}

/**
 * Tells a stretch of all instants from which on `interfaceView` may say something else, apart from when any of its claims may
 * begin or end: of two windows between which there is none it says the same.
 */
export function cutAtView(
  stretch: SteadyStretch,
  claims: Iterable<Claim>,
  historyOf: (source: string) => SourceHistory | undefined,
): void {
  for (const claim of claims) {
    if (claim.layer !== 'interface' || isPublicDomain(claim.domain) || isFlowSource(claim.source)) continue
    const { start, end, source } = claim
    for (const atMs of [start.latestMs, end.earliestMs, certainUntil(claim, historyOf)]) stretch.cut(atMs)
    historyOf(source)?.cut(stretch)
  }
}

/**
 * Its source has come to the window's end, or was removed and will say nothing more. A claim that is missing may be back in
 * the next poll, which then tells more of the time since it was last seen.
 */
function isSettled({ source, state, end }: Claim, { untilMs }: Window, historyOf: HistoryOf): boolean {
  const { completeUpToMs = Number.NEGATIVE_INFINITY, record } = historyOf(source) ?? {}
  const isRemoved = record !== undefined && record.validity.untilMs < Number.POSITIVE_INFINITY
  return isRemoved || (completeUpToMs >= untilMs && !(state === 'missing' && untilMs > end.earliestMs))
}

const possible = (claim: Claim): Window => ({ fromMs: claim.start.earliestMs, untilMs: claim.end.latestMs })

/** A total order, so that the order of arrival decides nothing. */
const isNewer = (a: Claim, b: Claim): boolean =>
  a.start.latestMs !== b.start.latestMs ? a.start.latestMs > b.start.latestMs : a.id > b.id

const isOneDomain = (claims: readonly Claim[]): boolean => claims.every(({ domain }) => domain === claims[0]?.domain)

/**
 * Complete polls show that the interface was nowhere during the window, since every doubt is part of some claim's windows:
 * it is then looked for where it was last before, else where it was first after.
 */
function nearest(own: readonly Claim[], window: Window): readonly Claim[] {
  const before = own.filter(({ end }) => end.latestMs <= window.fromMs)
  if (before.length > 0) {
    const lastMs = Math.max(...before.map(({ end }) => end.latestMs))
    return before.filter(({ end }) => end.latestMs === lastMs)
  }
  const firstMs = Math.min(...own.map(({ start }) => start.earliestMs))
  return own.filter(({ start }) => start.earliestMs === firstMs)
}

/** In each part of the window the domains that are certain, else those that are possible; where none is, all of them. */
function domainsOf(claims: readonly Claim[], window: Window, historyOf: HistoryOf): readonly string[] {
  const spans = claims.map(claim => ({
    domain: claim.domain,
    possible: possible(claim),
    certain: { fromMs: claim.start.latestMs, untilMs: certainUntil(claim, historyOf) },
  }))
  const points = new Set([window.fromMs, window.untilMs])
  for (const { fromMs, untilMs } of spans.flatMap(span => [span.possible, span.certain])) {
    for (const atMs of [fromMs, untilMs]) if (window.fromMs < atMs && atMs < window.untilMs) points.add(atMs)
  }
  const cuts = [...points].sort((a, b) => a - b)
  const domains = new Set<string>()
  for (const [i, fromMs] of cuts.slice(0, -1).entries()) {
    const part = { fromMs, untilMs: cuts[i + 1] as Millis }
    const certain = spans.filter(span => contains(span.certain, part))
    const live = certain.length > 0 ? certain : spans.filter(span => contains(span.possible, part))
    for (const { domain } of live) domains.add(domain)
  }
  return [...(domains.size > 0 ? domains : new Set(claims.map(({ domain }) => domain)))].sort()
}

const contains = (outer: Window, inner: Window): boolean =>
  outer.fromMs <= inner.fromMs && inner.untilMs <= outer.untilMs

/** An open claim is certain up to its source's progress. */
function certainUntil({ state, end, source }: Claim, historyOf: HistoryOf): Millis {
  const progressMs = state === 'open' ? historyOf(source)?.completeUpToMs : undefined
  return Math.max(end.earliestMs, progressMs ?? Number.NEGATIVE_INFINITY)
}
