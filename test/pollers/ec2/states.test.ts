import { describe, expect, test } from 'vitest'
import { leastOf, signOf } from '../../../src/pollers/ec2/states.ts'
import { eni, instance, lines, loose } from '../../support/ec2-listing.ts'

const atInterface = 'vpc-1 10.0.0.5/32 interface eni-0a eni-0a'
const atInstance = 'vpc-1 10.0.0.5/32 instance api eni-0a/eni-attach-1'

describe('the state of a network interface: it holds its addresses from creation to deletion', () => {
  test.each(['available', 'associated', 'attaching', 'in-use', 'detaching'] as const)('%s is held', Status => {
    expect(lines({ interfaces: [loose({ Status })] })).toEqual([`${atInterface} held`])
  })

  test.each(['pending', 'deleting', 'constructor', '', undefined])(
    '%s, which is no state of it, proves nothing',
    state => {
      // The API may name more states than the SDK.
      const Status = state as 'in-use'
      expect(lines({ interfaces: [{ ...eni, Status }], instances: [instance] })).toEqual([
        `${atInterface} ending`,
        `${atInstance} ending`,
      ])
    },
  )
})

describe('the state of an attachment: whether the instance holds the interface’s addresses', () => {
  test.each([
    ['attaching', []],
    ['attached', [`${atInstance} held`]],
    ['detaching', [`${atInstance} held`]],
    ['detached', []],
    ['busy', [`${atInstance} ending`]],
    [undefined, [`${atInstance} ending`]],
  ] as const)('%s', (state, expected) => {
    const Attachment = { ...eni.Attachment, Status: state as 'attached' }
    expect(lines({ interfaces: [{ ...eni, Attachment }], instances: [instance] })).toEqual([
      `${atInterface} held`,
      ...expected,
    ])
  })
})

describe('the state of an instance; its interface is held all the same', () => {
  test.each([
    ['pending', 'held'],
    ['running', 'held'],
    ['stopping', 'held'],
    ['stopped', 'held'],
    ['shutting-down', 'ending'],
    ['terminated', 'ending'],
    ['hibernating', 'ending'],
    [undefined, 'ending'],
  ] as const)('%s is %s', (Name, state) => {
    const listed = { ...instance, State: { Name: Name as 'running' } }
    expect(lines({ interfaces: [eni], instances: [listed] })).toEqual([`${atInterface} held`, `${atInstance} ${state}`])
  })

  test('a terminated instance whose interface is gone shows nothing', () => {
    expect(lines({ instances: [{ ...instance, State: { Name: 'terminated' } }] })).toEqual([])
  })
})

describe('the states of networks', () => {
  const CidrBlockAssociationSet = [{ CidrBlock: '10.0.0.0/16', CidrBlockState: { State: 'associated' } }] as const
  const vpc = { VpcId: 'vpc-1', CidrBlockAssociationSet: [...CidrBlockAssociationSet] }
  const shown = (state: string | null) => (state === null ? [] : [state])

  test.each([
    ['pending', null],
    ['available', 'held'],
    ['deleting', 'ending'],
    [undefined, 'ending'],
  ] as const)('a VPC that is %s: %s', (State, state) => {
    const vpcs = [{ ...vpc, ...(State && { State }) }]
    expect(lines({ vpcs })).toEqual(shown(state).map(text => `vpc-1 10.0.0.0/16 network vpc-1 vpc-1 ${text}`))
  })

  test.each([
    ['pending', null],
    ['available', 'held'],
    ['unavailable', 'held'],
    ['failed', null],
    ['failed-insufficient-capacity', null],
    [undefined, 'ending'],
  ] as const)('a subnet that is %s: %s', (State, state) => {
    const subnets = [{ SubnetId: 'subnet-1', VpcId: 'vpc-1', CidrBlock: '10.0.1.0/24', ...(State && { State }) }]
    expect(lines({ subnets })).toEqual(shown(state).map(text => `vpc-1 10.0.1.0/24 network subnet-1 subnet-1 ${text}`))
  })

  test.each([
    ['associating', null],
    ['associated', 'held'],
    ['disassociating', 'ending'],
    ['disassociated', null],
    ['failing', null],
    ['failed', null],
    [undefined, 'ending'],
  ] as const)('a block whose association is %s: %s, of IPv4 and IPv6 alike', (State, state) => {
    const inState = State && { State }
    const CidrBlockAssociationSet = [{ CidrBlock: '10.0.0.0/16', ...(inState && { CidrBlockState: inState }) }]
    const Ipv6CidrBlockAssociationSet = [
      { Ipv6CidrBlock: 'fd00::/56', ...(inState && { Ipv6CidrBlockState: inState }) },
    ]
    const vpcs = [{ VpcId: 'vpc-1', State: 'available' as const, CidrBlockAssociationSet, Ipv6CidrBlockAssociationSet }]
    expect(lines({ vpcs })).toEqual(
      shown(state).flatMap(text => [
        `vpc-1 10.0.0.0/16 network vpc-1 vpc-1 ${text}`,
        `vpc-1 fd00::/56 network vpc-1 vpc-1 ${text}`,
      ]),
    )
  })
})

test('a hold that needs several things is as sure as the least of them', () => {
  expect(leastOf('held', 'held')).toBe('held')
  expect(leastOf('held', 'ending')).toBe('ending')
  expect(leastOf('none', 'ending', 'held')).toBe('none')
  expect(signOf('instance', 'toString')).toBe('ending')
})
