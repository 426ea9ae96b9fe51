/**
 * What a listing that shows a thing in a state tells of its addresses: `held` is a sighting; `ending` is neither a sighting
 * nor an absence, it only opens the end window; `none` is as if the thing were not listed for this (design.md §1, rule 4).
 */
export type Sign = 'held' | 'ending' | 'none'

/**
 * Every state that the EC2 API names (inventories.md §4; aws.md §2.1, §2.3, §2.4), and what it tells:
 *
 * | what                | of                            | because                                                          |
 * | ------------------- | ----------------------------- | ---------------------------------------------------------------- |
 * | `network-interface` | its own hold on its addresses | they are its own from its creation to its deletion, attached or not |
 * | `attachment`        | the instance's hold on them   | a detaching interface still carries its packets, an attaching one does not yet |
 * | `instance`          | the instance's hold on them   | they stay over stop and start; after termination it is listed on  |
 * | `vpc`, `subnet`     | whether its blocks are managed | a failed one never was; an unavailable subnet still has its addresses |
 * | `block`             | whether the block is managed  | only an association that is in force counts                      |
 *
 * Associations of public addresses, delegated prefixes and IPv6 addresses have no state: what is listed is held.
 */
const SIGNS = {
  'network-interface': {
    available: 'held',
    associated: 'held',
    attaching: 'held',
    'in-use': 'held',
    detaching: 'held',
  },
  attachment: { attaching: 'none', attached: 'held', detaching: 'held', detached: 'none' },
  instance: {
    pending: 'held',
    running: 'held',
    stopping: 'held',
    stopped: 'held',
    'shutting-down': 'ending',
    terminated: 'ending',
  },
  vpc: { pending: 'none', available: 'held', deleting: 'ending' },
  subnet: {
    pending: 'none',
    available: 'held',
    unavailable: 'held',
    failed: 'none',
    'failed-insufficient-capacity': 'none',
  },
  block: {
    associating: 'none',
    associated: 'held',
    disassociating: 'ending',
    disassociated: 'none',
    failing: 'none',
    failed: 'none',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Sign>>>>

export type Stateful = keyof typeof SIGNS

/** A state that is missing or not in the table proves nothing either way. */
export function signOf(what: Stateful, state: string | undefined): Sign {
  const signs: Readonly<Record<string, Sign>> = SIGNS[what]
  return state !== undefined && Object.hasOwn(signs, state) ? (signs[state] ?? 'ending') : 'ending'
}

/** Of a hold that needs all of them: what tells least decides. */
export const leastOf = (...signs: readonly Sign[]): Sign =>
  signs.includes('none') ? 'none' : signs.includes('ending') ? 'ending' : 'held'
