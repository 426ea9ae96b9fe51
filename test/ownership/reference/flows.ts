import { type Claim, LAYERS } from '../../../src/ownership/claim.ts'
import type { Window } from '../../../src/ownership/window.ts'
import type { Holding } from './holdings.ts'

/** Decision 19: what a flow log shows is no listing, but says of one claim that it began, or ended, no later or earlier. */
export const isOfFlows = ({ source }: Claim): boolean => source.startsWith('flow/')

export type Sighted = {
  readonly certain: Window
  readonly byStart: Claim | undefined
  readonly byEnd: Claim | undefined
}

/** The holding with all that flows show of it; undefined where they show nothing that polls do not. */
export function carriedOn(
  holding: Holding,
  onThePrefix: readonly Holding[],
  flows: readonly Claim[],
): Sighted | undefined {
  const { claim, start, end, state, lastSightingMs } = holding
  const [owner, ...others] = claim.owners
  const isByInterface = LAYERS.indexOf(claim.layer) >= LAYERS.indexOf('interface') && claim.ports === null
  if (!isByInterface || others.length > 0 || owner?.eni === null || lastSightingMs === 0) return undefined

  const isAloneIn = (window: Window) =>
    !onThePrefix.some(
      other =>
        other !== holding &&
        other.claim.layer === claim.layer &&
        other.claim.owners.some(one => one.eni === owner?.eni) &&
        other.start.earliestMs < window.untilMs &&
        window.fromMs < other.end.latestMs,
    )
  const starts = flows.filter(
    flow =>
      flow.lifetimeId === `${claim.id}/start` &&
      start.earliestMs !== Number.NEGATIVE_INFINITY &&
      start.earliestMs < flow.start.latestMs &&
      flow.start.latestMs < start.latestMs &&
      isAloneIn({ fromMs: flow.start.earliestMs, untilMs: start.latestMs }),
  )
  const ends = flows.filter(
    flow =>
      flow.lifetimeId === `${claim.id}/end` &&
      state !== 'open' &&
      end.latestMs !== Number.POSITIVE_INFINITY &&
      end.earliestMs < flow.end.earliestMs &&
      flow.end.earliestMs < end.latestMs &&
      isAloneIn({ fromMs: end.earliestMs, untilMs: flow.end.latestMs }),
  )
  const byStart = starts.toSorted((a, b) => a.start.latestMs - b.start.latestMs || (a.id < b.id ? -1 : 1))[0]
  const byEnd = ends.toSorted((a, b) => b.end.earliestMs - a.end.earliestMs || (a.id < b.id ? -1 : 1))[0]
  if (byStart === undefined && byEnd === undefined) return undefined
  const fromMs = byStart?.start.latestMs ?? start.latestMs
  return { certain: { fromMs, untilMs: byEnd?.end.earliestMs ?? end.earliestMs }, byStart, byEnd }
}

/** The stretches that polls leave open and flows do not: before they show it for certain, and after. */
export function partsByFlows(holding: Holding, { certain, byStart, byEnd }: Sighted): readonly Holding[] {
  const part = (by: Claim | undefined, fromMs: number, untilMs: number): readonly Holding[] => {
    if (by === undefined || fromMs >= untilMs) return []
    return [
      {
        ...holding,
        claim: { ...holding.claim, id: by.id, evidence: 'flow-sighting' },
        start: { earliestMs: fromMs, latestMs: fromMs },
        end: { earliestMs: untilMs, latestMs: untilMs },
        certain: { fromMs, untilMs },
        state: 'closed',
        isOfFlows: true,
      },
    ]
  }
  return [
    ...part(byStart, certain.fromMs, Math.min(holding.start.latestMs, certain.untilMs)),
    ...part(byEnd, Math.max(holding.end.earliestMs, certain.fromMs), certain.untilMs),
  ]
}
