import type { NetworkInterface, TrunkInterfaceAssociation } from '@aws-sdk/client-ec2'
import type { Sighted } from '../../ownership/snapshot.ts'
import { tagOf } from './estate.ts'

/** The trunk that carries a branch interface, and the instance that the trunk is attached to. */
export type Trunk = { readonly eni: string; readonly host: string | null; readonly vlan: string | null }

/** Written by the Amazon VPC resource controller on the branches that it makes (inventories.md §6). */
const TRUNK_TAG = 'vpcresources.k8s.aws/trunk-eni-id'
const VLAN_TAG = 'vpcresources.k8s.aws/vlan-id'

type Listed = {
  readonly interfaces: readonly Sighted<NetworkInterface>[]
  readonly trunkAssociations?: readonly Sighted<TrunkInterfaceAssociation>[]
}

/**
 * The trunk of every branch interface that has one: by its association, or where none is listed by its own tags. Whether EC2
 * fills a branch's own attachment is not established (inventories.md §4), so nothing here rests on it. It tells people where
 * a branch is reached, never who holds its addresses; so it becomes labels, which no window depends on, and not the owner's
 * host: interfaces and associations come in different replies and do not fit together at every moment.
 */
export function trunksOf({ trunkAssociations = [], interfaces }: Listed): ReadonlyMap<string, Trunk> {
  const hosts = new Map(
    interfaces.map(({ value: eni }) => [eni.NetworkInterfaceId, eni.Attachment?.InstanceId ?? null]),
  )
  const trunks = new Map<string, Trunk>()
  for (const { value } of interfaces) {
    const { NetworkInterfaceId, TagSet } = value
    const eni = tagOf(TagSet, TRUNK_TAG)
    if (!NetworkInterfaceId || !eni) continue
    trunks.set(NetworkInterfaceId, { eni, host: hosts.get(eni) ?? null, vlan: tagOf(TagSet, VLAN_TAG) ?? null })
  }
  for (const { value } of trunkAssociations) {
    const { BranchInterfaceId, TrunkInterfaceId: eni, VlanId } = value
    const vlan = VlanId === undefined ? null : String(VlanId)
    if (BranchInterfaceId && eni) trunks.set(BranchInterfaceId, { eni, host: hosts.get(eni) ?? null, vlan })
  }
  return trunks
}
