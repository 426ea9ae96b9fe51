import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  EC2Client,
  type NetworkInterface,
  RunInstancesCommand,
  TerminateInstancesCommand,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningMoto } from '../../../scripts/moto.mjs'
import type { Ip } from '../../../src/ownership/address.ts'
import type { Change } from '../../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import type { SourceState } from '../../../src/ownership/snapshot-diff.ts'
import { ec2Access } from '../../../src/pollers/ec2/access.ts'
import { type Ec2Inventory, ec2Inventory } from '../../../src/pollers/ec2/inventory.ts'
import { NO_EC2_REPORT } from '../../../src/pollers/ec2/report.ts'
import { DEFAULT_NAMING } from '../../../src/pollers/naming/rules.ts'
import { pollOnce } from '../../../src/pollers/poll.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { inWords, noDoubt, question } from '../../support/estate.ts'
import { hasMoto, startMotoForTests } from '../../support/moto.ts'

/**
 * moto is an EC2 of other authors. What it does not do (aws.md §5: pages of interfaces, prefixes, addresses of secondary
 * addresses, throttling) is tested against the simulator alone; what both do must come out alike.
 */
const HOME = '123456789012'
const OTHER = '222233334444'
const ROLE = { arn: `arn:aws:iam::${OTHER}:role/whohad`, externalId: 'sesame', sessionName: 'whohad' }
const REGION = 'us-east-1'
const credentials = { accessKeyId: 'moto', secretAccessKey: 'moto' }
const signal = new AbortController().signal

let moto: RunningMoto
let index: ReturnType<typeof createOwnershipIndex>
const states = new Map<string, SourceState>()
const refused: string[] = []
const open: { close(): void }[] = []

const first: SourceState = {
  epoch: 1,
  sequence: 0,
  completeUpToMs: null,
  addresses: 0,
  claims: new Map(),
  record: null,
}
const report = {
  pollCompleted: () => undefined,
  pollRefused: ({ reason, detail }: { reason: string; detail: string }) => void refused.push(`${reason}: ${detail}`),
  publishFailed: () => undefined,
  adoptFailed: () => undefined,
}

async function poll(inventory: Ec2Inventory): Promise<void> {
  const append = async (changes: readonly Change[]) => {
    for (const change of changes) index.apply(change)
  }
  const state = states.get(inventory.source) ?? first
  const parts = { log: { append }, clock: systemClock, report }
  states.set(inventory.source, await pollOnce(inventory, state, parts, signal))
}

function accessTo(account: string, role?: typeof ROLE) {
  const access = ec2Access({
    account,
    region: REGION,
    source: `ec2/${account}/${REGION}`,
    clock: systemClock,
    report: NO_EC2_REPORT,
    credentials,
    stsEndpoint: moto.url,
    ...(role ? { role } : {}),
  })
  open.push(access)
  return access
}

function inventoryOf(account: string, role?: typeof ROLE): Ec2Inventory {
  const inventory = ec2Inventory({
    account,
    region: REGION,
    partition: 'aws',
    endpoint: moto.url,
    access: accessTo(account, role),
    domainRules: [],
    naming: DEFAULT_NAMING,
    bounds: { ...noDoubt, bridgeMs: 600_000, longestGapMs: 600_000 },
    clock: systemClock,
  })
  open.push(inventory)
  return inventory
}

function clientAs(access?: ReturnType<typeof accessTo>): EC2Client {
  const client = new EC2Client({
    endpoint: moto.url,
    region: REGION,
    credentials: access?.credentials ?? credentials,
  })
  open.push({ close: () => client.destroy() })
  return client
}

async function network(client: EC2Client, cidr: string, subnetCidr: string) {
  const { Vpc: { VpcId = '' } = {} } = await client.send(new CreateVpcCommand({ CidrBlock: cidr }))
  const asked = new CreateSubnetCommand({ VpcId, CidrBlock: subnetCidr })
  const { Subnet: { SubnetId = '' } = {} } = await client.send(asked)
  return { vpc: VpcId, subnet: SubnetId }
}

async function instanceIn(client: EC2Client, subnet: string, address: string, app: string): Promise<string> {
  const { Instances = [] } = await client.send(
    new RunInstancesCommand({
      ImageId: 'ami-12c6146b',
      MinCount: 1,
      MaxCount: 1,
      // AWS does so by itself; moto leaves the interface with the terminated instance where it is not told.
      NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: subnet, PrivateIpAddress: address, DeleteOnTermination: true }],
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'app', Value: app }] }],
    }),
  )
  return Instances[0]?.InstanceId ?? ''
}

const asked = (domain: string, address: string, atMs: number) =>
  inWords(index.ask(question(address, atMs, atMs + 1, { domain, nowMs: systemClock.now() })))

describe.skipIf(!hasMoto)('EC2 as moto has it, through the real poller into a real index', () => {
  beforeAll(async () => {
    process.env['AWS_EC2_METADATA_DISABLED'] = 'true'
    index = createOwnershipIndex()
    moto = await startMotoForTests()
  })
  afterAll(async () => {
    for (const each of open.splice(0)) each.close()
    await moto?.stop()
  })

  test('who held which address is answered as it was done', async () => {
    const client = clientAs()
    const { vpc, subnet } = await network(client, '10.20.0.0/16', '10.20.1.0/24')
    const web = await instanceIn(client, subnet, '10.20.1.10', 'web')
    const batch = await instanceIn(client, subnet, '10.20.1.11', 'batch')
    const { NetworkInterface: { NetworkInterfaceId: eni = '' } = {} } = await client.send(
      new CreateNetworkInterfaceCommand({
        SubnetId: subnet,
        PrivateIpAddresses: [
          { PrivateIpAddress: '10.20.1.50', Primary: true },
          { PrivateIpAddress: '10.20.1.51', Primary: false },
        ],
      }),
    )
    await client.send(new CreateTagsCommand({ Resources: [eni], Tags: [{ Key: 'app', Value: 'appliance' }] }))
    await client.send(new AttachNetworkInterfaceCommand({ NetworkInterfaceId: eni, InstanceId: web, DeviceIndex: 1 }))
    const { AllocationId, PublicIp = '' } = await client.send(new AllocateAddressCommand({ Domain: 'vpc' }))
    await client.send(new AssociateAddressCommand({ AllocationId, NetworkInterfaceId: eni }))
    const spare = await client.send(new AllocateAddressCommand({ Domain: 'vpc' }))

    const inventory = inventoryOf(HOME)
    await poll(inventory)
    const atMs = systemClock.now()
    await systemClock.sleep(20)
    await poll(inventory)

    expect(refused).toEqual([])
    expect(asked(vpc, '10.20.1.10', atMs)).toBe('owned sighted web')
    expect(asked(vpc, '10.20.1.11', atMs)).toBe('owned sighted batch')
    expect(asked(vpc, '10.20.1.50', atMs)).toBe('owned sighted web')
    expect(asked(vpc, '10.20.1.51', atMs)).toBe('owned sighted web')
    expect(asked('inet.0', PublicIp, atMs)).toBe('owned sighted web')
    expect(asked('inet.0', spare.PublicIp ?? '', atMs)).toBe('unowned absent-in-complete-polls')
    expect(asked(vpc, '10.20.1.99', atMs)).toBe('unowned absent-in-complete-polls')
    const beneath = index.ask(question('10.20.1.50', atMs, atMs + 1, { domain: vpc, nowMs: systemClock.now() })).under
    expect(beneath.map(({ owner }) => owner.application)).toContain('appliance')

    const { interfaces } = await inventory.targeted({ by: 'interface', ids: [eni, 'eni-0123456789abcdef0'] }, signal)
    expect(interfaces.map(({ value }) => value.NetworkInterfaceId)).toEqual([eni])
    const { instances } = await inventory.targeted({ by: 'address', addresses: ['10.20.1.11'] as Ip[] }, signal)
    expect(instances.map(({ value }) => value.InstanceId)).toEqual([batch])
    const keep = ({ NetworkInterfaceId }: NetworkInterface) => NetworkInterfaceId === eni
    const bySubnet = await inventory.targeted({ by: 'subnet', ids: [subnet], keep }, signal)
    expect(bySubnet.interfaces.map(({ value }) => value.NetworkInterfaceId)).toEqual([eni])
    expect(inventory.interfacesIn(subnet)).toBe(3)

    await client.send(new TerminateInstancesCommand({ InstanceIds: [batch] }))
    await client.send(
      new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId: eni, PrivateIpAddresses: ['10.20.1.51'] }),
    )
    await systemClock.sleep(20)
    await poll(inventory)
    const goneAtMs = systemClock.now()
    await systemClock.sleep(20)
    await poll(inventory)
    expect(asked(vpc, '10.20.1.11', goneAtMs)).toBe('unowned absent-in-complete-polls')
    expect(asked(vpc, '10.20.1.51', goneAtMs)).toBe('unowned absent-in-complete-polls')
    expect(asked(vpc, '10.20.1.10', goneAtMs)).toBe('owned sighted web')
    expect(asked(vpc, '10.20.1.11', atMs)).toBe('owned sighted batch')
  })

  test('another account is listed through a role of its own, with the same addresses', async () => {
    const role = accessTo(OTHER, ROLE)
    const client = clientAs(role)
    const { vpc, subnet } = await network(client, '10.20.0.0/16', '10.20.1.0/24')
    await instanceIn(client, subnet, '10.20.1.10', 'ledger')
    const inventory = inventoryOf(OTHER, ROLE)
    await poll(inventory)
    const atMs = systemClock.now()
    await systemClock.sleep(20)
    await poll(inventory)
    expect(refused).toEqual([])
    expect(asked(vpc, '10.20.1.10', atMs)).toBe('owned sighted ledger')
    expect(role.who()).toBeNull()
    await role.confirm(signal)
    expect(role.who()).toBe(`arn:aws:sts::${OTHER}:assumed-role/whohad/whohad`)
  })

  test('credentials of one account are not taken for those of another', async () => {
    await expect(inventoryOf(OTHER).list(signal)).rejects.toMatchObject({ code: 'WHOHAD_EC2_WRONG_ACCOUNT' })
  })
})
