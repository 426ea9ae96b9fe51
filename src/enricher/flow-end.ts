import type { Ip } from '../ownership/address.ts'
import type { Answer } from '../ownership/answer.ts'
import type { FlowEnd } from '../store/port.ts'

/** What an end says of an owner where it has none. */
export const NO_OWNER = {
  application: '',
  resourceId: '',
  cluster: '',
  account: '',
  region: '',
  zone: '',
  layer: '',
  claimId: '',
  candidates: [],
  service: '',
} as const

/** How an end names "nobody at all" among its candidates. No resource id is this word. */
export const NOBODY = 'nobody'

/** An answer of the index as a row keeps it. */
export function answeredEnd(ip: Ip, port: number, domain: string, answer: Answer): FlowEnd {
  // Field by field: objects spread into one another take several times as long, and the join makes many of these. The order is
  // that of the other ends, so that all of them have one shape, in memory and as JSON.
  const { holding } = answer
  const owner = holding?.owner
  return {
    application: owner?.application ?? '',
    resourceId: owner?.resourceId ?? '',
    cluster: owner?.cluster ?? '',
    account: owner?.account ?? '',
    region: owner?.region ?? '',
    zone: owner?.zone ?? '',
    layer: holding?.layer ?? '',
    claimId: holding?.claimId ?? '',
    candidates: holding === null ? candidateIds(answer) : [],
    service: answer.service?.owner.application ?? '',
    ip,
    port,
    domain,
    state: answer.state,
    reason: answer.reason,
  }
}

/** Those who may have held it; for an `unknown` without candidates, the lower layers that the blindness is about. */
function candidateIds({ state, candidates, under }: Answer): readonly string[] {
  if (state !== 'ambiguous' && state !== 'unknown') return []
  const ids = candidates.map(({ holding }) => holding?.owner.resourceId ?? NOBODY)
  return [...new Set(ids.length > 0 ? ids : under.map(({ owner }) => owner.resourceId))]
}

/** The record tells the interface, but not whose address behind it. */
export const interfaceLevelEnd = (ip: Ip, port: number, domain: string, candidates: readonly string[]): FlowEnd => ({
  ...NO_OWNER,
  ip,
  port,
  domain,
  state: 'ambiguous',
  reason: 'interface-level',
  candidates,
})

/** No routing domain could be told for the address. */
export const placelessEnd = (ip: Ip, port: number): FlowEnd => ({
  ...NO_OWNER,
  ip,
  port,
  domain: '',
  state: 'unknown',
  reason: 'no-such-domain',
})

/** The record was made on one interface, and the claims have its own address on another: one of the two is wrong. */
export const withConflict = (end: FlowEnd, { holding }: Answer): FlowEnd => ({
  ...NO_OWNER,
  ip: end.ip,
  port: end.port,
  domain: end.domain,
  service: end.service,
  state: 'ambiguous',
  reason: 'conflicting-sources',
  candidates: holding ? [holding.owner.resourceId] : [],
})
