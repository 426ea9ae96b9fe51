import type { Ip } from '../ownership/address.ts'
import type { Claim } from '../ownership/claim.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import type { Window } from '../ownership/window.ts'
import { prefixesAround } from './as-of.ts'

/**
 * All claims on prefixes that cover the address and may hold it in some part of the window, by when they begin. What is
 * known of them now: each in its newest revision.
 */
export function claimsOn(
  index: Pick<OwnershipIndex, 'before'>,
  domain: string,
  ip: Ip,
  window: Window,
): readonly Claim[] {
  const known = index.before()
  return prefixesAround(ip)
    .flatMap(prefix => [...known.claimsAt(domain, prefix)])
    .filter(({ start, end }) => start.earliestMs < window.untilMs && end.latestMs > window.fromMs)
    .sort((a, b) => a.start.latestMs - b.start.latestMs || (a.id < b.id ? -1 : 1))
}
