import fc from 'fast-check'
import type { Change } from '../../src/ownership/claim.ts'
import { covers } from '../../src/ownership/prefix.ts'
import type { Reach } from '../../src/ownership/reach.ts'
import { overlaps, type Window } from '../../src/ownership/window.ts'
import { block, changesOf, held, type Told } from './domain-worlds.ts'
import { prefix, question } from './estate.ts'

/** Domains that whohad polls or not; `corp` is never polled and has nothing that is known. */
const DOMAINS = ['d1', 'd2', 'd3', 'd4'] as const
const CIDRS = ['10.1.0.0/16', '10.2.0.0/16', '10.2.0.0/24'] as const
export const ADDRESSES = ['10.1.0.5', '10.2.0.5', '10.2.9.5'] as const
export type Address = (typeof ADDRESSES)[number]

/** Something as it really was, and how far around its ends the evidence is in doubt. */
type Fact = { readonly window: Window; readonly doubts: readonly [number, number, number, number] }
type Block = Fact & { readonly domain: string; readonly cidr: string }
type Host = Fact & { readonly domain: string; readonly address: string; readonly holder: string }

/** What was, what is told of it, and which routes lead where from d1. */
export type ReachWorld = {
  readonly changes: readonly Change[]
  readonly reaches: readonly Reach[]
  /** Instants at which a block, a host or a route came or went. */
  readonly turnsMs: readonly number[]
  /**
   * Where packets from d1 to an address may have gone at an instant: to d1 where it had the block, else wherever a reach led.
   * With who held it there.
   */
  placesAt(address: Address, atMs: number): readonly { readonly domain: string; readonly holder: string | undefined }[]
}

const doubt = fc.integer({ min: 0, max: 4 })
const doubts = fc.tuple(doubt, doubt, doubt, doubt)
const span = (fromMs: number, longMs: number): Window => ({ fromMs, untilMs: fromMs + longMs })
const part = fc
  .tuple(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 1, max: 100 }))
  .map(([from, long]) => span(from, long))
const always = fc.constant(span(-1000, 3000))

const blocks = fc.array(
  fc.record({
    domain: fc.constantFrom(...DOMAINS),
    cidr: fc.constantFrom(...CIDRS),
    window: fc.oneof({ weight: 2, arbitrary: always }, part),
    doubts,
    hosts: fc.array(
      fc.record({
        address: fc.constantFrom(...ADDRESSES),
        holder: fc.constantFrom('a', 'b'),
        window: fc.oneof({ weight: 2, arbitrary: fc.constant(span(0, 100)) }, part),
        doubts,
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  { minLength: 1, maxLength: 5 },
)

const reaches = fc.array(
  fc.record({
    to: fc.oneof({ weight: 6, arbitrary: fc.constantFrom('d2', 'd3', 'd4') }, fc.constant('corp')),
    cidrs: fc.option(fc.subarray([...CIDRS], { minLength: 1 })),
    window: fc.oneof({ weight: 3, arbitrary: always }, part),
  }),
  { minLength: 1, maxLength: 4 },
)

const often = fc.integer({ min: 0, max: 7 }).map(number => number > 0)
const watched = fc.record({ d1: often, d2: often, d3: often, d4: often })

export const reachWorlds: fc.Arbitrary<ReachWorld> = fc
  .tuple(blocks, reaches, watched)
  .map(([given, routes, polled]) => {
    const isPolled = (domain: string) => Object.hasOwn(polled, domain) && polled[domain as keyof typeof polled]
    const hosts = given.flatMap(({ domain, cidr, window, hosts: inside }) =>
      inside.flatMap((host): readonly Host[] => {
        const isInside = covers(prefix(cidr), question(host.address, 0).ip) && overlaps(host.window, window)
        return isInside ? [{ ...host, domain, window: common(host.window, window) }] : []
      }),
    )
    const single = hosts.filter((host, i) => !hosts.slice(0, i).some(other => isSameAddress(other, host)))
    const table = routes.map(
      ({ cidrs, window, to }): Reach => ({ from: 'd1', to, via: 'any', cidrs: cidrs?.map(prefix) ?? null, ...window }),
    )
    return {
      changes: changesOf(scopesOf(given, isPolled), [...given.map(toldBlock), ...single.map(toldHost)]),
      reaches: table,
      turnsMs: [...given, ...single, ...routes].flatMap(({ window }) => [window.fromMs, window.untilMs]),
      placesAt(address, atMs) {
        const hasBlock = (domain: string) =>
          given.some(one => one.domain === domain && isIn(one.cidr, address) && isAt(one.window, atMs))
        const leads = ({ to, cidrs }: Reach) =>
          (cidrs === null || cidrs.some(cidr => isIn(cidr, address))) && (isPolled(to) ? hasBlock(to) : cidrs !== null)
        const domains =
          isPolled('d1') && hasBlock('d1')
            ? ['d1']
            : table.filter(one => isAt(one, atMs) && leads(one)).map(({ to }) => to)
        return [...new Set(domains)].map(domain => ({
          domain,
          holder: single.find(host => host.domain === domain && host.address === address && isAt(host.window, atMs))
            ?.holder,
        }))
      },
    }
  })

const isAt = (window: Window, atMs: number): boolean => window.fromMs <= atMs && atMs < window.untilMs
const isIn = (cidr: string, address: string): boolean => covers(prefix(cidr), question(address, 0).ip)

const common = (a: Window, b: Window): Window => ({
  fromMs: Math.max(a.fromMs, b.fromMs),
  untilMs: Math.min(a.untilMs, b.untilMs),
})

/** One holds an address at a time. */
const isSameAddress = (a: Host, b: Host): boolean =>
  a.domain === b.domain && a.address === b.address && overlaps(a.window, b.window)

function scopesOf(given: readonly Block[], isPolled: (domain: string) => boolean): Readonly<Record<string, string[]>> {
  const cidrsOf = (domain: string) => given.filter(one => one.domain === domain).map(({ cidr }) => cidr)
  return Object.fromEntries(DOMAINS.filter(isPolled).map(domain => [domain, cidrsOf(domain)]))
}

const within = ({ window: { fromMs, untilMs }, doubts: [a, b, c, d] }: Fact): Pick<Told, 'start' | 'end'> => ({
  start: { earliestMs: fromMs - a, latestMs: fromMs + b },
  end: { earliestMs: untilMs - c, latestMs: untilMs + d },
})
const toldBlock = (one: Block): Told => ({ ...block(one.domain, one.cidr), ...within(one) })
const toldHost = (host: Host): Told => ({ ...held(host.domain, host.address, host.holder, 0, 0), ...within(host) })
