import { Fence } from '../changestream/fence.ts'
import type { Ip } from '../ownership/address.ts'
import { askAsOf, changesAsOf } from '../ownership/as-of.ts'
import { createOwnershipIndex } from '../ownership/ownership-index.ts'
import { hostPrefix, type Prefix, prefixBits, toPrefix } from '../ownership/prefix.ts'
import type { Store } from '../store/port.ts'
import type { AskAsOf } from './answering.ts'

/**
 * Answers as of an earlier moment, from the store: it keeps every revision with the time at which it was logged. `settled`
 * resolves once the store has all that is in the log now.
 */
export function askingAsOf({
  store,
  settled,
}: {
  readonly store: Pick<Store, 'changesAbout'>
  readonly settled: () => Promise<void>
}): AskAsOf {
  return async (question, asOfMs) => {
    await settled()
    const { domain, ip } = question
    const logged = await store.changesAbout({ domain, ip, prefixes: prefixesAround(ip) }, asOfMs)
    const fence = new Fence()
    const known = changesAsOf(logged, asOfMs, change => fence.fencedBy(change) === undefined)
    return askAsOf(question, asOfMs, known, createOwnershipIndex())
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
