import type { Verdict } from '../../../src/ownership/answer.ts'
import { type Claim, LAYERS } from '../../../src/ownership/claim.ts'
import type { Millis, Window } from '../../../src/ownership/window.ts'
import { isNobody } from './combine.ts'
import { lengthOf } from './digits.ts'
import { type Contender, type Instant, isSameHolder } from './instant.ts'

/** What matters of a holding that an answer names. */
export type Named = { readonly claimId: string; readonly resourceId: string; readonly application: string | null }

/** Who may have held it, and in which part of the window; null is nobody. */
export type ReferenceCandidate = { readonly who: Named | null; readonly during: Window }

/** A stretch over which one verdict and one holder hold. */
export type ReferencePart = Window & Pick<Verdict, 'state' | 'reason'> & { readonly holder: Named | null }

export type ReferenceAnswer = Pick<Verdict, 'state' | 'reason'> & {
  readonly holder: Named | null
  readonly candidates: readonly ReferenceCandidate[]
  /** Ids of the claims below the deciding prefix and layer, nearest first. */
  readonly under: readonly string[]
  /** Null where there is but one. */
  readonly split: readonly ReferencePart[] | null
  readonly service: string | null
  readonly watermarkMs: Millis | null
  readonly final: boolean
}

/** What holds from a turning point until the next. */
export type Moment = Instant & { readonly atMs: Millis }

export const named = (claim: Claim, owner = claim.owners[0]): Named => ({
  claimId: claim.id,
  resourceId: owner?.resourceId ?? '',
  application: owner?.application ?? null,
})

/** Longer prefixes first, then higher layers, then by id. */
export function nearestFirst(a: Contender, b: Contender): number {
  const byLength = lengthOf(b.claim.prefix) - lengthOf(a.claim.prefix)
  const byLayer = LAYERS.indexOf(b.claim.layer) - LAYERS.indexOf(a.claim.layer)
  return byLength || byLayer || (a.claim.id < b.claim.id ? -1 : 1)
}

/** Everybody who may have held it at some instant, each once, with the whole part of the window in which that is possible. */
export function candidatesOf(moments: readonly Moment[], window: Window): readonly ReferenceCandidate[] {
  const candidates = new Map<string, ReferenceCandidate>()
  for (const [i, moment] of moments.entries()) {
    const untilMs = moments[i + 1]?.atMs ?? window.untilMs
    for (const one of possibleHolders(moment)) {
      if (one === null) {
        const fromMs = candidates.get('nobody')?.during.fromMs ?? moment.atMs
        candidates.set('nobody', { who: null, during: { fromMs, untilMs } })
        continue
      }
      const during = {
        fromMs: Math.max(one.possibleFromMs, window.fromMs),
        untilMs: Math.min(one.possibleUntilMs, window.untilMs),
      }
      for (const owner of one.claim.owners) {
        const who = named(one.claim, owner)
        candidates.set(`${who.claimId} ${who.resourceId}`, { who, during })
      }
    }
  }
  return [...candidates.values()]
}

function possibleHolders(moment: Moment): readonly (Contender | null)[] {
  if (moment.holder) return [moment.holder]
  return isNobody(moment) ? [null] : moment.candidates
}

/** Services name an address and hold nothing: they have a field of their own. */
export function underOf(moments: readonly Moment[]): readonly string[] {
  const below = moments.flatMap(moment => moment.under).filter(one => one.claim.layer !== 'service')
  return [...new Set(below.toSorted(nearestFirst).map(one => one.claim.id))]
}

export function partsOf(moments: readonly Moment[], untilMs: Millis): readonly ReferencePart[] | null {
  const first = moments.filter((moment, i) => i === 0 || !isAlike(moment, moments[i - 1] as Moment))
  if (first.length === 1) return null
  return first.map(({ atMs, verdict, holder }, i) => ({
    fromMs: atMs,
    untilMs: first[i + 1]?.atMs ?? untilMs,
    state: verdict.state,
    reason: verdict.reason,
    holder: holder && named(holder.claim),
  }))
}

function isAlike(a: Moment, b: Moment): boolean {
  if (a.verdict.state !== b.verdict.state || a.verdict.reason !== b.verdict.reason) return false
  return a.holder === null || b.holder === null ? a.holder === b.holder : isSameHolder(a.holder, b.holder)
}
