import type { Claim, Owner } from './claim.ts'
import type { Binding } from './snapshot.ts'

type Held = Pick<Claim, 'ports' | 'layer' | 'lifetimeId' | 'owners'>
type Owners = readonly Owner[]

/** Whether two of one place, binding or claim, are about the same holding there, whatever it is named. */
export function isSameHolding(a: Held, b: Held): boolean {
  if (a.layer !== b.layer || a.lifetimeId !== b.lifetimeId) return false
  if (a.ports?.first !== b.ports?.first || a.ports?.last !== b.ports?.last) return false
  return a.lifetimeId !== null || haveSameHolders(a.owners, b.owners)
}

/** Field by field, like `isSameOwner`: every address of a poll is compared. */
function haveSameHolders(a: Owners, b: Owners): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    const [one, other] = [a[i] as Owner, b[i] as Owner]
    if (one.resourceId !== other.resourceId || one.eni !== other.eni) return false
  }
  return true
}

/** Who holds an address that no lifetime id binds: the same resource on another interface is another holding. */
export const holderOf = (owners: Owners): string =>
  owners.map(({ resourceId, eni }) => `${resourceId}@${eni ?? ''}`).join(',')

/** Whether they are as many, and each says the same in all these fields as its counterpart. */
function agree(a: Owners, b: Owners, fields: readonly (keyof Owner)[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    for (const field of fields) if (a[i]?.[field] !== b[i]?.[field]) return false
  }
  return true
}

export const haveSameNames = (a: Owners, b: Owners): boolean => agree(a, b, ['application'])

/** Whether `owners` are those of `others` with one application or more not known. Of the same applications it is false. */
export const lacksNamesOf = (owners: Owners, others: Owners): boolean =>
  owners.length === others.length &&
  !haveSameNames(owners, others) &&
  owners.every(({ application }, i) => application === null || application === others[i]?.application)

const PLACE = ['kind', 'resourceId', 'account', 'region', 'zone', 'vpc', 'subnet', 'eni', 'host'] as const
const CLUSTER = ['cluster', 'stack', 'detail'] as const

/** Whether two are known by names of which one part at least differs. */
export const hasAnotherName = (a: Owner, b: Owner): boolean =>
  a.application !== null &&
  b.application !== null &&
  (a.application !== b.application || CLUSTER.some(field => a[field] !== b[field]))

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

/** Whether a binding says nothing but what the claim says already. */
export function saysTheSame(claim: Claim, { owners, expects, whole }: Binding, same: SameOwners): boolean {
  if (claim.whole !== whole || claim.expects.length !== expects.length) return false
  for (let i = 0; i < expects.length; i++) if (claim.expects[i] !== expects[i]) return false
  return same.are(claim.owners, owners)
}

/** The addresses of one interface follow one another and share its owners: what was found alike last is not compared again. */
export class SameOwners {
  private lastOf: Owners = []
  private lastLike: Owners = []

  are(a: Owners, b: Owners): boolean {
    if (a === this.lastOf && b === this.lastLike) return true
    if (a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!isSameOwner(a[i] as Owner, b[i] as Owner)) return false
    this.lastOf = a
    this.lastLike = b
    return true
  }
}

const isSameOwner = (a: Owner, b: Owner): boolean =>
  a === b ||
  (a.resourceId === b.resourceId &&
    a.application === b.application &&
    a.cluster === b.cluster &&
    a.stack === b.stack &&
    a.detail === b.detail &&
    a.kind === b.kind &&
    a.account === b.account &&
    a.region === b.region &&
    a.zone === b.zone &&
    a.vpc === b.vpc &&
    a.subnet === b.subnet &&
    a.eni === b.eni &&
    a.host === b.host &&
    a.team === b.team &&
    a.namedBy === b.namedBy &&
    a.forwards === b.forwards &&
    haveSameLabels(a.labels, b.labels))

function haveSameLabels(a: Owner['labels'], b: Owner['labels']): boolean {
  let left = 0
  for (const key in a) {
    if (a[key] !== b[key]) return false
    left++
  }
  for (const _ in b) left--
  return left === 0
}
