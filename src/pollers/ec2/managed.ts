import type { NetworkInterface } from '@aws-sdk/client-ec2'
import { describedBy } from './descriptions.ts'

/** What kind of interface it is, and of which service's thing. */
export type InterfaceKind = {
  readonly kind: string
  /** True where an AWS service made it and no instance of ours holds it. */
  readonly managed: boolean
  /** The service's own name for what the interface serves, fit to be an application's name. */
  readonly name: string | null
  /** The id of what it serves, where the description has one: nat-…, vpce-…, a function. */
  readonly serves: string | null
  /** What told the kind of a managed one: `interface-type`, `description:` and the row, or `requester` alone. */
  readonly kindBy: string | null
  /** The row of the description that gave `name` or `serves`. */
  readonly row: string | null
}

/**
 * Trust in this order: the instance it is attached to, the interface type, who requested it, the description
 * (aws.md §2.2). An interface of one's own may carry any description, so only managed ones are read that way.
 */
export function interfaceKind(eni: NetworkInterface): InterfaceKind {
  const type = typeOf(eni)
  const managed = isManaged(eni, type)
  const described = managed ? describedBy(eni.Description ?? '') : undefined
  const { name = null, serves = null, row = null } = described ?? {}
  const base = { managed, name, serves, row }
  if (!managed) return { ...base, kind: type, kindBy: null }
  if (type !== 'interface') return { ...base, kind: type, kindBy: 'interface-type' }
  return described
    ? { ...base, kind: described.kind, kindBy: `description:${described.row}` }
    : { ...base, kind: type, kindBy: 'requester' }
}

/** An open string: the SDK's list is shorter than the API's, and spells one value in its own way. */
function typeOf(eni: NetworkInterface): string {
  const type: string = eni.InterfaceType ?? 'interface'
  return type === 'natGateway' ? 'nat_gateway' : type
}

/** Types that only services make; `interface` is made by anybody, and trunk, branch and efa belong to instances. */
const SERVICE_TYPES: ReadonlySet<string> = new Set([
  'api_gateway_managed',
  'aws_codestar_connections_managed',
  'ec2_instance_connect_endpoint',
  'efs',
  'gateway_load_balancer',
  'gateway_load_balancer_endpoint',
  'global_accelerator_managed',
  'iot_rules_managed',
  'lambda',
  'load_balancer',
  'nat_gateway',
  'network_load_balancer',
  'quicksight',
  'transit_gateway',
  'vpc_endpoint',
])

/** Made by a service, and held by no instance that the account can see. */
const isManaged = (eni: NetworkInterface, type: string): boolean =>
  eni.Attachment?.InstanceId === undefined &&
  (SERVICE_TYPES.has(type) ||
    eni.RequesterManaged === true ||
    eni.Operator?.Managed === true ||
    isService(eni.RequesterId) ||
    isService(eni.Attachment?.InstanceOwnerId))

/** `amazon-elb`, `amazon-aws` and their like stand where others have an account. */
const isService = (account: string | undefined): boolean => account?.startsWith('amazon-') === true

const FORWARDING_KINDS: ReadonlySet<string> = new Set([
  'nat_gateway',
  'transit_gateway',
  'network_load_balancer',
  'gateway_load_balancer',
  'gateway_load_balancer_endpoint',
])

/** Whether packets with other parties' addresses may pass through it. */
export const isForwarding = (eni: NetworkInterface, kind: string): boolean =>
  eni.SourceDestCheck === false || FORWARDING_KINDS.has(kind)
