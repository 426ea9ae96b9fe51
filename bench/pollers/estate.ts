import type { Instance, NetworkInterface, Subnet, Vpc } from '@aws-sdk/client-ec2'
import { formatAddress } from '../../src/ownership/address.ts'
import type { Sighted, Sighting } from '../../src/ownership/snapshot.ts'
import type { Estate } from '../../src/pollers/ec2/estate.ts'
import type { Ec2Listing } from '../../src/pollers/ec2/listing.ts'
import { DEFAULT_NAMING } from '../../src/pollers/naming/rules.ts'

export const ESTATE: Estate = {
  partition: 'aws',
  account: '123456789012',
  region: 'us-east-1',
  domainRules: [],
  naming: DEFAULT_NAMING,
}

const SUBNETS = 200
const PAGE = 1000
/** Of twenty addresses one is the only one of an instance's interface; the others are ten to a branch interface. */
const ADDRESSES_OF_A_GROUP = 20
const INTERFACES_OF_A_GROUP = [1, 10, 9] as const
const LATENCY_MS = 200

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0')
const scattered = (number: number): number => Math.imul(number + 1, 0x9e3779b1) >>> 0
export const VPC_ID = 'vpc-0a1b2c3d4e5f60718'
const subnetId = (slot: number): string => `subnet-0${hex(slot % SUBNETS, 16)}`
/** Another holder of the same addresses: another interface, on another instance, of another application. */
const eniId = (slot: number, turn: number): string => `eni-0${hex(turn, 6)}${hex(scattered(slot), 10)}`
const instanceId = (slot: number, turn: number): string => `i-0${hex(turn, 6)}${hex(scattered(slot), 10)}`
const appOf = (slot: number, turn: number): string => `service${(slot + turn * 7) % 900}`

export type MadeUp = {
  /** All addresses, and the nth holder of each interface's: `turnOf` gives n. Pages take `latencyMs` each. */
  listing(sentAtMs: number, turnOf: (slot: number) => number, latencyMs?: number): Ec2Listing
  readonly interfaces: number
  /** The first address of an interface. */
  addressOf(slot: number): string
  eniOf(slot: number, turn: number): string
  /** Requests that a listing of it takes, at a thousand to a page. */
  readonly requests: number
}

/** An account with one VPC, whose interfaces hold so many private addresses. Every listing is made anew, as from replies. */
export function madeUpEstate(addresses: number): MadeUp {
  const groups = Math.ceil(addresses / ADDRESSES_OF_A_GROUP)
  const interfaces = groups * INTERFACES_OF_A_GROUP.length
  const pages = (items: number) => Math.max(1, Math.ceil(items / PAGE))
  return {
    interfaces,
    requests: 3 + pages(interfaces) + pages(groups),
    addressOf: slot => addressAt(firstPlaceOf(slot)),
    eniOf: eniId,
    listing(sentAtMs, turnOf, latencyMs = LATENCY_MS) {
      const pageSightings = new Map<number, Sighting>()
      const sighted = <T>(value: T, place: number): Sighted<T> => {
        const page = Math.floor(place / PAGE)
        const sighting = pageSightings.get(page) ?? {
          sentAtMs: sentAtMs + page * latencyMs,
          receivedAtMs: sentAtMs + (page + 1) * latencyMs,
        }
        pageSightings.set(page, sighting)
        return { value, sighting }
      }
      const slots = Array.from({ length: interfaces }, (_, slot) => slot)
      const enis = slots.map(slot => sighted(interfaceOf(slot, turnOf(slot)), slot))
      const withInstance = slots.filter(slot => slot % INTERFACES_OF_A_GROUP.length === 0)
      const instances = withInstance.map((slot, place) =>
        sighted(instanceOf(slot, turnOf(slot)), interfaces + PAGE + place),
      )
      return {
        vpcs: [sighted(VPC, 0)],
        subnets: Array.from({ length: SUBNETS }, (_, subnet) => sighted(subnetOf(subnet), 0)),
        interfaces: enis,
        instances,
        addresses: [],
        trunkAssociations: [],
        pages: [...pageSightings.values()],
      }
    },
  }
}

const firstPlaceOf = (slot: number): number => {
  const kind = slot % INTERFACES_OF_A_GROUP.length
  const before = INTERFACES_OF_A_GROUP.slice(0, kind).reduce<number>((sum, count) => sum + count, 0)
  return Math.floor(slot / INTERFACES_OF_A_GROUP.length) * ADDRESSES_OF_A_GROUP + before
}
const addressAt = (place: number): string =>
  formatAddress({ family: 4, words: [((10 << 24) + 65_536 + place) >>> 0, 0, 0, 0] })

const VPC: Vpc = {
  VpcId: VPC_ID,
  OwnerId: ESTATE.account,
  CidrBlockAssociationSet: [{ CidrBlock: '10.0.0.0/8', CidrBlockState: { State: 'associated' } }],
}

const subnetOf = (subnet: number): Subnet => ({
  SubnetId: subnetId(subnet),
  VpcId: VPC_ID,
  OwnerId: ESTATE.account,
  AvailabilityZoneId: `use1-az${(subnet % 3) + 1}`,
  CidrBlock: `10.${1 + subnet}.0.0/16`,
})

function interfaceOf(slot: number, turn: number): NetworkInterface {
  const kind = slot % INTERFACES_OF_A_GROUP.length
  const first = firstPlaceOf(slot)
  const isInstances = kind === 0
  return {
    NetworkInterfaceId: eniId(slot, turn),
    InterfaceType: isInstances ? 'interface' : 'branch',
    Description: isInstances ? '' : 'titus-managed-branch',
    Status: 'in-use',
    OwnerId: ESTATE.account,
    VpcId: VPC_ID,
    SubnetId: subnetId(slot),
    AvailabilityZoneId: `use1-az${(slot % 3) + 1}`,
    SourceDestCheck: true,
    TagSet: [{ Key: 'app', Value: appOf(slot, turn) }],
    PrivateIpAddresses: Array.from({ length: INTERFACES_OF_A_GROUP[kind] as number }, (_, i) => ({
      PrivateIpAddress: addressAt(first + i),
      Primary: i === 0,
    })),
    ...(isInstances && {
      Attachment: {
        AttachmentId: `eni-attach-0${hex(turn, 6)}${hex(scattered(slot), 10)}`,
        InstanceId: instanceId(slot, turn),
        InstanceOwnerId: ESTATE.account,
        Status: 'attached',
        AttachTime: new Date(0),
      },
    }),
  }
}

const instanceOf = (slot: number, turn: number): Instance => {
  const app = appOf(slot, turn)
  return {
    InstanceId: instanceId(slot, turn),
    State: { Name: 'running' },
    Tags: [
      { Key: 'app', Value: app },
      { Key: 'aws:autoscaling:groupName', Value: `${app}-main-v${slot % 999}` },
      { Key: 'Name', Value: `${app}-${slot}` },
    ],
  }
}
