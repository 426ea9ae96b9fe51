import type { Millis } from '../ownership/window.ts'
import type { Holder } from './holder.ts'
import type { Subnet } from './subnet.ts'

/** Something that was so in [fromMs, untilMs). */
export type Dated = { readonly fromMs: Millis; untilMs: Millis }

/** An instance as its interfaces know it: one object for all of them. */
export type Machine = { readonly id: string; application: string }

export type Attachment = Dated & {
  readonly attachmentId: string
  /** Null for the ENIs of AWS services. */
  readonly instance: Machine | null
  readonly instanceOwner: string
  readonly deviceIndex: number
  readonly deleteOnTermination: boolean
  /** Shown as `detaching` from here on. */
  detachingFromMs: Millis
}

/** IPv4 or IPv6. */
export type PrivateAddress = Dated & { readonly ip: string; readonly primary: boolean }

/** A block of addresses: `ips` are those of it that anybody ever used, all of them where they are few. */
export type Delegation = Dated & { readonly block: string; readonly ips: Set<string> }

export type Association = Dated & {
  readonly publicIp: string
  readonly privateIp: string
  /** Null, both, for an automatically assigned address. */
  readonly allocationId: string | null
  readonly associationId: string | null
  readonly ipOwner: string
}

export type NewEni = {
  readonly subnet: Subnet
  readonly primaryIp: string
  readonly interfaceType: string
  readonly description: string
  /** An AWS service that made it and answers for it. */
  readonly requester: string | null
  readonly sourceDestCheck: boolean
  readonly tags: Readonly<Record<string, string>>
  /** What the interface itself is, where it is no instance's and no container's. */
  readonly application: string | null
}

export type Eni = NewEni &
  Dated & {
    readonly id: string
    readonly mac: string
    readonly addresses: PrivateAddress[]
    readonly delegations: Delegation[]
    readonly attachments: Attachment[]
    readonly associations: Association[]
    /** By private address; only on branch interfaces. */
    readonly containers: Map<string, Holder>
  }

export const isIpv6 = (text: string): boolean => text.includes(':')

export const lasting = <T extends Dated>(items: readonly T[], atMs: Millis): T[] =>
  items.filter(item => item.fromMs <= atMs && atMs < item.untilMs)

export const current = <T extends Dated>(items: readonly T[], atMs: Millis): T | undefined =>
  items.findLast(item => item.fromMs <= atMs && atMs < item.untilMs)
