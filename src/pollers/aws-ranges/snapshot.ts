import type { Scope } from '../../ownership/claim.ts'
import { PUBLIC_IPV4, PUBLIC_IPV6 } from '../../ownership/domains.ts'
import { type Prefix, toPrefix } from '../../ownership/prefix.ts'
import type { Binding } from '../../ownership/snapshot.ts'
import type { NamedRange } from './services.ts'

/** What one version of the file shows; only the sighting is added by each poll that finds it still published. */
export type ServiceBinding = Omit<Binding, 'sighting'>

/** The version that first listed a claim's range so, as far as this source has seen. */
export const VERSION_LABEL = 'syncToken'

/** Of a range that is listed as before: the version that first listed it, or undefined where it is new. */
export type ListedSince = (range: Pick<ServiceBinding, 'domain' | 'prefix'>, service: string) => string | undefined

export function serviceBinding(
  { prefix, service, region, borderGroup, listed }: NamedRange,
  syncToken: string,
  listedSince: ListedSince,
): ServiceBinding {
  const domain = prefix.includes(':') ? PUBLIC_IPV6 : PUBLIC_IPV4
  const version = listedSince({ domain, prefix }, service) ?? syncToken
  return {
    domain,
    prefix,
    ports: null,
    layer: 'service',
    owners: [
      {
        application: service,
        cluster: null,
        stack: null,
        detail: null,
        kind: 'aws_service',
        resourceId: `${service}@${region ?? 'several'}`,
        account: null,
        region,
        zone: null,
        vpc: null,
        subnet: null,
        eni: null,
        host: null,
        team: null,
        labels: { listed: listed.join(','), [VERSION_LABEL]: version, ...(borderGroup !== null && { borderGroup }) },
        namedBy: 'aws-ranges',
        forwards: false,
      },
    ],
    lifetimeId: null,
    state: 'held',
    stated: [],
    expects: [],
    whole: false,
  }
}

const everything = (domain: string, cidr: string): Omit<Scope, 'fromMs'> => ({
  domain,
  prefix: toPrefix(cidr) as Prefix,
  layers: ['service'],
})

/** Whatever public address the file does not list is no service's. */
export const SCOPE = [everything(PUBLIC_IPV4, '0.0.0.0/0'), everything(PUBLIC_IPV6, '::/0')] as const
