import type { Claim, Horizon, Owner, Progress, SourceRecord } from '../../src/ownership/claim.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import type { AttributedFlow, FlowEnd, FlowObject, StoredCorrection, StoredDeadLetter } from '../../src/store/port.ts'
import type { StoreReport } from '../../src/store/report.ts'

/** 2026-11-20T12:00:00.123Z */
export const NOON_MS = 1_795_176_000_123

/** Stands still, and sleeps for no time, so that retries cost nothing. */
export const testClock: Clock = { now: () => NOON_MS, sleep: () => Promise.resolve() }

export type Happening = { readonly event: keyof StoreReport } & Readonly<Record<string, unknown>>

export function recordedReport(): { report: StoreReport; happenings: Happening[] } {
  const happenings: Happening[] = []
  const note = (event: keyof StoreReport) => (d: object) => void happenings.push({ event, ...d })
  const report: StoreReport = {
    opened: note('opened'),
    threadPoolSmall: note('threadPoolSmall'),
    migrationApplied: note('migrationApplied'),
    inserted: note('inserted'),
    statementRetried: note('statementRetried'),
  }
  return { report, happenings }
}

export const end = (given: Partial<FlowEnd> = {}): FlowEnd => ({
  ip: '10.0.0.7',
  port: 443,
  domain: 'vpc-1',
  state: 'owned',
  reason: 'sighted',
  application: 'checkout',
  resourceId: 'i-0a1b2c',
  cluster: 'checkout-main',
  account: '123456789012',
  region: 'us-east-1',
  zone: 'us-east-1a',
  layer: 'instance',
  claimId: 'claim-1',
  candidates: [],
  service: '',
  ...given,
})

export const flow = (given: Partial<AttributedFlow> = {}): AttributedFlow => ({
  objectId: 'object',
  record: 1,
  generation: 1,
  startSeconds: 1_795_176_000,
  endSeconds: 1_795_176_060,
  account: '123456789012',
  interfaceId: 'eni-0a1b2c',
  vpc: 'vpc-1',
  protocol: 6,
  packets: 10,
  bytes: 1_000,
  action: 'ACCEPT',
  direction: 'egress',
  interfaceSource: '10.0.0.7',
  interfaceDestination: '10.0.1.9',
  source: end(),
  destination: end({ ip: '10.0.1.9', application: 'ledger', resourceId: 'i-9' }),
  ...given,
})

export const correction = (given: Partial<StoredCorrection> = {}): StoredCorrection => ({
  partition: 0,
  offset: 0,
  part: 0,
  domain: 'vpc-1',
  prefix: '10.0.0.7/32' as Prefix,
  fromMs: NOON_MS,
  untilMs: NOON_MS + 60_000,
  enis: [],
  ...given,
})

export const manifest = (given: Partial<FlowObject> = {}): FlowObject => ({
  objectId: 'object',
  bucket: 'logs',
  key: 'AWSLogs/1.log.gz',
  etag: '"e"',
  generation: 1,
  state: 'started',
  position: [17, 0, 4],
  records: 1,
  skipped: 0,
  deadLetters: 0,
  openRecords: 0,
  newestEndMs: NOON_MS,
  updatedAtMs: NOON_MS,
  ...given,
})

export const deadLetter = (given: Partial<StoredDeadLetter> = {}): StoredDeadLetter => ({
  origin: 'object',
  place: 'line 7',
  reason: 'too-few-fields',
  sample: '2 123\t\\x00',
  atMs: NOON_MS,
  ...given,
})

const owner: Owner = {
  application: 'checkout',
  cluster: 'checkout-main',
  stack: 'main',
  detail: null,
  kind: 'instance',
  resourceId: 'i-0a1b2c',
  account: '123456789012',
  region: 'us-east-1',
  zone: 'us-east-1a',
  vpc: 'vpc-1',
  subnet: 'subnet-1',
  eni: 'eni-0a1b2c',
  host: null,
  team: null,
  labels: { Name: "it's\ta \\ test" },
  namedBy: 'tag:app',
  forwards: false,
}

export const claim = (given: Partial<Claim> = {}): Claim => ({
  record: 'claim',
  id: 'claim-1',
  revision: { epoch: 1, sequence: 1 },
  domain: 'vpc-1',
  prefix: '10.0.0.7/32' as Prefix,
  ports: null,
  layer: 'instance',
  source: 'ec2/123456789012/us-east-1',
  owners: [owner],
  lifetimeId: null,
  start: { earliestMs: Number.NEGATIVE_INFINITY, latestMs: NOON_MS - 1 },
  end: { earliestMs: NOON_MS, latestMs: Number.POSITIVE_INFINITY },
  lastSightingMs: NOON_MS,
  evidence: 'sighted',
  state: 'open',
  expects: ['container'],
  whole: false,
  ...given,
})

export const progress = (given: Partial<Progress> = {}): Progress => ({
  record: 'progress',
  source: 'ec2/123456789012/us-east-1',
  revision: { epoch: 1, sequence: 1 },
  completeUpToMs: NOON_MS,
  overAtMs: NOON_MS + 500,
  counts: { addresses: 12, changed: 3 },
  refused: null,
  ...given,
})

export const source = (given: Partial<SourceRecord> = {}): SourceRecord => ({
  record: 'source',
  source: 'ec2/123456789012/us-east-1',
  revision: { epoch: 1, sequence: 0 },
  kind: 'ec2',
  scope: [{ domain: 'vpc-1', prefix: '10.0.0.0/16' as Prefix, layers: ['instance'], fromMs: 0 }],
  bounds: { lagMs: 10_000, clockErrorMs: 500, bridgeMs: 0, briefestHoldingMs: 0, longestGapMs: 900_000 },
  validity: { fromMs: 0, untilMs: Number.POSITIVE_INFINITY },
  ...given,
})

export const horizon = (given: Partial<Horizon> = {}): Horizon => ({
  record: 'horizon',
  domain: 'vpc-1',
  beforeMs: NOON_MS,
  ...given,
})
