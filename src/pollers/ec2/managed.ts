import type { NetworkInterface } from '@aws-sdk/client-ec2'

/** What kind of interface it is, and of which service's thing. */
export type InterfaceKind = {
  readonly kind: string
  /** True where an AWS service made it and no instance of ours holds it. */
  readonly managed: boolean
  /** The service's own name for what the interface serves, fit to be an application's name. */
  readonly name: string | null
  /** The id of what it serves, where the description has one: nat-…, vpce-…, a function. */
  readonly serves: string | null
}

type Row = { readonly pattern: RegExp; readonly kind: string; readonly gives?: 'name' | 'serves' }

/** Descriptions that services write (aws.md §2.2). The first group is what the row `gives`. */
const ROWS: readonly Row[] = [
  { pattern: /^ELB app\/([^/]+)\//, kind: 'load_balancer', gives: 'name' },
  { pattern: /^ELB net\/([^/]+)\//, kind: 'network_load_balancer', gives: 'name' },
  { pattern: /^ELB gwy\/([^/]+)\//, kind: 'gateway_load_balancer', gives: 'name' },
  { pattern: /^ELB ([^/\s]+)$/, kind: 'load_balancer', gives: 'name' },
  { pattern: /^Interface for NAT Gateway (nat-\w+)/, kind: 'nat_gateway', gives: 'serves' },
  { pattern: /^VPC Endpoint Interface (vpce-\w+)/, kind: 'vpc_endpoint', gives: 'serves' },
  {
    pattern: /^Network Interface for Transit Gateway Attachment (tgw-attach-\w+)/,
    kind: 'transit_gateway',
    gives: 'serves',
  },
  // One interface serves every function with the same subnet and security groups: the function named is one of several.
  { pattern: /^AWS Lambda VPC ENI-(.+)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, kind: 'lambda', gives: 'serves' },
  { pattern: /^AWS Lambda VPC /, kind: 'lambda' },
  { pattern: /^RDSNetworkInterface/, kind: 'rds' },
  { pattern: /^Network interface for DBProxy/, kind: 'rds_proxy' },
  { pattern: /^ElastiCache/, kind: 'elasticache' },
  { pattern: /^RedshiftNetworkInterface/, kind: 'redshift' },
  { pattern: /^DAX/, kind: 'dax' },
  { pattern: /^DMSNetworkInterface/, kind: 'dms' },
  { pattern: /^EFS mount target for (fs-\w+)/, kind: 'efs', gives: 'serves' },
  { pattern: /^arn:aws[\w-]*:ecs:[^:]*:[^:]*:attachment\/([\w-]+)/, kind: 'ecs_task', gives: 'serves' },
  { pattern: /^Amazon EKS (\S+)/, kind: 'eks_control_plane', gives: 'name' },
  { pattern: /^ENI managed by APIGateway/, kind: 'api_gateway_managed' },
  { pattern: /^AWS created network interface for directory (d-\w+)/, kind: 'directory', gives: 'serves' },
  { pattern: /^AWS CodeStar Connections/, kind: 'aws_codestar_connections_managed' },
  { pattern: /^AWS ElasticMapReduce/, kind: 'emr' },
  { pattern: /^CloudH(?:SM|sm) /, kind: 'cloudhsm' },
  { pattern: /^Route 53 Resolver: (rslvr-\w+-\w+)/, kind: 'route53_resolver', gives: 'serves' },
]

/**
 * Trust in this order: the instance it is attached to, the interface type, who requested it, the description
 * (aws.md §2.2). An interface of one's own may carry any description, so only managed ones are read that way.
 */
export function interfaceKind(eni: NetworkInterface): InterfaceKind {
  const type = typeOf(eni)
  const managed = isManaged(eni)
  if (!managed) return { kind: type, managed, name: null, serves: null }
  for (const { pattern, kind, gives } of ROWS) {
    const found = pattern.exec(eni.Description ?? '')
    if (found === null) continue
    const text = found[1] ?? null
    return {
      kind: type === 'interface' ? kind : type,
      managed,
      name: gives === 'name' ? text : null,
      serves: gives === 'serves' ? text : null,
    }
  }
  return { kind: type, managed, name: null, serves: null }
}

/** An open string: the SDK's list is shorter than the API's, and spells one value in its own way. */
function typeOf(eni: NetworkInterface): string {
  const type: string = eni.InterfaceType ?? 'interface'
  return type === 'natGateway' ? 'nat_gateway' : type
}

const isManaged = (eni: NetworkInterface): boolean =>
  eni.Attachment?.InstanceId === undefined &&
  (eni.RequesterManaged === true || eni.Operator?.Managed === true || eni.RequesterId?.startsWith('amazon-') === true)

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
