import { Fence } from '../changestream/fence.ts'
import type { Ip } from '../ownership/address.ts'
import { changesAsOf } from '../ownership/as-of.ts'
import { createOwnershipIndex } from '../ownership/ownership-index.ts'
import { hostPrefix, type Prefix, prefixBits, toPrefix } from '../ownership/prefix.ts'
import type { Store } from '../store/port.ts'
import type { KnowAsOf } from './answering.ts'

/**
 * What was known at an earlier moment, from the store: it keeps every revision with the time at which it was logged. `settled`
 * resolves once the store has all that is in the log now.
 */
export function knowingAsOf({
  store,
  settled,
}: {
  readonly store: Pick<Store, 'changesAbout'>
  readonly settled: () => Promise<void>
}): KnowAsOf {
  return async (domain, ips, asOfMs) => {
    await settled()
    const prefixes = [...new Set(ips.flatMap(prefixesAround))]
    const logged = await store.changesAbout({ domain, ips, prefixes }, asOfMs)
    const fence = new Fence()
    const index = createOwnershipIndex()
    for (const change of changesAsOf(logged, asOfMs, one => fence.fencedBy(one) === undefined)) index.apply(change)
    return index
  }
}

/** Every prefix that covers an address, the widest first. */
export function prefixesAround(ip: Ip): readonly Prefix[] {
  const { length: width } = prefixBits(hostPrefix(ip))
  const found: Prefix[] = []
  for (let length = 0; length <= width; length++) {
    const prefix = toPrefix(`${ip}/${length}`)
    if (prefix !== undefined) found.push(prefix)
  }
  return found
}
