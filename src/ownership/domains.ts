import type { Layer } from './claim.ts'
import type { Millis, Window } from './window.ts'

/** Where an address was met. */
export type Place = {
  readonly partition: string
  readonly account: string
  readonly region: string
  readonly vpc: string
}

/** What is known of a place: a record may not tell all of it. */
export type KnownPlace = Pick<Place, 'vpc'> & {
  readonly [Part in Exclude<keyof Place, 'vpc'>]: Place[Part] | undefined
}

/**
 * A rule with no condition matches everything. Of the rules in force at an instant, the first match gives the private space
 * of a VPC its domain.
 */
export type DomainRule = {
  readonly domain: string
  readonly partition?: string
  readonly account?: string
  readonly region?: string
  readonly vpc?: string
  /** Its lifetime: in force from `fromMs` until before `untilMs`; without bound where one is left out. */
  readonly fromMs?: Millis
  readonly untilMs?: Millis
  /** Layers expected above an ENI of a kind, where they differ from the defaults below. */
  readonly expects?: Readonly<Record<string, readonly Layer[]>>
}

export const PUBLIC_IPV4 = 'inet.0'
export const PUBLIC_IPV6 = 'inet6.0'

const PARTS = ['partition', 'account', 'region', 'vpc'] as const

const isInForce = ({ fromMs, untilMs }: DomainRule, atMs: Millis): boolean =>
  (fromMs === undefined || fromMs <= atMs) && (untilMs === undefined || atMs < untilMs)

const ruleFor = (rules: readonly DomainRule[], place: Place, atMs: Millis): DomainRule | undefined =>
  rules.find(
    rule => isInForce(rule, atMs) && PARTS.every(part => rule[part] === undefined || rule[part] === place[part]),
  )

/** The name of the domain that a VPC's own address space belongs to at an instant; by default the VPC's id. */
export const domainOf = (rules: readonly DomainRule[], place: Place, atMs: Millis): string =>
  ruleFor(rules, place, atMs)?.domain ?? place.vpc

/** Since when, without a break until `atMs`, the rules have given the place the domain that it has then; −Infinity is always. */
export function domainSince(rules: readonly DomainRule[], place: Place, atMs: Millis): Millis {
  const domain = domainOf(rules, place, atMs)
  const turns = changesWithin(rules, { fromMs: Number.NEGATIVE_INFINITY, untilMs: atMs + 1 })
  const turn = turns.findLast(turnMs => domainOf(rules, place, turnMs - 1) !== domain)
  return turn ?? Number.NEGATIVE_INFINITY
}

/**
 * Every domain that the rules give a VPC at some instant of the window, in the order of time: several where a rule's lifetime
 * begins or ends there. None where a rule asks for something that is not known of the place: that rule may be the one.
 */
export function domainsDuring(rules: readonly DomainRule[], place: KnownPlace, window: Window): readonly string[] {
  const domains = new Set<string>()
  for (const atMs of changesWithin(rules, window)) {
    const domain = domainOfKnown(rules, place, atMs)
    if (domain === undefined) return []
    domains.add(domain)
  }
  return [...domains]
}

/** The window's beginning, and the instants within it at which a lifetime begins or ends. */
function changesWithin(rules: readonly DomainRule[], window: Window): readonly Millis[] {
  const changes = [window.fromMs]
  for (const { fromMs, untilMs } of rules) {
    for (const atMs of [fromMs, untilMs]) {
      if (atMs !== undefined && window.fromMs < atMs && atMs < window.untilMs) changes.push(atMs)
    }
  }
  return changes.sort((a, b) => a - b)
}

function domainOfKnown(rules: readonly DomainRule[], place: KnownPlace, atMs: Millis): string | undefined {
  for (const rule of rules) {
    if (!isInForce(rule, atMs)) continue
    const asked = PARTS.filter(part => rule[part] !== undefined)
    if (asked.some(part => place[part] !== undefined && place[part] !== rule[part])) continue
    return asked.some(part => place[part] === undefined) ? undefined : rule.domain
  }
  return place.vpc
}

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

export const expectedLayers = (
  rules: readonly DomainRule[],
  place: Place,
  eniKind: string,
  atMs: Millis,
): readonly Layer[] => ruleFor(rules, place, atMs)?.expects?.[eniKind] ?? EXPECTED[eniKind] ?? []

/** Partitions by region name, as botocore's endpoints list them. */
export const partitionOf = (region: string): string =>
  region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'

export const isPublicDomain = (domain: string): boolean => domain === PUBLIC_IPV4 || domain === PUBLIC_IPV6

export const isDomainName = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/.test(text)
