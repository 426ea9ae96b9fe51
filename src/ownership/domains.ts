import type { Layer } from './claim.ts'

/** Where an address was met. */
export type Place = {
  readonly partition: string
  readonly account: string
  readonly region: string
  readonly vpc: string
}

/** A rule with no condition matches everything. The first match gives the private space of a VPC its domain. */
export type DomainRule = {
  readonly domain: string
  readonly partition?: string
  readonly account?: string
  readonly region?: string
  readonly vpc?: string
  /** Layers expected above an ENI of a kind, where they differ from the defaults below. */
  readonly expects?: Readonly<Record<string, readonly Layer[]>>
}

export const PUBLIC_IPV4 = 'inet.0'
export const PUBLIC_IPV6 = 'inet6.0'

const matches = (rule: DomainRule, place: Place): boolean =>
  (['partition', 'account', 'region', 'vpc'] as const).every(key => rule[key] === undefined || rule[key] === place[key])

/** The name of the domain that a VPC's own address space belongs to; by default the VPC's id. */
export const domainOf = (rules: readonly DomainRule[], place: Place): string =>
  rules.find(rule => matches(rule, place))?.domain ?? place.vpc

/**
 * Which higher layers must be proved absent before an ENI's own claim may answer. An address of a branch ENI belongs to a
 * container or to nobody in particular (Titus, EKS pods with security groups); one of a plain ENI to the instance it is
 * attached to. ENIs that AWS services manage answer for themselves.
 */
const EXPECTED: Readonly<Record<string, readonly Layer[]>> = {
  branch: ['container'],
  trunk: ['instance'],
  interface: ['instance'],
  efa: ['instance'],
}

export function expectedLayers(rules: readonly DomainRule[], place: Place, eniKind: string): readonly Layer[] {
  const rule = rules.find(candidate => matches(candidate, place))
  return rule?.expects?.[eniKind] ?? EXPECTED[eniKind] ?? []
}

export const isPublicDomain = (domain: string): boolean => domain === PUBLIC_IPV4 || domain === PUBLIC_IPV6

export const isDomainName = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/.test(text)
