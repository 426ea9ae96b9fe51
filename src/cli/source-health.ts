import type { SourceHealth } from '../api/readyz-route.ts'
import type { SourceView } from '../ownership/ownership-index.ts'
import { mendOf } from '../pollers/refusal.ts'

/** How a source is doing at `nowMs`, by what was read of the change stream. */
export function healthOf({ source: record, completeUpToMs, refused }: SourceView, nowMs: number): SourceHealth {
  const { source, kind, bounds, validity } = record
  const behindMs = completeUpToMs === undefined ? undefined : nowMs - completeUpToMs
  const isRemoved = validity.untilMs !== Number.POSITIVE_INFINITY
  return {
    source,
    kind,
    completeUpTo: isoOf(completeUpToMs),
    behindSeconds: behindMs === undefined ? null : Math.round(behindMs / 1000),
    staleAfterSeconds: bounds.longestGapMs / 1000,
    stale: !isRemoved && behindMs !== undefined && behindMs > bounds.longestGapMs,
    removedAt: isRemoved ? isoOf(validity.untilMs) : null,
    refused: refused && { ...refused, mend: mendOf(source, refused.reason) },
  }
}

/** One line about it: `complete up to 14 s ago`, or what is the matter, and how many flow log objects wait for it meanwhile. */
export function healthWords({ behindSeconds, stale, removedAt, refused }: SourceHealth, objectsWaiting = 0): string {
  if (removedAt !== null) return `removed as of ${removedAt}`
  const waiting =
    (stale || behindSeconds === null) && objectsWaiting > 0 ? `; ${objectsWaiting} objects wait for it` : ''
  const why = (refused ? `; the last poll was refused: ${refused.reason}, ${refused.detail}` : '') + waiting
  if (behindSeconds === null) return `no complete poll yet${why}`
  return `${stale ? 'stale, ' : ''}complete up to ${behindSeconds} s ago${why}`
}

/** A line for each source that is not configured here and that no other process polls either. */
export function forsaken(
  known: readonly SourceView[],
  configured: readonly string[],
  nowMs: number,
): readonly string[] {
  return known
    .map(view => healthOf(view, nowMs))
    .filter(({ source, stale, removedAt }) => stale && removedAt === null && !configured.includes(source))
    .map(
      ({ source, completeUpTo }) =>
        `${source} is not configured, and nobody has polled it since ${completeUpTo}. If it is gone for good: whohad sources remove ${source}`,
    )
}

const isoOf = (ms: number | undefined): string | null =>
  ms === undefined || !Number.isFinite(ms) ? null : new Date(ms).toISOString()
