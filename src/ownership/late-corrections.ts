import type { Affected } from './affected.ts'
import type { Change, Horizon } from './claim.ts'
import { correctionsOf, type KnownBefore } from './corrections.ts'
import type { Millis } from './window.ts'

/** Where answers may have changed that looked final, and the interfaces whose view may have with them. */
export type LateCorrection = Affected & { readonly enis: readonly string[] }

/**
 * What of `correctionsOf` lies before the instant up to which the change's source had vouched already, or anywhere where it had
 * no say yet, or gets another one. Whoever waits until an answer is final needs to look again only there: what lies after it
 * was not final yet. Nothing lies after `answeredUntilMs`, up to which somebody was answered. Nothing for a horizon: an answer
 * that was right stays right when its reasons are forgotten.
 */
export function lateCorrectionsOf(
  change: Change,
  before: KnownBefore,
  answeredUntilMs: Millis,
): readonly LateCorrection[] {
  if (change.record === 'horizon' || answeredUntilMs === Number.NEGATIVE_INFINITY) return []
  const lateUntilMs = Math.min(toldUntilMs(change, before), answeredUntilMs)
  const enis = change.record === 'claim' ? enisOf(change) : []
  return correctionsOf(change, before)
    .filter(({ fromMs }) => fromMs < lateUntilMs)
    .map(affected => ({ ...affected, untilMs: Math.min(affected.untilMs, lateUntilMs), enis }))
}

/** Infinity where the source had no say yet, or gets another one. */
function toldUntilMs(change: Exclude<Change, Horizon>, before: KnownBefore): Millis {
  const { record, completeUpToMs } = before.historyOf(change.source) ?? {}
  const hadItsSay = record !== undefined && change.record !== 'source'
  return hadItsSay ? (completeUpToMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
}

const enisOf = ({ owners }: { readonly owners: readonly { readonly eni: string | null }[] }): readonly string[] => [
  ...new Set(owners.flatMap(({ eni }) => eni ?? [])),
]
