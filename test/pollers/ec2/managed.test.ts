import type { NetworkInterface } from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import { DEFAULT_NAMING } from '../../../src/pollers/naming/rules.ts'
import { eni, instance, loose, only, snapshot } from '../../support/ec2-listing.ts'

const managed = (Description: string, part: Partial<NetworkInterface> = {}) =>
  only({ interfaces: [loose({ Description, RequesterManaged: true, ...part })] })

describe('a managed interface is told by its description', () => {
  test.each([
    ['ELB app/shop/50dc6c495c0c9188', 'elb-app', 'load_balancer', 'shop', undefined, false],
    ['ELB net/edge/50dc6c495c0c9188', 'elb-net', 'network_load_balancer', 'edge', undefined, true],
    ['ELB gwy/fw/50dc6c495c0c9188', 'elb-gwy', 'gateway_load_balancer', 'fw', undefined, true],
    ['ELB classic-one', 'elb-classic', 'load_balancer', 'classic-one', undefined, false],
    [
      'Interface for NAT Gateway nat-0123456789abcdef0',
      'nat-gateway',
      'nat_gateway',
      null,
      'nat-0123456789abcdef0',
      true,
    ],
    ['VPC Endpoint Interface vpce-0123', 'vpc-endpoint', 'vpc_endpoint', null, 'vpce-0123', false],
    [
      'Network Interface for Transit Gateway Attachment tgw-attach-0f',
      'transit-gateway',
      'transit_gateway',
      null,
      'tgw-attach-0f',
      true,
    ],
    [
      'AWS Lambda VPC ENI-resize-4ba0c4d4-1b2c-4d5e-8f90-123456789abc',
      'lambda-function',
      'lambda',
      null,
      'resize',
      false,
    ],
    ['AWS Lambda VPC ENI: 0f1e', 'lambda', 'lambda', null, undefined, false],
    ['RDSNetworkInterface', 'rds', 'rds', null, undefined, false],
    ['Network interface for DBProxy prod', 'rds-proxy', 'rds_proxy', null, undefined, false],
    ['ElastiCache+sessions-001', 'elasticache', 'elasticache', null, undefined, false],
    ['RedshiftNetworkInterface', 'redshift', 'redshift', null, undefined, false],
    ['DAX sessions', 'dax', 'dax', null, undefined, false],
    ['DMSNetworkInterface', 'dms', 'dms', null, undefined, false],
    ['EFS mount target for fs-0a (fsmt-0b)', 'efs', 'efs', null, 'fs-0a', false],
    ['arn:aws-us-gov:ecs:us-gov-west-1:1:attachment/0f-1', 'ecs-task', 'ecs_task', null, '0f-1', false],
    ['Amazon EKS prod-1', 'eks-control-plane', 'eks_control_plane', 'prod-1', undefined, false],
    ['ENI managed by APIGateway', 'api-gateway', 'api_gateway_managed', null, undefined, false],
    ['AWS created network interface for directory d-9067', 'directory', 'directory', null, 'd-9067', false],
    ['AWS CodeStar Connections', 'codestar', 'aws_codestar_connections_managed', null, undefined, false],
    ['AWS ElasticMapReduce', 'emr', 'emr', null, undefined, false],
    ['CloudHSM Managed Interface', 'cloudhsm', 'cloudhsm', null, undefined, false],
    ['CloudHsm ENI', 'cloudhsm', 'cloudhsm', null, undefined, false],
    ['Route 53 Resolver: rslvr-in-0a1b:rni-0c', 'route53-resolver', 'route53_resolver', null, 'rslvr-in-0a1b', false],
  ])('%s is by the row %s a %s', (description, row, kind, application, serves, forwards) => {
    const { expects, owners } = managed(description)
    expect(expects).toEqual([])
    expect(owners).toMatchObject([
      { kind, application, forwards, namedBy: application === null ? null : `description:${row}` },
    ])
    expect(owners[0]?.labels).toEqual({ kindBy: `description:${row}`, ...(serves && { serves }) })
  })

  test('one that no row knows is known by who requested it alone', () => {
    expect(managed('made by hand').owners).toMatchObject([{ kind: 'interface', labels: { kindBy: 'requester' } }])
  })

  test('a naming rule with a pattern of its own is told as the rule that named it', () => {
    const rule = { rule: 'description', pattern: '^RDS', application: 'databases' } as const
    const naming = { ...DEFAULT_NAMING, rules: [rule, ...DEFAULT_NAMING.rules] }
    const rds = loose({ Description: 'RDSNetworkInterface', RequesterManaged: true })
    expect(only({ interfaces: [rds] }, { naming }).owners).toMatchObject([
      { application: 'databases', namedBy: 'description:^RDS' },
    ])
  })
})

describe('what an interface is trusted for, in order', () => {
  test.each([
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
  ])('the type %s is a service’s, whoever requested it', type => {
    // The SDK's list of types is shorter than the API's.
    const InterfaceType = type as 'lambda'
    const { owners, expects } = only({ interfaces: [loose({ InterfaceType })] })
    expect(owners).toMatchObject([{ kind: type, labels: { kindBy: 'interface-type' } }])
    expect(expects).toEqual([])
  })

  test('the type outranks the description, in the SDK’s spelling too; the description still tells whose it is', () => {
    const nat = managed('Interface for NAT Gateway nat-0f', { InterfaceType: 'natGateway' })
    expect(nat.owners).toMatchObject([
      { kind: 'nat_gateway', forwards: true, labels: { serves: 'nat-0f', kindBy: 'interface-type' } },
    ])
    const edge = managed('ELB net/edge/50dc', { InterfaceType: 'network_load_balancer' })
    expect(edge.owners).toMatchObject([{ application: 'edge', namedBy: 'description:elb-net' }])
  })

  test.each([
    ['a service stands as requester', { RequesterId: 'amazon-elb' }],
    [
      'a service stands as the attachment’s owner',
      { Attachment: { InstanceOwnerId: 'amazon-elb', Status: 'attached' } },
    ],
    ['an operator is named', { Operator: { Managed: true, Principal: 'eks.amazonaws.com' } }],
  ] as const)('it is managed where %s', (_, part) => {
    const owners = only({ interfaces: [loose({ Description: 'ELB app/shop/50dc', ...part })] }).owners
    expect(owners).toMatchObject([{ kind: 'load_balancer', application: 'shop' }])
  })

  test('a description on an interface of one’s own says nothing', () => {
    const own = loose({ Description: 'ELB app/shop/50dc6c495c0c9188' })
    expect(only({ interfaces: [own] }).owners).toMatchObject([{ kind: 'interface', application: null, labels: {} }])
  })

  test('an interface that an instance holds is the instance’s, whoever manages it', () => {
    const held = { ...eni, Operator: { Managed: true }, Description: 'ELB app/shop/50dc6c495c0c9188' }
    const { bindings } = snapshot({ interfaces: [held], instances: [instance] })
    expect(bindings.map(({ owners }) => owners[0]?.application)).toEqual([null, 'api'])
    expect(bindings[0]?.expects).toEqual(['instance'])
  })

  test('without source and destination check an interface forwards', () => {
    const { bindings } = snapshot({ interfaces: [{ ...eni, SourceDestCheck: false }], instances: [instance] })
    expect(bindings.map(({ owners }) => owners[0]?.forwards)).toEqual([true, true])
  })
})
