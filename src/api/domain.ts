import type { Ip } from '../ownership/address.ts'
import { isPublicDomain, PUBLIC_IPV4, PUBLIC_IPV6 } from '../ownership/domains.ts'
import type { SourceView } from '../ownership/ownership-index.ts'
import { covers, isPrivate } from '../ownership/prefix.ts'
import { questionErrors } from './errors.ts'

/**
 * The routing domain of a question that named none: the internet for a public address, and for a private one the only
 * domain whose sources cover it. Removed sources count too, because questions are about the past.
 *
 * @throws WHOHAD_DOMAIN_NEEDED where several domains have the private address, or none
 */
export function decideDomain(ip: Ip, sources: readonly SourceView[]): string {
  if (!isPrivate(ip)) return ip.includes(':') ? PUBLIC_IPV6 : PUBLIC_IPV4
  const scopes = sources.flatMap(view => view.source.scope).filter(scope => !isPublicDomain(scope.domain))
  const covering = namesOf(scopes.filter(scope => covers(scope.prefix, ip)))
  const [only] = covering
  if (only === undefined || covering.length > 1) {
    throw questionErrors.domainNeeded({ ip, covering, known: namesOf(scopes) })
  }
  return only
}

const namesOf = (scopes: readonly { readonly domain: string }[]): string[] =>
  [...new Set(scopes.map(scope => scope.domain))].sort()
