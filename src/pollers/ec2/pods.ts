import type { Instance, NetworkInterface } from '@aws-sdk/client-ec2'

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
  if (eni.TagSet?.some(({ Key = '' }) => INTERFACE_TAGS.has(Key))) return true
  return instance?.Tags?.some(({ Key = '' }) => NODE_TAGS.has(Key) || Key.startsWith(CLUSTER_TAG)) ?? false
}
