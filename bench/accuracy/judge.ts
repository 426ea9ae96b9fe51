import type { EndTruth } from '../../src/simulator/ledger.ts'
import type { FlowEnd } from '../../src/store/port.ts'

/**
 * What an answer of one end comes to. `owned`, `unowned` and `external` are right; `unnamed` is the right resource without its
 * name; `unseen` is *nobody* where somebody held the address for less than two polls lie apart, which no poll can show;
 * `wrong` is everything else that was said for certain.
 */
export const OUTCOMES = ['owned', 'unnamed', 'unowned', 'external', 'unseen', 'ambiguous', 'unknown', 'wrong'] as const
export type Outcome = (typeof OUTCOMES)[number]

type Said = Pick<FlowEnd, 'state' | 'application' | 'resourceId'>

/** `wasSeeable` tells of an address that somebody held whether a poll must have shown it. */
export function judge(said: Said, truth: EndTruth, wasSeeable: () => boolean): Outcome {
  const { state } = said
  if (state === 'ambiguous' || state === 'unknown') return state
  if (state !== 'owned') {
    if (truth.holders.length === 0) return state
    return wasSeeable() ? 'wrong' : truth.holders.every(isBare) ? state : 'unseen'
  }
  const isUnnamed = said.application === ''
  const isHolder = ({ resourceId, application }: EndTruth['holders'][number]) =>
    resourceId === said.resourceId && (isUnnamed || application === said.application)
  if (truth.nobody || truth.holders.length === 0 || !truth.holders.every(isHolder)) return 'wrong'
  return isUnnamed && truth.holders.some(({ application }) => application !== null) ? 'unnamed' : 'owned'
}

/** An interface that is there for instances or containers, and has none: nobody, in the words of answers. */
const isBare = ({ layer, application }: EndTruth['holders'][number]): boolean =>
  layer === 'interface' && application === null
