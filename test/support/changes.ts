import fc from 'fast-check'
import { toIp } from '../../src/ownership/address.ts'
import {
  type Change,
  type Claim,
  LAYERS,
  type Owner,
  type Progress,
  type SourceRecord,
} from '../../src/ownership/claim.ts'
import { hostPrefix, type Prefix, toPrefix } from '../../src/ownership/prefix.ts'

const AT = Date.UTC(2026, 10, 20)

export const ownerOf = (application: string, overrides: Partial<Owner> = {}): Owner => ({
  application,
  cluster: null,
  stack: null,
  detail: null,
  kind: 'instance',
  resourceId: `i-${application}`,
  account: '123456789012',
  region: 'us-east-1',
  zone: null,
  vpc: 'vpc-1',
  subnet: null,
  eni: 'eni-1',
  host: null,
  team: null,
  labels: {},
  namedBy: 'tag:app',
  forwards: false,
  ...overrides,
})

export const claimOf = (source: string, epoch: number, sequence: number, overrides: Partial<Claim> = {}): Claim => ({
  record: 'claim',
  id: `${source}#1`,
  revision: { epoch, sequence },
  domain: 'vpc-1',
  prefix: '10.0.0.7/32' as Prefix,
  ports: null,
  layer: 'instance',
  source,
  owners: [ownerOf('api')],
  lifetimeId: null,
  start: { earliestMs: AT, latestMs: AT + 10_000 },
  end: { earliestMs: AT + 60_000, latestMs: Number.POSITIVE_INFINITY },
  lastSightingMs: AT + 60_000,
  evidence: 'sighted',
  state: 'open',
  expects: [],
  whole: false,
  ...overrides,
})

export const progressOf = (source: string, epoch: number, sequence: number): Progress => ({
  record: 'progress',
  source,
  revision: { epoch, sequence },
  completeUpToMs: AT + sequence * 60_000,
  overAtMs: AT + sequence * 60_000 + 12_000,
  counts: { addresses: 1, changed: 1 },
  refused: null,
})

export const sourceRecordOf = (source: string, epoch: number, sequence = 0): SourceRecord => ({
  record: 'source',
  source,
  revision: { epoch, sequence },
  kind: 'ec2',
  scope: [{ domain: 'vpc-1', prefix: '10.0.0.0/16' as Prefix, layers: ['interface', 'instance'], fromMs: AT }],
  bounds: { lagMs: 5_000, clockErrorMs: 500, bridgeMs: 0, briefestHoldingMs: 0, longestGapMs: 180_000 },
  validity: { fromMs: AT, untilMs: Number.POSITIVE_INFINITY },
})

const LARGEST = 2 ** 52 - 1
const millis = fc.integer({ min: -LARGEST, max: LARGEST })
const lower = fc.oneof(millis, fc.constant(Number.NEGATIVE_INFINITY))
const upper = fc.oneof(millis, fc.constant(Number.POSITIVE_INFINITY))
const count = fc.nat({ max: LARGEST })
const name = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
const text = fc.string({ maxLength: 40, unit: 'grapheme' })
const maybe = fc.option(text, { nil: null })
const layer = fc.constantFrom(...LAYERS)
const ip = fc.oneof(fc.ipV4(), fc.ipV6()).map(found => toIp(found) ?? toIp('10.0.0.1'))
const prefix = fc
  .tuple(ip, fc.option(fc.nat({ max: 32 })))
  .map(([address, length]) => (length === null ? address && hostPrefix(address) : toPrefix(`${address}/${length}`)))
  .map(found => found as Prefix)
const revision = fc.record({ epoch: count, sequence: count })
const bounds = fc.record({ earliestMs: lower, latestMs: upper })
// Entries are set as own ones: one called __proto__ must come back like any other.
const labels = fc
  .array(
    fc.tuple(fc.oneof({ weight: 40, arbitrary: text }, { weight: 1, arbitrary: fc.constant('__proto__') }), text),
    { maxLength: 4 },
  )
  .map(entries => Object.fromEntries(entries))

type OwnerTexts = {
  readonly text: fc.Arbitrary<string>
  readonly maybe: fc.Arbitrary<string | null>
  readonly labels: fc.Arbitrary<Owner['labels']>
}

/** Any owner made of these texts. */
export const anyOwner = ({ text, maybe, labels }: OwnerTexts) =>
  fc.record<Owner>({
    application: maybe,
    cluster: maybe,
    stack: maybe,
    detail: maybe,
    kind: text,
    resourceId: text,
    account: maybe,
    region: maybe,
    zone: maybe,
    vpc: maybe,
    subnet: maybe,
    eni: maybe,
    host: maybe,
    team: maybe,
    labels,
    namedBy: maybe,
    forwards: fc.boolean(),
  })

const owner = anyOwner({ text, maybe, labels })

/** Any change of all four kinds, edges of the number ranges and infinities included. */
export const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record<Claim>({
    record: fc.constant('claim'),
    id: name,
    revision,
    domain: name,
    prefix,
    ports: fc.option(fc.record({ first: fc.nat({ max: 65535 }), last: fc.nat({ max: 65535 }) }), { nil: null }),
    layer,
    source: name,
    owners: fc.array(owner, { minLength: 1, maxLength: 3 }),
    lifetimeId: maybe,
    start: bounds,
    end: bounds,
    lastSightingMs: millis,
    evidence: fc.constantFrom('sighted', 'authoritative-time', 'flow-sighting', 'bridged'),
    state: fc.constantFrom('open', 'missing', 'closed'),
    expects: fc.array(layer, { maxLength: 3 }),
    whole: fc.boolean(),
  }),
  fc.record<Progress>({
    record: fc.constant('progress'),
    source: name,
    revision,
    completeUpToMs: lower,
    overAtMs: lower,
    counts: fc.record({ addresses: count, changed: count }),
    refused: fc.option(fc.record({ reason: text, detail: text }), { nil: null }),
  }),
  fc.record<SourceRecord>({
    record: fc.constant('source'),
    source: name,
    revision,
    kind: text,
    scope: fc.array(fc.record({ domain: name, prefix, layers: fc.array(layer), fromMs: lower }), { maxLength: 3 }),
    bounds: fc.record({
      lagMs: count,
      clockErrorMs: count,
      bridgeMs: fc.oneof(count, fc.constant(Number.POSITIVE_INFINITY)),
      briefestHoldingMs: count,
      longestGapMs: fc.oneof(count, fc.constant(Number.POSITIVE_INFINITY)),
    }),
    validity: fc.record({ fromMs: lower, untilMs: upper }),
  }),
  fc.record({ record: fc.constant('horizon' as const), domain: name, beforeMs: millis }),
)
