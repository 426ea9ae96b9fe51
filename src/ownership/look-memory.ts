import type { Claim, Owner } from './claim.ts'
import type { Sighting } from './snapshot.ts'
import type { Millis } from './window.ts'

type Place = Pick<Claim, 'domain' | 'prefix'>
type Held = Place & { readonly owners: readonly Pick<Owner, 'subnet'>[] }

/** A place of which a look would have shown every holder, or every one on an interface of a subnet. */
export type Asked = Place & { readonly subnet?: string }

/** Of some moment from `fromMs` to `byMs` a reply told who held an address, or all addresses: whoever it did not show, did not. */
export type Vouched = { readonly fromMs: Millis; readonly byMs: Millis }

/**
 * What a poller remembers of its last polls and looks, beside the claims. Nothing is wrong without it, only wider: it is not
 * in the change stream, and whoever takes over begins with `NOTHING_REMEMBERED`.
 */
export type LookMemory = {
  /** Of the last complete polls, the newest last. */
  readonly polls: readonly Vouched[]
  /** By what was asked, of the looks that asked for it, the newest last. */
  readonly looks: ReadonlyMap<string, readonly Vouched[]>
  /** By claim, what did not show it right before it was seen first, and may yet turn out to have been before it. */
  readonly pending: ReadonlyMap<string, Vouched>
}

export const NOTHING_REMEMBERED: LookMemory = { polls: [], looks: new Map(), pending: new Map() }

export const placeKey = ({ domain, prefix }: Place): string => `${domain}|${prefix}`

const askedKey = (asked: Asked): string =>
  asked.subnet === undefined ? placeKey(asked) : `${placeKey(asked)}|${asked.subnet}`

const POLLS_REMEMBERED = 3

/** After a complete poll: it vouches from its progress to `byMs`, when it was over by the latest clock. */
export function rememberPoll(memory: LookMemory, poll: Vouched): LookMemory {
  const polls = [...memory.polls, poll].slice(-POLLS_REMEMBERED)
  const oldestMs = polls[0]?.fromMs ?? Number.NEGATIVE_INFINITY
  // What every poll that is remembered goes beyond, no start opens at.
  const looks = [...memory.looks].filter(([, held]) => held.some(({ fromMs }) => fromMs > oldestMs))
  return { ...memory, polls, looks: new Map(looks) }
}

/** After a look that asked for these. Of older ones the newest is kept that is sure to be before any moment it showed. */
export function rememberLook(
  looks: ReadonlyMap<string, readonly Vouched[]>,
  asked: readonly Asked[],
  look: Vouched,
): ReadonlyMap<string, readonly Vouched[]> {
  const next = new Map(looks)
  for (const one of asked) {
    const key = askedKey(one)
    const held = next.get(key) ?? []
    const firstNeeded = Math.max(
      0,
      held.findLastIndex(({ byMs }) => byMs <= look.fromMs),
    )
    next.set(key, [...held.slice(firstNeeded), look])
  }
  return next
}

/** What a sighting shows: one moment of this window (design.md §1, rule 1). */
export const shownBy = (
  { sentAtMs, receivedAtMs }: Sighting,
  { lagMs, clockErrorMs }: { readonly lagMs: Millis; readonly clockErrorMs: Millis },
): Vouched => ({ fromMs: sentAtMs - lagMs - clockErrorMs, byMs: receivedAtMs + clockErrorMs })

/**
 * For a holding that a reply shows and none before it did: since when it cannot have begun, and what may say more
 * once a later reply shows it again. Two replies closer together than lag may show their moments in the other order, and the
 * holding may have been over when it was not shown; so only what was over before any moment of `shown` counts at once.
 */
export function absentBefore(
  memory: LookMemory,
  held: Held,
  shown: Vouched,
): { readonly provedMs: Millis; readonly pending: Vouched | undefined } {
  let provedMs = Number.NEGATIVE_INFINITY
  let pending: Vouched | undefined
  for (const one of [...memory.polls, ...looksAt(memory, held)]) {
    if (one.byMs <= shown.fromMs) provedMs = Math.max(provedMs, one.fromMs)
    else if (pending === undefined || one.fromMs > pending.fromMs) pending = one
  }
  return { provedMs, pending: pending && pending.fromMs > provedMs ? pending : undefined }
}

/** Those that would have shown the holding. */
function looksAt({ looks }: LookMemory, held: Held): readonly Vouched[] {
  const [owner, ...others] = held.owners
  const inSubnet = owner?.subnet && others.length === 0 ? looks.get(askedKey({ ...held, subnet: owner.subnet })) : []
  return [...(looks.get(placeKey(held)) ?? []), ...(inSubnet ?? [])]
}
