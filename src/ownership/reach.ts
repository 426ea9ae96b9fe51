import { bitsOf, type Ip } from './address.ts'
import { coversBits, type Prefix, type PrefixBits, prefixBits } from './prefix.ts'
import { union } from './stretches.ts'
import { intersection, overlaps, type Window } from './window.ts'

/** Whether some source watches an address in a domain: at any layer, or at the one that says which blocks VPCs have. */
export type ManagedSpace = (domain: string, ip: Ip, layer?: 'network') => boolean

/** During its window, routes lead from one domain to addresses of another. */
export type Reach = Window & {
  readonly from: string
  readonly to: string
  /** The addresses of `to` that they lead to; null for all that is managed there. */
  readonly cidrs: readonly Prefix[] | null
  /** A peering, a transit gateway, or another word for people. */
  readonly via: string
}

/** A domain that may have an address, and the stretches of the asked window in which it may: disjoint, in order of time. */
export type PossibleDomain = { readonly domain: string; readonly during: readonly Window[] }

export type ReachTable = {
  /** The domains, sorted, in which an address seen from `from` may be at some instant of the window, `from` itself apart. */
  beyond(from: string, ip: Ip, window: Window, isManaged: ManagedSpace): readonly PossibleDomain[]
  /** Every reach from a domain to another. */
  from(domain: string): readonly Reach[]
}

const NONE: readonly PossibleDomain[] = []

/** Reaches ready to be asked: made once, for it parses the blocks. */
export function reachTable(reaches: readonly Reach[]): ReachTable {
  const byOrigin = new Map<string, Route[]>()
  for (const reach of reaches) {
    const routes = byOrigin.get(reach.from) ?? []
    byOrigin.set(reach.from, routes)
    if (reach.to !== reach.from) routes.push({ reach, blocks: reach.cidrs?.map(prefixBits) ?? null })
  }
  return {
    beyond(from, ip, window, isManaged) {
      const routes = byOrigin.get(from)
      return routes === undefined ? NONE : possibleBy(routes, ip, window, isManaged)
    },
    from: domain => byOrigin.get(domain)?.map(({ reach }) => reach) ?? [],
  }
}

export const NO_REACH: ReachTable = reachTable([])

type Route = { readonly reach: Reach; readonly blocks: readonly PrefixBits[] | null }

function possibleBy(
  routes: readonly Route[],
  ip: Ip,
  window: Window,
  isManaged: ManagedSpace,
): readonly PossibleDomain[] {
  const open = routes.filter(({ reach }) => overlaps(reach, window))
  if (open.length === 0) return NONE
  const bits = bitsOf(ip)
  const byDomain = new Map<string, Window[]>()
  for (const { reach, blocks } of open) {
    const leads = blocks === null ? isManaged(reach.to, ip) : blocks.some(block => coversBits(block, bits))
    const during = leads ? intersection(reach, window) : undefined
    if (during !== undefined) byDomain.set(reach.to, [...(byDomain.get(reach.to) ?? []), during])
  }
  return [...byDomain]
    .map(([domain, windows]) => ({ domain, during: union(windows) }))
    .sort((a, b) => (a.domain < b.domain ? -1 : 1))
}
