import type { Affected } from './affected.ts'
import type { Change, Horizon } from './claim.ts'
import { correctionsOf, type KnownBefore } from './corrections.ts'
import { scopesAround } from './watch-changes.ts'
import type { Millis } from './window.ts'

/** Where answers may have changed that looked final, and the interfaces whose view may have with them. */
export type LateCorrection = Affected & { readonly enis: readonly string[] }

/**
 * What of `correctionsOf` nobody waited for who waits until an answer is final: what lies before the instant up to which the
 * change's source had vouched, and what lies where nothing waits for that source. Nothing lies after `answeredUntilMs`, up to
 * which somebody was answered. Nothing for a horizon: an answer that was right stays right when its reasons are forgotten.
 */
export function lateCorrectionsOf(
  change: Change,
  before: KnownBefore,
  answeredUntilMs: Millis,
): readonly LateCorrection[] {
  if (change.record === 'horizon' || answeredUntilMs === Number.NEGATIVE_INFINITY) return []
  const enis = change.record === 'claim' ? enisOf(change) : []
  return correctionsOf(change, before).flatMap(affected => {
    const lateUntilMs = Math.min(awaitedFromMs(affected, change, before), answeredUntilMs)
    if (affected.fromMs >= lateUntilMs) return []
    return [{ ...affected, untilMs: Math.min(affected.untilMs, lateUntilMs), enis }]
  })
}

/**
 * From when on an answer there is not final before the change's source has told more; Infinity where nothing waits for it: it
 * does not watch the place, or no poll of it has spoken of it yet, it was removed, or gets another say by this change.
 */
function awaitedFromMs({ domain, prefix }: Affected, change: Exclude<Change, Horizon>, before: KnownBefore): Millis {
  const history = before.historyOf(change.source)
  const record = history?.record
  if (change.record === 'source' || record?.validity.untilMs !== Number.POSITIVE_INFINITY)
    return Number.POSITIVE_INFINITY
  const speaksFromMs = scopesAround(history?.space, domain, prefix).map(
    ({ fromMs }) => history?.speaksFromMs(fromMs) ?? Number.POSITIVE_INFINITY,
  )
  return Math.max(
    history?.completeUpToMs ?? Number.POSITIVE_INFINITY,
    Math.min(Number.POSITIVE_INFINITY, ...speaksFromMs),
  )
}

const enisOf = ({ owners }: { readonly owners: readonly { readonly eni: string | null }[] }): readonly string[] => [
  ...new Set(owners.flatMap(({ eni }) => eni ?? [])),
]
