import type { NetworkInterface, NetworkInterfacePrivateIpAddress } from '@aws-sdk/client-ec2'
import type { Ip } from '../../ownership/address.ts'
import { PUBLIC_IPV4, PUBLIC_IPV6 } from '../../ownership/domains.ts'
import { isPrivate, type Prefix } from '../../ownership/prefix.ts'
import { prefixOf } from './estate.ts'

/** One address or block that an interface holds, in one domain. */
export type HeldAddress = {
  readonly domain: string
  readonly prefix: Prefix
  /** Identifies this binding of this address to the interface, or null where it may leave and come back. */
  readonly lifetime: string | null
  /** The interface's primary private IPv4 address: it never leaves the interface. */
  readonly primary: boolean
  /** Beside the primary address: a Kubernetes node hands such addresses to its pods. */
  readonly spare: boolean
}

/** Every address of an interface: private ones in `domain`, their public ones, and global IPv6 in both. */
export function heldAddresses(eni: NetworkInterface, domain: string): readonly HeldAddress[] {
  const id = eni.NetworkInterfaceId ?? ''
  return [
    ...privateAddresses(eni).flatMap(address => [privateIpv4(id, address, domain), ...publicIpv4(id, address)]),
    ...(eni.Ipv4Prefixes ?? []).map(({ Ipv4Prefix }) =>
      movable(domain, prefixOf(Ipv4Prefix, `an IPv4 prefix of ${id}`)),
    ),
    ...ipv6Blocks(eni).flatMap(prefix => [
      movable(domain, prefix),
      ...(isGlobalIpv6(prefix) ? [movable(PUBLIC_IPV6, prefix)] : []),
    ]),
  ]
}

const movable = (domain: string, prefix: Prefix): HeldAddress => ({
  domain,
  prefix,
  lifetime: null,
  primary: false,
  spare: true,
})

/** The association of the interface itself repeats that of its primary address; it counts only where there is no list. */
function privateAddresses(eni: NetworkInterface): readonly NetworkInterfacePrivateIpAddress[] {
  if (eni.PrivateIpAddresses?.length) return eni.PrivateIpAddresses
  const { PrivateIpAddress, Association } = eni
  return PrivateIpAddress ? [{ PrivateIpAddress, Primary: true, Association }] : []
}

function privateIpv4(id: string, address: NetworkInterfacePrivateIpAddress, domain: string): HeldAddress {
  const primary = address.Primary === true
  const prefix = prefixOf(address.PrivateIpAddress, `a private address of ${id}`)
  return { domain, prefix, lifetime: primary ? id : null, primary, spare: !primary }
}

/**
 * An Elastic IP follows its private address. On the primary one the association is to this interface for life; a secondary
 * one may be reassigned and takes its Elastic IP along without any change of it (aws.md §2.4), so there it identifies
 * nothing, and neither does an automatically assigned address. Carrier addresses are another network's.
 */
function publicIpv4(id: string, { Association, Primary }: NetworkInterfacePrivateIpAddress): readonly HeldAddress[] {
  if (!Association?.PublicIp) return []
  const prefix = prefixOf(Association.PublicIp, `a public address of ${id}`)
  const elastic = Association.AllocationId !== undefined && Primary === true
  const lifetime = (elastic && Association.AssociationId) || null
  return [{ domain: PUBLIC_IPV4, prefix, lifetime, primary: false, spare: Primary !== true }]
}

function ipv6Blocks(eni: NetworkInterface): readonly Prefix[] {
  const id = eni.NetworkInterfaceId
  const single = eni.Ipv6Address ? [{ Ipv6Address: eni.Ipv6Address }] : []
  const listed = eni.Ipv6Addresses?.length ? eni.Ipv6Addresses : single
  return [
    ...listed.map(({ Ipv6Address }) => prefixOf(Ipv6Address, `an IPv6 address of ${id}`)),
    ...(eni.Ipv6Prefixes ?? []).map(({ Ipv6Prefix }) => prefixOf(Ipv6Prefix, `an IPv6 prefix of ${id}`)),
  ]
}

/** Addresses of a prefix's own bits; unique local space (fc00::/7) means something only within its VPC. */
export function isGlobalIpv6(prefix: Prefix): boolean {
  const ip = prefix.slice(0, prefix.indexOf('/')) as Ip
  return ip.includes(':') && !isPrivate(ip)
}
