import type { DomainRule } from '../ownership/domains.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import { NO_REACH, type ReachTable } from '../ownership/reach.ts'
import type { SourceView } from '../ownership/source-view.ts'
import type { Millis } from '../ownership/window.ts'
import type { LookUps } from './attribute.ts'
import { domainsOfRecord, managedSpace } from './domain-of-record.ts'

/** What is configured of domains, beside the rules. */
export type Surroundings = {
  /** Stands in for the region that a record does not name. */
  readonly regionOfObject?: string | undefined
  /** No reach where it is left out: every domain is an island. */
  readonly reach?: ReachTable | undefined
}

/** The look-ups of attribution on an index that stands still: the sources' scopes are read once. */
export function lookUpsOn(
  index: OwnershipIndex,
  rules: readonly DomainRule[],
  { regionOfObject, reach = NO_REACH }: Surroundings = {},
): LookUps {
  return {
    ask: question => index.ask(question),
    interfaceDuring: (eni, window) => index.interfaceDuring(eni, window),
    domainsOf: (record, view, window) => domainsOfRecord(record, view, window, rules, regionOfObject),
    isManaged: managedSpace(index.sources()),
    reach,
    toldUntilMs: toldUntilMs(index),
  }
}

/** Up to when every live source vouches; −Infinity while there is none, or one has not finished its first poll. */
export function toldUntilMs(index: Pick<OwnershipIndex, 'sources'>): Millis {
  const progressMs = progressOfLive(index)
  return progressMs.length === 0 ? Number.NEGATIVE_INFINITY : Math.min(...progressMs)
}

/**
 * Before this instant no later poll can change an answer: every live source has told all, and no claim is missing that may be
 * back. Answers about later times may be final as well.
 */
export function settledUntilMs(index: Pick<OwnershipIndex, 'sources' | 'missingClaims'>): Millis {
  const isLive = ({ source }: SourceView) => source.validity.untilMs === Number.POSITIVE_INFINITY
  const live = new Set(index.sources().flatMap(view => (isLive(view) ? [view.source.source] : [])))
  let untilMs = toldUntilMs(index)
  for (const { source, end } of index.missingClaims()) {
    if (live.has(source)) untilMs = Math.min(untilMs, end.earliestMs)
  }
  return untilMs
}

/** Up to when the live source vouches that is furthest; −Infinity while none has finished a poll. */
export const furthestProgressMs = (index: Pick<OwnershipIndex, 'sources'>): Millis =>
  Math.max(Number.NEGATIVE_INFINITY, ...progressOfLive(index))

const progressOfLive = (index: Pick<OwnershipIndex, 'sources'>): readonly Millis[] =>
  index
    .sources()
    .filter(({ source }) => source.validity.untilMs === Number.POSITIVE_INFINITY)
    .map(({ completeUpToMs = Number.NEGATIVE_INFINITY }) => completeUpToMs)
