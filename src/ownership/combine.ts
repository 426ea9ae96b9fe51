import type { AmbiguousReason, Verdict } from './answer.ts'
import { isSameHolder, type LiveSpan } from './live-span.ts'
import type { Window } from './window.ts'

export type Combined = { readonly verdict: Verdict; readonly holder: LiveSpan | undefined }

/** As long as can be over which one verdict and one holder hold. */
export type Stretch = Combined & { readonly window: Window }

/** Adds what comes next in time: to the last stretch where nothing changes. */
export function extend(stretches: Stretch[], next: Stretch): void {
  const last = stretches.at(-1)
  if (last === undefined || !isAlike(last, next)) stretches.push(next)
  else stretches[stretches.length - 1] = { ...last, window: { ...last.window, untilMs: next.window.untilMs } }
}

const isAlike = (a: Combined, b: Combined): boolean =>
  a.verdict.state === b.verdict.state &&
  a.verdict.reason === b.verdict.reason &&
  (a.holder === undefined || b.holder === undefined ? a.holder === b.holder : isSameHolder(a.holder, b.holder))

/**
 * One verdict for the whole window from those of its stretches. `owned` needs the same holder throughout; a stretch in
 * which we were blind makes the whole unknown; nobody throughout is nobody; everything else is ambiguous, with the reason
 * that tells most.
 */
export function combine(stretches: readonly Stretch[]): Combined {
  const first = stretches[0] as Stretch
  if (stretches.length === 1) return { verdict: first.verdict, holder: first.holder }
  const blind = stretches.find(({ verdict }) => verdict.state === 'unknown')
  if (blind) return { verdict: blind.verdict, holder: undefined }
  if (stretches.every(isNobody)) return { verdict: nobodysVerdict(stretches), holder: undefined }

  const holders = stretches.flatMap(({ holder }) => holder ?? [])
  const [holder] = holders
  const isOne = holder !== undefined && holders.every(other => isSameHolder(other, holder))
  if (isOne && holders.length === stretches.length) {
    const other = stretches.find(({ verdict }) => verdict.reason !== 'sighted') ?? first
    return { verdict: other.verdict, holder }
  }
  const reason = holder !== undefined && !isOne ? 'spans-handoff' : mixedReason(stretches)
  return { verdict: { state: 'ambiguous', reason }, holder: undefined }
}

export const isNobody = ({ verdict }: Pick<Stretch, 'verdict'>): boolean =>
  verdict.state === 'unowned' || verdict.state === 'external'

/** Managed for a time is managed; of what is not ours, a published service tells more than the internet at large. */
function nobodysVerdict(stretches: readonly Stretch[]): Verdict {
  const { verdict } = stretches[0] as Stretch
  const telling = [
    stretches.find(other => other.verdict.state === 'unowned'),
    stretches.find(other => other.verdict.reason === 'aws-service'),
  ]
  return telling.find(stretch => stretch !== undefined)?.verdict ?? verdict
}

/** One holder at most is proved, and not throughout: what is between, and whether it begins or ends within the window. */
function mixedReason(stretches: readonly Stretch[]): AmbiguousReason {
  const reasons = new Set(stretches.flatMap(({ verdict }) => (verdict.state === 'ambiguous' ? [verdict.reason] : [])))
  for (const telling of ['conflicting-sources', 'shared-address', 'handoff'] as const) {
    if (reasons.has(telling)) return telling
  }
  const begins = stretches.some((stretch, i) => {
    const before = stretches[i - 1]
    return stretch.holder !== undefined && before !== undefined && isNobody(before)
  })
  const ends = stretches.some((stretch, i) => {
    const before = stretches[i - 1]
    return isNobody(stretch) && before?.holder !== undefined
  })
  const hasHead = begins || reasons.has('head')
  const hasTail = ends || reasons.has('tail')
  if (hasHead && hasTail) return 'handoff'
  return hasHead ? 'head' : 'tail'
}
