import type { Tag } from '@aws-sdk/client-ec2'
import { type DomainRule, domainOf, type Place } from '../../ownership/domains.ts'
import { type Prefix, toPrefix } from '../../ownership/prefix.ts'
import type { Sighting } from '../../ownership/snapshot.ts'
import { pollerErrors } from '../errors.ts'
import type { Naming } from '../naming/rules.ts'

/** One account and region, and how its addresses and resources are to be called. */
export type Estate = {
  readonly partition: string
  readonly account: string
  readonly region: string
  readonly domainRules: readonly DomainRule[]
  readonly naming: Naming
}

/** Of something that `account` owns in a VPC; in a shared VPC that is not the VPC's owner. */
export const placeIn = (estate: Estate, vpc: string, account: string | undefined): Place => ({
  partition: estate.partition,
  account: account ?? estate.account,
  region: estate.region,
  vpc,
})

/** As of the sending: a sighting certifies an end before its request was sent, and a start after its reply came. */
export const privateDomain = (estate: Estate, place: Place, { sentAtMs }: Sighting): string =>
  domainOf(estate.domainRules, place, sentAtMs)

export function required(value: string | undefined, what: string): string {
  if (value) return value
  throw pollerErrors.ec2ReplyMalformed({ what: `${what} is missing` })
}

export function prefixOf(text: string | undefined, what: string): Prefix {
  const prefix = toPrefix(required(text, what))
  if (prefix === undefined)
    throw pollerErrors.ec2ReplyMalformed({ what: `${what} is "${text}", not an address or block` })
  return prefix
}

export const tagsOf = (tags: readonly Tag[] | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries((tags ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])))

/** One tag of many things, without an object of all tags of each. */
export const tagOf = (tags: readonly Tag[] | undefined, key: string): string | undefined => {
  const tag = tags?.findLast(({ Key }) => Key === key)
  return tag && (tag.Value ?? '')
}

/** The Name tag, for people; it never makes an application unless a naming rule says so. */
export const labelsOf = (
  tags: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string | null>> = {},
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries({ name: tags['Name'] ?? null, ...more }).flatMap(([key, value]) => (value ? [[key, value]] : [])),
  )
