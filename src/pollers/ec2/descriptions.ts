type Row = {
  /** Names the row, in `kindBy` and in what names an application. */
  readonly row: string
  readonly pattern: RegExp
  readonly kind: string
  readonly gives?: 'name' | 'serves'
}

/** Descriptions that services write (aws.md §2.2). The first group is what the row `gives`. */
const ROWS: readonly Row[] = [
  { row: 'elb-app', pattern: /^ELB app\/([^/]+)\//, kind: 'load_balancer', gives: 'name' },
  { row: 'elb-net', pattern: /^ELB net\/([^/]+)\//, kind: 'network_load_balancer', gives: 'name' },
  { row: 'elb-gwy', pattern: /^ELB gwy\/([^/]+)\//, kind: 'gateway_load_balancer', gives: 'name' },
  { row: 'elb-classic', pattern: /^ELB ([^/\s]+)$/, kind: 'load_balancer', gives: 'name' },
  { row: 'nat-gateway', pattern: /^Interface for NAT Gateway (nat-\w+)/, kind: 'nat_gateway', gives: 'serves' },
  { row: 'vpc-endpoint', pattern: /^VPC Endpoint Interface (vpce-\w+)/, kind: 'vpc_endpoint', gives: 'serves' },
  {
    row: 'transit-gateway',
    pattern: /^Network Interface for Transit Gateway Attachment (tgw-attach-\w+)/,
    kind: 'transit_gateway',
    gives: 'serves',
  },
  // One interface serves every function with the same subnet and security groups: the function named is one of several.
  {
    row: 'lambda-function',
    pattern: /^AWS Lambda VPC ENI-(.+)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    kind: 'lambda',
    gives: 'serves',
  },
  { row: 'lambda', pattern: /^AWS Lambda VPC /, kind: 'lambda' },
  { row: 'rds', pattern: /^RDSNetworkInterface/, kind: 'rds' },
  { row: 'rds-proxy', pattern: /^Network interface for DBProxy/, kind: 'rds_proxy' },
  { row: 'elasticache', pattern: /^ElastiCache/, kind: 'elasticache' },
  { row: 'redshift', pattern: /^RedshiftNetworkInterface/, kind: 'redshift' },
  { row: 'dax', pattern: /^DAX/, kind: 'dax' },
  { row: 'dms', pattern: /^DMSNetworkInterface/, kind: 'dms' },
  { row: 'efs', pattern: /^EFS mount target for (fs-\w+)/, kind: 'efs', gives: 'serves' },
  {
    row: 'ecs-task',
    pattern: /^arn:aws[\w-]*:ecs:[^:]*:[^:]*:attachment\/([\w-]+)/,
    kind: 'ecs_task',
    gives: 'serves',
  },
  { row: 'eks-control-plane', pattern: /^Amazon EKS (\S+)/, kind: 'eks_control_plane', gives: 'name' },
  { row: 'api-gateway', pattern: /^ENI managed by APIGateway/, kind: 'api_gateway_managed' },
  {
    row: 'directory',
    pattern: /^AWS created network interface for directory (d-\w+)/,
    kind: 'directory',
    gives: 'serves',
  },
  { row: 'codestar', pattern: /^AWS CodeStar Connections/, kind: 'aws_codestar_connections_managed' },
  { row: 'emr', pattern: /^AWS ElasticMapReduce/, kind: 'emr' },
  { row: 'cloudhsm', pattern: /^CloudH(?:SM|sm) /, kind: 'cloudhsm' },
  {
    row: 'route53-resolver',
    pattern: /^Route 53 Resolver: (rslvr-\w+-\w+)/,
    kind: 'route53_resolver',
    gives: 'serves',
  },
]

export type Described = Pick<Row, 'row' | 'kind'> & { readonly name?: string; readonly serves?: string }

/** What a managed interface's description says of it; undefined where no row knows it. */
export function describedBy(description: string): Described | undefined {
  for (const { row, pattern, kind, gives } of ROWS) {
    const found = pattern.exec(description)
    if (found === null) continue
    const [, text] = found
    return { row, kind, ...(gives !== undefined && text !== undefined && { [gives]: text }) }
  }
  return undefined
}
