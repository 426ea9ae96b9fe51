import type { Window } from '../../src/ownership/window.ts'
import type { Tenure } from '../../src/simulator/ledger.ts'
import type { World } from '../../src/simulator/world.ts'

/** What happened in a world while its flows were counted, as the ledger has it. */
const IN_THE_WORLD = {
  handoffs: 'an address passes from one holder to another',
  returns: 'an address comes back to an interface that it had left',
  retags: 'an instance is given to another application',
  moved_tasks: 'a task is moved to a job of another application',
  shared_addresses: 'containers begin to share an address',
  overlapping_addresses: 'addresses that two VPCs have holders for',
} as const

/** What the pollers met with. */
const IN_POLLING = {
  finished_listed: 'a finished task is in the list of active ones when it is polled',
  hung_requests: 'an attempt is given up after half a minute or more, and made again',
  lost_polls: 'a poll is refused or breaks off',
  doubted_polls: 'of these, a guard did not believe the listing',
  minutes_off: 'minutes in which a poller is not there',
  source_stale_ends: 'ends answered with unknown: source-stale',
} as const

export const HAPPENINGS = { ...IN_THE_WORLD, ...IN_POLLING } as const
export type Happened = keyof typeof HAPPENINGS
export type Happenings = Readonly<Record<Happened, number>>

/** Counts of what happened in the world within the span. */
export function eventsIn({ ledger, vpcs }: World, span: Window): Readonly<Record<keyof typeof IN_THE_WORLD, number>> {
  const isWithin = (atMs: number) => span.fromMs <= atMs && atMs < span.untilMs
  const renamings = { instance: new Set<string>(), container: new Set<string>() }
  const holdersOf = new Map<string, number>()
  let handoffs = 0
  let returns = 0
  let shared = 0
  for (const { space, ip } of ledger.addresses()) {
    const tenures = ledger.tenuresOf(space, ip)
    returns += returnsAmong(tenures).filter(isWithin).length
    const isPrivateIpv4 = ip.startsWith('10.') && vpcs.some(({ id }) => id === space)
    if (isPrivateIpv4 && tenures.some(({ fromMs, untilMs }) => fromMs < span.untilMs && span.fromMs < untilMs))
      holdersOf.set(ip, (holdersOf.get(ip) ?? 0) + 1)
    for (const [i, { holder, fromMs }] of tenures.entries()) {
      const before = tenures[i - 1]
      if (!isWithin(fromMs)) continue
      if (holder.resourceId.startsWith('shared ')) shared++
      if (before === undefined) continue
      if (before.holder.resourceId !== holder.resourceId) handoffs++
      else if (before.holder.application !== holder.application && holder.layer !== 'interface')
        renamings[holder.layer].add(`${holder.resourceId} ${fromMs}`)
    }
  }
  return {
    handoffs,
    returns,
    retags: renamings.instance.size,
    moved_tasks: renamings.container.size,
    shared_addresses: shared,
    overlapping_addresses: [...holdersOf.values()].filter(count => count > 1).length,
  }
}

/** When an interface got an address that it had had before, and had not held for a while. */
function returnsAmong(tenures: readonly Tenure[]): readonly number[] {
  const hadIt = new Set<Tenure['eni']>()
  return tenures.flatMap(({ eni, fromMs }, i) => {
    const before = tenures[i - 1]
    const isBack = hadIt.has(eni) && (before?.eni !== eni || before.untilMs < fromMs)
    hadIt.add(eni)
    return isBack ? [fromMs] : []
  })
}
