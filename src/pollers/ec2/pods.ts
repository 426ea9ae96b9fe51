import type { Instance, NetworkInterface } from '@aws-sdk/client-ec2'
import { tagsOf } from './estate.ts'

/** Set by the Amazon VPC CNI on interfaces that it adds to a node (inventories.md §6). */
const INTERFACE_TAGS: ReadonlySet<string> = new Set(['node.k8s.amazonaws.com/instance_id', 'eks:eni:owner'])
const NODE_TAGS: ReadonlySet<string> = new Set(['eks:cluster-name', 'aws:eks:cluster-name'])
const CLUSTER_TAG = 'kubernetes.io/cluster/'

/**
 * Whether the addresses beside the primary one may be pods'. EC2 shows no change when a pod takes or gives up one of them, so
 * neither the interface nor the node may be called its owner unless a container source says that no pod had it.
 */
export function mayServePods(eni: NetworkInterface, instance: Instance | undefined): boolean {
  if (eni.Description?.startsWith('aws-K8S-')) return true
  if (Object.keys(tagsOf(eni.TagSet)).some(key => INTERFACE_TAGS.has(key))) return true
  return Object.keys(tagsOf(instance?.Tags)).some(key => NODE_TAGS.has(key) || key.startsWith(CLUSTER_TAG))
}
