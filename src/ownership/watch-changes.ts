import { countUpTo } from './ascending.ts'
import { LAYERS, type Layer, type Progress, type Scope, type SourceRecord } from './claim.ts'
import { SourceHistory } from './coverage.ts'
import { type Prefix, prefixBits } from './prefix.ts'
import { type Watched, WatchedSpace } from './scope.ts'
import { ALL_TIME, union, whereDifferent } from './stretches.ts'
import { intersection, type Millis, type Window } from './window.ts'

/** The scopes that contain all of a prefix. */
export function scopesAround(space: WatchedSpace | undefined, domain: string, prefix: Prefix): readonly Watched[] {
  const bits = prefixBits(prefix)
  return (space?.scopesOf(domain, bits) ?? []).filter(({ block }) => block.length <= bits.length)
}

/** Since when a source watches one of its scopes. */
export const sinceOf = (scope: Scope, { validity }: SourceRecord): Millis => Math.max(scope.fromMs, validity.fromMs)

/**
 * Where one more complete poll changes what its source says of a scope that it watches since a given time. It reaches from
 * the poll before it to the one after it, or until both were over: till then each may show a later moment than it vouches for.
 */
export function changesByPoll(history: SourceHistory, poll: Progress): (sinceMs: Millis) => readonly Window[] {
  const { marks, overAt } = history.columns()
  const next = countUpTo(marks, poll.completeUpToMs)
  const isKnown = marks[next - 1] === poll.completeUpToMs
  const previous = isKnown ? next - 2 : next - 1
  const fromMs = marks[previous] ?? poll.completeUpToMs
  const overMs = Math.max(poll.overAtMs, isKnown ? (overAt[next - 1] as Millis) : poll.overAtMs)
  const nextMs = Math.max(marks[next] ?? ALL_TIME.untilMs, overAt[next] ?? ALL_TIME.fromMs)
  const reach = { fromMs, untilMs: Math.max(nextMs, overMs) }
  let first = Math.max(previous, 0)
  while (first > 0 && (overAt[first] ?? fromMs) > fromMs) first--
  const near = { first, until: countUpTo(marks, reach.untilMs) + 1 }
  const before = excerpt(history, near)
  const after = excerpt(history, near)
  after.advance(poll)
  return sinceMs => differences(before, after, sinceMs).flatMap(window => intersection(window, reach) ?? [])
}

/** Some of a history's polls, one after the other. */
function excerpt(
  history: SourceHistory,
  { first, until }: { readonly first: number; readonly until: number },
): SourceHistory {
  const { source, record, newest, marks, overAt } = history.columns()
  // What is asked of it is asked of moments: its scopes need no reading.
  const unscoped = record && { ...record, scope: [] }
  const polls = { marks: marks.subarray(first, until), overAt: overAt.subarray(first, until) }
  return new SourceHistory(source, { source, record: unscoped, newest, ...polls })
}

/** A source as if none of its polls were known. */
export const withoutPolls = (source: string, history: SourceHistory | undefined): SourceHistory => {
  const none = { marks: new Float64Array(0), overAt: new Float64Array(0) }
  return new SourceHistory(source, { source, newest: null, record: history?.record ?? null, ...none })
}

/** Where other bounds make holes between the same polls, mend them, or prove another absence. */
export function changesByBounds(history: SourceHistory, record: SourceRecord): (sinceMs: Millis) => readonly Window[] {
  const held = history.record?.bounds
  const { bounds } = record
  const isAlike = held?.longestGapMs === bounds.longestGapMs && held.briefestHoldingMs === bounds.briefestHoldingMs
  if (held === undefined || isAlike) return () => []
  const after = new SourceHistory(record.source, { ...history.columns(), record: { ...record, scope: [] } })
  return sinceMs => differences(history, after, sinceMs)
}

function differences(before: SourceHistory, after: SourceHistory, sinceMs: Millis): readonly Window[] {
  const turnsMs = [before, after].flatMap(history => {
    const { marks, overAt } = history.columns()
    return [...marks, ...overAt]
  })
  return whereDifferent(
    turnsMs,
    atMs => wordOn(before, atMs, sinceMs),
    atMs => wordOn(after, atMs, sinceMs),
  )
}

/** What complete polls say of a moment. How late it is does not enter: silence alone is no change. */
function wordOn(history: SourceHistory, atMs: Millis, sinceMs: Millis): string {
  if (atMs < history.speaksFromMs(sinceMs)) return 'before-coverage'
  const moment = { fromMs: atMs, untilMs: atMs + 1 }
  return history.blindness(moment, sinceMs, ALL_TIME.fromMs) ?? `absence proved: ${history.provesAbsence(moment)}`
}

/** A prefix that a source watches otherwise than before, and the times of which that tells something else. */
export type WatchChange = { readonly domain: string; readonly prefix: Prefix; readonly windows: readonly Window[] }

/** What a new registration watches from another moment on, what its predecessor did not, or what it does no longer. */
export function changesByScope(history: SourceHistory | undefined, record: SourceRecord): readonly WatchChange[] {
  const before = scopesOf(history?.record)
  const after = scopesOf(record)
  const space = new WatchedSpace(record)
  const other = [...before, ...after].filter(([name]) => !(before.has(name) && after.has(name)))
  return other.map(([, { domain, prefix }]) => {
    const around = [history?.space, space].map(one => scopesAround(one, domain, prefix))
    const windows = [undefined, ...LAYERS].flatMap(layer => movedWatch(around, layer, history))
    return { domain, prefix, windows: union(windows) }
  })
}

/** When a layer, or any, is watched under the one of two sets of scopes, and not, or not yet, under the other. */
function movedWatch(
  around: readonly (readonly Watched[])[],
  layer: Layer | undefined,
  history: SourceHistory | undefined,
): readonly Window[] {
  const times = (timeOf: (sinceMs: Millis) => Millis) =>
    around.map(scopes =>
      scopes
        .filter(({ layers }) => layer === undefined || layers.includes(layer))
        .reduce((leastMs, { fromMs }) => Math.min(leastMs, timeOf(fromMs)), ALL_TIME.untilMs),
    )
  const since = times(sinceMs => sinceMs)
  if (since[0] !== since[1] && since.includes(ALL_TIME.untilMs)) return [ALL_TIME]
  const speaks = times(sinceMs => history?.speaksFromMs(sinceMs) ?? ALL_TIME.untilMs)
  return [since, speaks]
    .map(among => ({ fromMs: Math.min(...among), untilMs: Math.max(...among) }))
    .filter(({ fromMs, untilMs }) => fromMs < untilMs)
}

const scopesOf = (record: SourceRecord | undefined): ReadonlyMap<string, Scope> =>
  new Map(
    record?.scope.map(scope => {
      const { domain, prefix, layers } = scope
      return [JSON.stringify([domain, prefix, layers, sinceOf(scope, record)]), scope] as const
    }),
  )
