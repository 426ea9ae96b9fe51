import type { Claim, Layer, Owner, PortRange, Progress, SourceRecord } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { type Prefix, toPrefix } from '../../src/ownership/prefix.ts'

/** A hand-written inventory for some of the addresses of AWS's sample records (test/golden/flow-logs). */
export const SOURCE = 'ec2/by-hand'
export const VPC_2014 = 'vpc-11112222'
export const VPC = 'vpc-abcdefab012345678'
export const SAMPLE_ENI = 'eni-1235b8ca123456789'
export const NOW_MS = Date.UTC(2022, 0, 1)

const FOREVER = { fromMs: Date.UTC(2010, 0, 1), untilMs: Number.POSITIVE_INFINITY }
const EVER_MS = Date.UTC(2030, 0, 1)

const prefixOf = (text: string): Prefix => {
  const prefix = toPrefix(text)
  if (prefix === undefined) throw new TypeError(`not a prefix: ${text}`)
  return prefix
}

export const ownerOf = (given: Partial<Owner>): Owner => ({
  application: null,
  cluster: null,
  stack: null,
  detail: null,
  kind: 'instance',
  resourceId: 'i-00000000000000000',
  account: '123456789010',
  region: 'us-east-1',
  zone: 'use1-az1',
  vpc: null,
  subnet: null,
  eni: null,
  host: null,
  team: null,
  labels: {},
  namedBy: 'by-hand',
  forwards: false,
  ...given,
})

type Holding = {
  readonly domain: string
  readonly prefix: string
  readonly layer: Layer
  readonly owner: Partial<Owner>
  /** Unix seconds, exact. */
  readonly from: number
  readonly until: number
  readonly expects?: readonly Layer[]
  readonly ports?: PortRange
}

let sequence = 0

export function claimOf({ domain, prefix, layer, owner, from, until, expects = [], ports }: Holding): Claim {
  sequence++
  return {
    record: 'claim',
    id: [domain, prefix, layer, owner.resourceId, from].join('|'),
    revision: { epoch: 1, sequence },
    domain,
    prefix: prefixOf(prefix),
    ports: ports ?? null,
    layer,
    source: SOURCE,
    owners: [ownerOf(owner)],
    lifetimeId: null,
    start: { earliestMs: from * 1000, latestMs: from * 1000 },
    end: { earliestMs: until * 1000, latestMs: until * 1000 },
    lastSightingMs: until * 1000,
    evidence: 'authoritative-time',
    state: 'closed',
    expects,
    whole: false,
  }
}

/** An instance with its interface: what the poller makes of one address of it. */
export const instanceAt = (
  domain: string,
  ip: string,
  eni: string,
  instance: string,
  application: string,
  [from, until]: readonly [number, number],
): readonly Claim[] => [
  claimOf({
    domain,
    prefix: ip,
    layer: 'interface',
    owner: { kind: 'interface', resourceId: eni, eni },
    expects: ['instance'],
    from,
    until,
  }),
  claimOf({ domain, prefix: ip, layer: 'instance', owner: { application, resourceId: instance, eni }, from, until }),
]

export const interfaceAt = (
  domain: string,
  prefix: string,
  eni: string,
  [from, until]: readonly [number, number],
  owner: Partial<Owner> = {},
): Claim => claimOf({ domain, prefix, layer: 'interface', owner: { resourceId: eni, eni, ...owner }, from, until })

const in2014 = [1_400_000_000, 1_450_000_000] as const
const in2019 = [1_566_000_000, 1_567_000_000] as const
const in2021 = [1_616_000_000, 1_617_000_000] as const
const in2017 = [1_495_600_000, 1_495_700_000] as const

const CLAIMS: readonly Claim[] = [
  // v2-default.log: one interface with two addresses.
  ...instanceAt(VPC_2014, '172.31.16.139', SAMPLE_ENI, 'i-0aaaaaaaaaaaaaaaa', 'bastion', in2014),
  ...instanceAt(VPC_2014, '172.31.16.21', SAMPLE_ENI, 'i-0aaaaaaaaaaaaaaaa', 'bastion', in2014),
  // v3-tcp-flags.log, and the peer's own public address.
  ...instanceAt(VPC, '10.0.0.62', SAMPLE_ENI, 'i-01234567890123456', 'iperf-server', in2019),
  claimOf({
    domain: 'inet.0',
    prefix: '52.213.180.42',
    layer: 'instance',
    owner: { application: 'iperf-client', resourceId: 'i-0bbbbbbbbbbbbbbbb' },
    from: in2019[0],
    until: in2019[1],
  }),
  // v5-service-path-direction.log: a client of S3, whose ranges are published.
  ...instanceAt(VPC, '10.0.0.71', SAMPLE_ENI, 'i-0c50d5961bcb2d47b', 'uploader', in2021),
  claimOf({
    domain: 'inet.0',
    prefix: '52.95.128.0/21',
    layer: 'service',
    owner: { application: 'S3', kind: 'aws-service', resourceId: 'S3/ap-southeast-2' },
    from: 1_300_000_000,
    until: 1_800_000_000,
  }),
  // The question that the design opens with.
  claimOf({
    domain: 'inet.0',
    prefix: '52.11.120.97',
    layer: 'instance',
    owner: { application: 'edge', resourceId: 'i-0dddddddddddddddd' },
    from: in2017[0],
    until: in2017[1],
  }),
  // transit-gateway-vpc.log and nat-gateway.log have no times: these hold whenever a person says it was.
  ...instanceAt(VPC, '10.40.2.236', 'eni-33333333333333333', 'i-0eeeeeeeeeeeeeeee', 'catalog', in2021),
  interfaceAt(VPC, '10.40.1.175', 'eni-11111111111111111', in2021, { kind: 'transit_gateway', forwards: true }),
  interfaceAt(VPC, '10.40.2.31', 'eni-22222222222222222', in2021, { kind: 'transit_gateway', forwards: true }),
  interfaceAt(VPC, '10.0.0.220', 'eni-0aaaabbbbccccdddd', in2021, { kind: 'nat_gateway', forwards: true }),
  ...instanceAt(VPC, '10.0.1.5', 'eni-1111aaaa2222bbbb3', 'i-01234567890123456', 'billing', in2021),
]

const REGISTRATION: SourceRecord = {
  record: 'source',
  source: SOURCE,
  revision: { epoch: 1, sequence: 0 },
  kind: 'ec2',
  scope: [
    { domain: VPC_2014, prefix: prefixOf('172.31.0.0/16'), layers: ['interface', 'instance'], fromMs: 0 },
    { domain: VPC, prefix: prefixOf('10.0.0.0/16'), layers: ['interface', 'instance'], fromMs: 0 },
    { domain: VPC, prefix: prefixOf('10.40.0.0/16'), layers: ['interface', 'instance'], fromMs: 0 },
    { domain: VPC, prefix: prefixOf('2600:1f13:a:b::/64'), layers: ['interface', 'instance'], fromMs: 0 },
    { domain: 'inet.0', prefix: prefixOf('0.0.0.0/0'), layers: ['interface', 'instance'], fromMs: 0 },
    { domain: 'inet6.0', prefix: prefixOf('::/0'), layers: ['interface', 'instance'], fromMs: 0 },
  ],
  // Written by hand, complete at all times: nobody comes or goes unseen.
  bounds: { lagMs: 0, clockErrorMs: 0, bridgeMs: 0, briefestHoldingMs: 2e15, longestGapMs: 1e15 },
  validity: FOREVER,
}

const progressAt = (completeUpToMs: number, number: number): Progress => ({
  record: 'progress',
  source: SOURCE,
  revision: { epoch: 1, sequence: number },
  completeUpToMs,
  overAtMs: completeUpToMs,
  counts: { addresses: 0, changed: 0 },
  refused: null,
})

/** The inventory's records in the order of a change stream; further claims stand before the progress that covers them. */
export const changesWith = (claims: readonly Claim[]) => [
  REGISTRATION,
  progressAt(FOREVER.fromMs, 1),
  ...claims,
  progressAt(EVER_MS, 2),
]

export const sampleChanges = () => changesWith(CLAIMS)

export function indexOf(claims: readonly Claim[]): OwnershipIndex {
  const index = createOwnershipIndex()
  for (const change of changesWith(claims)) index.apply(change)
  return index
}

export const sampleIndex = (): OwnershipIndex => indexOf(CLAIMS)
