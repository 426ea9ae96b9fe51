import type { Claim, Owner } from './claim.ts'
import type { Binding } from './snapshot.ts'

type Held = Pick<Claim, 'domain' | 'prefix' | 'ports' | 'layer' | 'lifetimeId' | 'owners'>
type Owners = readonly Owner[]

/** Which holding a binding or a claim is about, whatever it is named. */
export function holdingKey(held: Held): string {
  const ports = held.ports ? `${held.ports.first}-${held.ports.last}` : ''
  const holder = held.lifetimeId ?? `by ${holderOf(held.owners)}`
  return [held.domain, held.prefix, ports, held.layer, holder].join('|')
}

/** Who holds an address that no lifetime id binds: the same resource on another interface is another holding. */
export const holderOf = (owners: Owners): string =>
  owners.map(({ resourceId, eni }) => `${resourceId}@${eni ?? ''}`).join(',')

export const applicationsOf = (owners: Owners): string => JSON.stringify(owners.map(owner => owner.application))

/** Whether they are as many, and each says the same in all these fields as its counterpart. */
const agree = (a: Owners, b: Owners, fields: readonly (keyof Owner)[]): boolean =>
  a.length === b.length && a.every((owner, i) => fields.every(field => owner[field] === b[i]?.[field]))

export const haveSameNames = (a: Owners, b: Owners): boolean => agree(a, b, ['application'])

/** Whether `owners` are those of `others` with one application or more not known. Of the same applications it is false. */
export const lacksNamesOf = (owners: Owners, others: Owners): boolean =>
  owners.length === others.length &&
  !haveSameNames(owners, others) &&
  owners.every(({ application }, i) => application === null || application === others[i]?.application)

const PLACE = ['kind', 'resourceId', 'account', 'region', 'zone', 'vpc', 'subnet', 'eni', 'host'] as const
const CLUSTER = ['cluster', 'stack', 'detail'] as const

/** Whether they run in the same place. */
export const isSamePlace = (a: Owners, b: Owners): boolean => agree(a, b, PLACE)

/**
 * Whether a claim of the same applications may go on as what the binding shows. A claim has one owner for its whole time, so
 * what says where that owner runs, or would let the claim answer for time in which it might not, must not change within it.
 * Team, labels and naming rule describe the owner and are those of the last listing; more expected layers make the claim
 * more careful about its past, too.
 */
export const isUnchanged = (claim: Claim, binding: Binding): boolean =>
  isSamePlace(claim.owners, binding.owners) &&
  agree(claim.owners, binding.owners, CLUSTER) &&
  claim.expects.every(layer => binding.expects.includes(layer)) &&
  claim.whole === binding.whole

/** Who forwarded in a part of the claim's time may have forwarded in any. */
export const onceForwarding = (owners: Owners, before: Owners): Owners =>
  owners.map((owner, i) => (before[i]?.forwards ? { ...owner, forwards: true } : owner))
