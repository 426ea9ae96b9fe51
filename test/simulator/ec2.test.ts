import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type NetworkInterface,
  paginateDescribeInstances,
  paginateDescribeNetworkInterfaces,
} from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SimulatedCloud } from '../../src/simulator/cloud.ts'
import { calmFaults, ec2ClientOf, MINUTE_MS, START_MS, startSmallCloud } from '../support/simulator.ts'

describe('the EC2 API, by its real client', () => {
  let cloud: SimulatedCloud
  beforeAll(async () => {
    cloud = await startSmallCloud()
  })
  afterAll(() => cloud.close())

  async function interfaces(pageSize: number): Promise<NetworkInterface[]> {
    const pages = paginateDescribeNetworkInterfaces(
      { client: ec2ClientOf(cloud), pageSize },
      { IncludeManagedResources: true },
    )
    const all: NetworkInterface[] = []
    for await (const page of pages) all.push(...(page.NetworkInterfaces ?? []))
    return all
  }

  test('interfaces come in pages, each of them once', async () => {
    const ids = (await interfaces(5)).map(({ NetworkInterfaceId }) => NetworkInterfaceId)
    expect(ids.length).toBeGreaterThan(30)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('every kind of interface is there, with what tells it apart', async () => {
    const all = await interfaces(1000)
    const kinds = new Set(all.map(({ InterfaceType }) => InterfaceType))
    expect([...kinds].sort()).toEqual(['branch', 'interface', 'nat_gateway', 'trunk'])

    const balancer = all.find(({ RequesterId }) => RequesterId === 'amazon-elb')
    expect(balancer).toMatchObject({ RequesterManaged: true, Description: expect.stringMatching(/^ELB app\/web-/) })
    expect(balancer?.Association).toMatchObject({ IpOwnerId: 'amazon-elb' })
    const nat = all.find(({ InterfaceType }) => String(InterfaceType) === 'nat_gateway')
    expect(nat).toMatchObject({ SourceDestCheck: false, Attachment: { InstanceOwnerId: 'amazon-aws' } })
    expect(nat?.Attachment?.InstanceId).toBeUndefined()
    const branch = all.find(({ InterfaceType }) => InterfaceType === 'branch')
    expect(branch).toMatchObject({ Description: 'titus-managed-branch', Status: 'in-use' })
    expect(branch?.PrivateIpAddresses?.filter(({ Primary }) => !Primary).length).toBeGreaterThan(2)

    const owners = all.flatMap(({ Association }) => (Association ? [Association] : []))
    expect(owners.some(({ IpOwnerId, AllocationId }) => IpOwnerId === 'amazon' && AllocationId === undefined)).toBe(
      true,
    )
    expect(owners.some(({ IpOwnerId, AssociationId }) => IpOwnerId === cloud.account && AssociationId)).toBe(true)
  })

  test('an attachment began at a whole second', async () => {
    const times = (await interfaces(1000)).flatMap(({ Attachment }) => Attachment?.AttachTime ?? [])
    expect(times.length).toBeGreaterThan(20)
    expect(times.every(time => time.getTime() % 1000 === 0 && time.getTime() <= cloud.clock.now())).toBe(true)
  })

  test('a filter by address or by id gives what holds it, in each VPC', async () => {
    const client = ec2ClientOf(cloud)
    const [one] = await interfaces(1000)
    const ip = one?.PrivateIpAddress ?? ''
    const byAddress = await client.send(
      new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'addresses.private-ip-address', Values: [ip] }] }),
    )
    expect(byAddress.NetworkInterfaces?.map(({ NetworkInterfaceId }) => NetworkInterfaceId)).toContain(
      one?.NetworkInterfaceId,
    )
    expect(
      byAddress.NetworkInterfaces?.every(eni => eni.PrivateIpAddresses?.some(own => own.PrivateIpAddress === ip)),
    ).toBe(true)
    const byId = await client.send(
      new DescribeNetworkInterfacesCommand({
        Filters: [{ Name: 'network-interface-id', Values: [one?.NetworkInterfaceId ?? ''] }],
      }),
    )
    expect(byId.NetworkInterfaces).toHaveLength(1)
  })

  test('the two VPCs have the same block, and their interfaces the same addresses', async () => {
    const client = ec2ClientOf(cloud)
    const { Vpcs = [] } = await client.send(new DescribeVpcsCommand({}))
    expect(Vpcs.map(({ CidrBlockAssociationSet }) => CidrBlockAssociationSet?.[0]?.CidrBlock)).toEqual([
      '10.0.0.0/16',
      '10.0.0.0/16',
    ])
    expect(Vpcs.map(({ VpcId }) => VpcId).sort()).toEqual(cloud.vpcs.map(({ vpc }) => vpc).sort())
    const { Subnets = [] } = await client.send(new DescribeSubnetsCommand({}))
    expect(Subnets.map(({ CidrBlock }) => CidrBlock).sort()).toEqual([
      '10.0.0.0/20',
      '10.0.0.0/20',
      '10.0.16.0/20',
      '10.0.16.0/20',
      '10.0.64.0/20',
    ])
    const all = await interfaces(1000)
    const addressesIn = (vpc: string | undefined) =>
      new Set(all.filter(({ VpcId }) => VpcId === vpc).map(({ PrivateIpAddress }) => PrivateIpAddress))
    const [prod, corp] = cloud.vpcs.map(({ vpc }) => addressesIn(vpc))
    expect([...(prod ?? [])].filter(ip => corp?.has(ip)).length).toBeGreaterThan(5)
  })

  test('instances have their names while they live, and lose them before they leave the list', async () => {
    cloud.advanceTo(START_MS + 30 * MINUTE_MS)
    const states = new Map<string, number>()
    for await (const page of paginateDescribeInstances({ client: ec2ClientOf(cloud), pageSize: 7 }, {})) {
      for (const instance of page.Reservations?.flatMap(({ Instances = [] }) => Instances) ?? []) {
        const state = instance.State?.Name ?? ''
        states.set(state, (states.get(state) ?? 0) + 1)
        const names = instance.Tags?.map(({ Key }) => Key) ?? []
        if (state === 'terminated') expect(names).toEqual([])
        else expect(names).toEqual(['aws:autoscaling:groupName', 'app', 'owner'])
      }
    }
    expect(states.get('running')).toBeGreaterThan(15)
    expect(states.get('terminated')).toBeGreaterThan(0)
  })

  test('an Elastic IP has a new association wherever it goes', async () => {
    const client = ec2ClientOf(cloud)
    const seen = new Map<string, Set<string>>()
    for (let i = 0; i < 12; i++) {
      const { Addresses = [] } = await client.send(new DescribeAddressesCommand({}))
      for (const { PublicIp = '', AssociationId, NetworkInterfaceId } of Addresses) {
        const places = seen.get(PublicIp) ?? seen.set(PublicIp, new Set()).get(PublicIp)
        if (AssociationId) places?.add(`${AssociationId} ${NetworkInterfaceId}`)
      }
      await cloud.clock.sleep(2 * MINUTE_MS)
    }
    const wandering = [...seen].filter(([ip]) => ip.startsWith('52.11.120.'))
    expect(wandering).toHaveLength(4)
    for (const [, places] of wandering) {
      expect(places.size).toBeGreaterThan(1)
      expect(new Set([...places].map(place => place.split(' ')[0])).size).toBe(places.size)
    }
  })

  test.each([
    ['an unknown filter', { Filters: [{ Name: 'no-such-filter', Values: ['x'] }] }, 'InvalidParameterValue'],
    ['a page of four', { MaxResults: 4 }, 'InvalidParameterValue'],
    ['a page size beside ids', { MaxResults: 5, NetworkInterfaceIds: ['eni-1'] }, 'InvalidParameterCombination'],
    ['an id that is not there', { NetworkInterfaceIds: ['eni-1'] }, 'InvalidNetworkInterfaceID.NotFound'],
  ])('%s is refused by code', async (_, input, name) => {
    await expect(ec2ClientOf(cloud).send(new DescribeNetworkInterfacesCommand(input))).rejects.toMatchObject({ name })
  })

  test('an unknown action is refused by code', async () => {
    const reply = await fetch(cloud.endpoints.ec2, {
      method: 'POST',
      body: new URLSearchParams({ Action: 'RunInstances' }),
    })
    expect(reply.status).toBe(400)
    expect(await reply.text()).toContain('<Code>InvalidAction</Code>')
  })
})

test('a throttled call is tried again by the SDK, and fails by name when it always is', async () => {
  const cloud = await startSmallCloud({ seed: 5, faults: { ...calmFaults, throttleProbability: 0.4 } })
  try {
    const { $metadata } = await firstRetried(cloud)
    expect($metadata.attempts).toBeGreaterThan(1)
    cloud.faults.throttleProbability = 1
    const refused = ec2ClientOf(cloud, 1).send(new DescribeInstancesCommand({}))
    await expect(refused).rejects.toMatchObject({ name: 'RequestLimitExceeded', $metadata: { httpStatusCode: 503 } })
  } finally {
    await cloud.close()
  }
})

async function firstRetried(cloud: SimulatedCloud) {
  const client = ec2ClientOf(cloud, 8)
  for (;;) {
    const reply = await client.send(new DescribeVpcsCommand({}))
    if ((reply.$metadata.attempts ?? 1) > 1) return reply
  }
}

test('a page after the first can fail while the first one never does', async () => {
  const cloud = await startSmallCloud({ faults: { ...calmFaults, pageErrorProbability: 1 } })
  try {
    const client = ec2ClientOf(cloud, 1)
    const first = await client.send(new DescribeNetworkInterfacesCommand({ MaxResults: 5 }))
    const second = client.send(new DescribeNetworkInterfacesCommand({ MaxResults: 5, NextToken: first.NextToken }))
    await expect(second).rejects.toMatchObject({ name: 'InternalError' })
  } finally {
    await cloud.close()
  }
})
