import type { AmbiguousReason, Verdict } from '../../../src/ownership/answer.ts'
import type { Contender, Instant } from './instant.ts'
import { isSameHolder } from './instant.ts'

/** One verdict for a whole window from those of its instants, in the order of time. */
export function combine(instants: readonly Instant[]): Verdict {
  const verdicts = instants.map(instant => instant.verdict)
  return (
    blindSomewhere(verdicts) ??
    oneHolderThroughout(instants) ??
    nobodyThroughout(verdicts) ?? {
      state: 'ambiguous',
      reason: mostTelling(instants),
    }
  )
}

/** Blind at one instant is blind, for the reason of the first such instant. */
const blindSomewhere = (verdicts: readonly Verdict[]): Verdict | undefined =>
  verdicts.find(({ state }) => state === 'unknown')

/** `owned` needs one holder at every instant. Where its evidence is not of one kind, a kind that is not `sighted` is named. */
function oneHolderThroughout(instants: readonly Instant[]): Verdict | undefined {
  const owned = instants.map(({ verdict }) => verdict).filter(verdict => verdict.state === 'owned')
  if (owned.length < instants.length || holdersOf(instants).length > 1) return undefined
  return owned.find(verdict => verdict.reason !== 'sighted') ?? owned[0]
}

/** Nobody of ours at any instant: unowned if it was managed at one of them, else external, by a service's name if it had one. */
function nobodyThroughout(verdicts: readonly Verdict[]): Verdict | undefined {
  if (!verdicts.every(verdict => isNobody({ verdict }))) return undefined
  return (
    verdicts.find(({ state }) => state === 'unowned') ??
    verdicts.find(({ reason }) => reason === 'aws-service') ??
    verdicts[0]
  )
}

function holdersOf(instants: readonly Instant[]): readonly Contender[] {
  const holders: Contender[] = []
  for (const { holder } of instants) {
    if (holder && !holders.some(known => isSameHolder(known, holder))) holders.push(holder)
  }
  return holders
}

/** The rest is ambiguous, for the reason that tells most. */
function mostTelling(instants: readonly Instant[]): AmbiguousReason {
  if (holdersOf(instants).length > 1) return 'spans-handoff'
  const reasons = instants.flatMap(({ verdict }) => (verdict.state === 'ambiguous' ? [verdict.reason] : []))
  for (const telling of ['conflicting-sources', 'shared-address', 'handoff'] as const) {
    if (reasons.includes(telling)) return telling
  }
  const begins = reasons.includes('head') || instants.some((now, i) => now.holder && isNobody(instants[i - 1]))
  const ends = reasons.includes('tail') || instants.some((now, i) => isNobody(now) && instants[i - 1]?.holder)
  return begins && ends ? 'handoff' : begins ? 'head' : 'tail'
}

export const isNobody = (instant: Pick<Instant, 'verdict'> | undefined): boolean =>
  instant?.verdict.state === 'unowned' || instant?.verdict.state === 'external'
