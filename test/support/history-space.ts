import fc from 'fast-check'
import { type Ip, toIp } from '../../src/ownership/address.ts'
import type { Revision } from '../../src/ownership/claim.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'
import type { Millis } from '../../src/ownership/window.ts'
import { prefix } from './estate.ts'

/** Times lie on a coarse grid, so that boundaries coincide and touch often. */
export const GRID_MS: readonly Millis[] = Array.from({ length: 13 }, (_, i) => i * 10)
export const time = fc.constantFrom(...GRID_MS)

/** `usual` so many times as often as `rare`. */
export const sometimes = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, usually = 4): fc.Arbitrary<T> =>
  fc.oneof({ weight: usually, arbitrary: usual }, { weight: 1, arbitrary: rare })

/** Few values, so that revisions tie. */
export const revision: fc.Arbitrary<Revision> = fc.record({
  epoch: fc.integer({ min: 1, max: 2 }),
  sequence: fc.nat({ max: 3 }),
})

/** An address, prefixes around it from the host outwards, and an address that some of them cover too. */
export type Neighbourhood = { readonly address: Ip; readonly neighbour: Ip; readonly prefixes: readonly Prefix[] }

const neighbourhood = (address: string, neighbour: string, lengths: readonly number[]): Neighbourhood => ({
  address: toIp(address) as Ip,
  neighbour: toIp(neighbour) as Ip,
  prefixes: lengths.map(length => prefix(`${address}/${length}`)),
})

const IPV4 = [32, 31, 28, 24, 8, 0]
const IPV6 = [128, 64, 56, 0]
export const NEIGHBOURHOODS = [
  neighbourhood('10.0.0.5', '10.0.0.4', IPV4),
  neighbourhood('255.255.255.255', '255.255.255.240', IPV4),
  neighbourhood('128.0.0.1', '127.255.255.255', IPV4),
  neighbourhood('2001:db8::ffff:0:5', '2001:db8::ffff:0:4', IPV6),
  neighbourhood('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '8000::', IPV6),
]

export const DOMAINS = ['d1', 'inet.0', 'inet6.0'] as const
export const SOURCES = ['a/one', 'b/two', 'c/three'] as const

/** Where a history takes place. */
export type Place = Neighbourhood & { readonly domain: string }

export const place: fc.Arbitrary<Place> = fc
  .tuple(
    fc.constantFrom(...NEIGHBOURHOODS),
    sometimes<string>(fc.constant('d1'), fc.constantFrom('inet.0', 'inet6.0'), 2),
  )
  .map(([around, domain]) => ({ ...around, domain }))
