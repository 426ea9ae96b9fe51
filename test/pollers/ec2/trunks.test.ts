import { EC2Client, type NetworkInterface } from '@aws-sdk/client-ec2'
import { afterEach, describe, expect, test } from 'vitest'
import { listEstate } from '../../../src/pollers/ec2/listing.ts'
import { trunksOf } from '../../../src/pollers/ec2/trunks.ts'
import { eni, loose, page, snapshot } from '../../support/ec2-listing.ts'
import { type Ec2Reply, type Ec2Request, type Ec2Stub, startEc2Stub } from '../../support/ec2-wire.ts'

const trunk: NetworkInterface = {
  ...eni,
  NetworkInterfaceId: 'eni-trunk',
  InterfaceType: 'trunk',
  PrivateIpAddresses: [],
}
const branch = (part: Partial<NetworkInterface> = {}) =>
  loose({ NetworkInterfaceId: 'eni-branch', InterfaceType: 'branch', ...part })
const association = { BranchInterfaceId: 'eni-branch', TrunkInterfaceId: 'eni-trunk', VlanId: 7 }
const TagSet = [
  { Key: 'vpcresources.k8s.aws/trunk-eni-id', Value: 'eni-trunk' },
  { Key: 'vpcresources.k8s.aws/vlan-id', Value: '4' },
]

const shown = (parts: Parameters<typeof snapshot>[0]) =>
  snapshot(parts).bindings.filter(({ owners }) => owners[0]?.eni === 'eni-branch')

describe('a branch interface', () => {
  test.each([
    ['its association', [branch()], [association], { trunkHost: 'i-1', vlan: '7' }],
    ['its tags', [branch({ TagSet })], [], { trunkHost: 'i-1', vlan: '4' }],
    ['the association before its tags', [branch({ TagSet })], [association], { trunkHost: 'i-1', vlan: '7' }],
  ])('says which trunk carries it, by %s', (_, branches, trunkAssociations, expected) => {
    const bindings = shown({ interfaces: [...branches, trunk], trunkAssociations })
    expect(bindings).toMatchObject([{ layer: 'interface', owners: [{ labels: { trunk: 'eni-trunk', ...expected } }] }])
  })

  test('is held by no instance, and its window is its own page’s: the association says where it runs, not whose it is', () => {
    const [binding, ...others] = shown({ interfaces: [branch(), trunk], trunkAssociations: [association] })
    expect(others).toEqual([])
    expect(binding).toMatchObject({
      expects: ['container'],
      owners: [{ host: null }],
      sighting: { sentAtMs: 200, receivedAtMs: 210 },
    })
  })

  test('that is looked at by itself keeps what the whole listing before told of its trunk', () => {
    const interfaces = [branch(), trunk].map(value => ({ value, sighting: page(0) }))
    const trunks = trunksOf({ interfaces, trunkAssociations: [{ value: association, sighting: page(0) }] })
    const [whole] = shown({ interfaces: [branch(), trunk], trunkAssociations: [association] })
    const [alone] = shown({ interfaces: [branch()], trunks })
    expect(alone?.owners).toEqual(whole?.owners)
  })

  test('whose trunk is not listed has no host, and one without a trunk no such label', () => {
    expect(shown({ interfaces: [branch()], trunkAssociations: [association] })[0]?.owners[0]?.labels).toEqual({
      trunk: 'eni-trunk',
      vlan: '7',
    })
    expect(shown({ interfaces: [branch()] })[0]?.owners[0]?.labels).toEqual({})
  })
})

describe('trunk associations', () => {
  const associationOf = (n: number) => ({
    associationId: `trunk-assoc-${n}`,
    branchInterfaceId: `eni-${n}`,
    trunkInterfaceId: 'eni-trunk',
    vlanId: n,
  })
  const interfacesOf = (interfaceType: string) => ({
    networkInterfaceSet: [{ networkInterfaceId: 'eni-1', vpcId: 'vpc-1', interfaceType }],
  })
  /** Two pages of associations, and one interface of a type. */
  const answering =
    (interfaceType: string) =>
    ({ action, parameters }: Ec2Request): Ec2Reply => {
      if (action === 'DescribeNetworkInterfaces') return { body: interfacesOf(interfaceType) }
      if (action !== 'DescribeTrunkInterfaceAssociations') return { body: {} }
      const isSecond = parameters.get('NextToken') === 'more'
      return {
        body: { interfaceAssociationSet: [associationOf(isSecond ? 2 : 1)], ...(!isSecond && { nextToken: 'more' }) },
      }
    }

  let stub: Ec2Stub
  let client: EC2Client
  afterEach(async () => {
    client.destroy()
    await stub.close()
  })

  async function listed(interfaceType: string) {
    stub = await startEc2Stub(answering(interfaceType))
    const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'none' }
    client = new EC2Client({ region: 'us-east-1', endpoint: stub.endpoint, credentials })
    const { trunkAssociations } = await listEstate({
      requests: {
        async ask(call, MaxResults, token, signal) {
          const value = await call.send(
            client,
            { MaxResults, ...(token !== undefined && { NextToken: token }) },
            signal,
          )
          return { value, sighting: page(0) }
        },
      },
      pageSize: 1000,
      signal: new AbortController().signal,
    })
    const asked = stub.requests.filter(({ action }) => action === 'DescribeTrunkInterfaceAssociations')
    return {
      shown: trunkAssociations?.map(({ value }) => value.VlanId),
      asked: asked.map(({ parameters }) => parameters),
    }
  }

  test('are listed with all their pages, none longer than EC2 allows, where there is a branch', async () => {
    const { shown, asked } = await listed('branch')
    expect(shown).toEqual([1, 2])
    expect(asked.map(parameters => parameters.get('MaxResults'))).toEqual(['255', '255'])
  })

  test('are not asked for where there is none: an account without them needs no permission', async () => {
    expect(await listed('trunk')).toEqual({ shown: [], asked: [] })
  })
})
