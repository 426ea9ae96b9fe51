import { type DomainRule, domainOf, domainSince, domainsDuring, partitionOf } from '../ownership/domains.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import type { Millis } from '../ownership/window.ts'
import type { InterfacePlace } from '../pollers/titus/snapshot.ts'

/**
 * Titus does not say where a branch interface is; the EC2 claims do. An interface never changes its VPC, but a rule may give
 * the VPC another domain: undefined until the EC2 claims show that too. `sentAtMs` is when Titus was asked.
 */
export function placeOfInterface(
  eni: string,
  index: Pick<OwnershipIndex, 'interfaceDuring' | 'sources'>,
  asked: { readonly nowMs: Millis; readonly sentAtMs: Millis; readonly domainRules: readonly DomainRule[] },
): InterfacePlace | undefined {
  const { nowMs, sentAtMs, domainRules } = asked
  const view = index.interfaceDuring(eni, { fromMs: nowMs, untilMs: nowMs + 1 })
  const [domain, ...others] = view?.domains ?? []
  if (view === undefined || domain === undefined || others.length > 0) return undefined
  const { vpc, account, region, subnet } = view.owner
  const place = { partition: partitionOf(region ?? ''), account: account ?? '', region: region ?? '', vpc: vpc ?? '' }
  const sinceLooked = { fromMs: lookedUntilMs(index), untilMs: sentAtMs + 1 }
  if (domainsDuring(domainRules, place, sinceLooked).length > 1) return undefined
  // Rules that would call it otherwise are not those that the EC2 poller has: they say nothing of this domain.
  const isByRules = domainOf(domainRules, place, sentAtMs) === domain
  const domainSinceMs = isByRules ? domainSince(domainRules, place, sentAtMs) : Number.NEGATIVE_INFINITY
  return { domain, vpc: place.vpc, account: place.account, region: place.region, subnet, domainSinceMs }
}

/** Up to when all EC2 pollers that are at work have looked. */
function lookedUntilMs(index: Pick<OwnershipIndex, 'sources'>): Millis {
  const atWork = index
    .sources()
    .filter(({ source }) => source.kind === 'ec2' && source.validity.untilMs === Number.POSITIVE_INFINITY)
  return Math.min(...atWork.map(({ completeUpToMs }) => completeUpToMs ?? Number.POSITIVE_INFINITY))
}
