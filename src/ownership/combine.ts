import type { AmbiguousReason, Verdict } from './answer.ts'
import { isSameHolder, type LiveSpan, type Part } from './attribution.ts'

export type Combined = { readonly verdict: Verdict; readonly holder: LiveSpan | undefined }

/**
 * One verdict for the whole window from those of its parts. `owned` needs the same holder throughout; a part in which we
 * were blind makes the whole unknown; everything else is ambiguous, with the reason that tells most.
 */
export function combine(parts: readonly Part[]): Combined {
  const first = parts[0] as Part
  if (parts.length === 1) return { verdict: first.verdict, holder: first.holder }
  const blind = parts.find(part => part.verdict.state === 'unknown')
  if (blind) return { verdict: blind.verdict, holder: undefined }

  const holders = distinctHolders(parts)
  if (parts.every(part => part.holder !== undefined) && holders.length === 1) {
    const other = parts.find(part => part.verdict.reason !== 'sighted') ?? first
    return { verdict: other.verdict, holder: first.holder }
  }
  if (parts.every(part => part.verdict.state === first.verdict.state) && first.holder === undefined) {
    const alike = parts.every(part => part.verdict.reason === first.verdict.reason)
    if (alike || first.verdict.state !== 'ambiguous') return { verdict: first.verdict, holder: undefined }
  }
  return { verdict: { state: 'ambiguous', reason: mixedReason(parts, holders) }, holder: undefined }
}

function distinctHolders(parts: readonly Part[]): readonly LiveSpan[] {
  const holders: LiveSpan[] = []
  for (const { holder } of parts) {
    if (holder && !holders.some(known => isSameHolder(known, holder))) holders.push(holder)
  }
  return holders
}

function mixedReason(parts: readonly Part[], holders: readonly LiveSpan[]): AmbiguousReason {
  if (holders.length > 1) return 'spans-handoff'
  const reasons = new Set(parts.flatMap(part => (part.verdict.state === 'ambiguous' ? [part.verdict.reason] : [])))
  for (const telling of ['conflicting-sources', 'shared-address', 'spans-handoff', 'handoff'] as const) {
    if (reasons.has(telling)) return telling
  }
  if (reasons.has('head') && reasons.has('tail')) return 'handoff'
  for (const reason of reasons) return reason
  // Somebody in one part, provably nobody in another: the holding begins or ends within the window.
  return parts[0]?.holder ? 'tail' : 'head'
}
