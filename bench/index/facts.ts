import type { Owner, Progress, SourceRecord } from '../../src/ownership/claim.ts'
import { FACT_NUMBER, type Fact, FactTable } from '../../src/ownership/ledger/fact-table.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'
import { HOST_OWNERS } from './addresses.ts'
import { SPAN_MS } from './estate.ts'

export const DOMAIN = 'bench'
export const SOURCE = 'bench/123456789012/us-east-1'

/** Owners of subnets of both families end below this. */
const MOST_OWNERS = HOST_OWNERS + 2 * 41_216

/** An owner with as many fields as a container's usually has. */
export function ownerOf(owner: number, kind: 'container' | 'subnet'): Owner {
  const application = `application-${owner % 2000}`
  return {
    application,
    cluster: `${application}-main`,
    stack: 'main',
    detail: null,
    kind,
    resourceId: `${kind}-${owner}`,
    account: '123456789012',
    region: 'us-east-1',
    zone: 'us-east-1c',
    vpc: 'vpc-0a1b2c3d',
    subnet: 'subnet-0c4d5e6f',
    eni: 'eni-0f1e2d3c4b5a69788',
    host: 'i-0abc12345def67890',
    team: `team-${owner % 200}@example.com`,
    labels: {},
    namedBy: 'titus-job',
    forwards: false,
  }
}

/** What the rows of the index say apart from when: 20,000 owners of hosts, each closed and open, and one for each subnet. */
export class BenchFacts {
  readonly table = new FactTable()
  readonly ownerOfFact = new Uint32Array(new SharedArrayBuffer(4 * (MOST_OWNERS + HOST_OWNERS + 1)))
  private readonly closed = new Int32Array(HOST_OWNERS + 1)
  private readonly open = new Int32Array(HOST_OWNERS + 1)

  private readonly other: Partial<Owner>

  /** `other` is what all owners have instead of what `ownerOf` gives them. */
  constructor(other: Partial<Owner> = {}) {
    this.other = other
    for (let owner = 1; owner <= HOST_OWNERS; owner++) {
      const owners = [{ ...ownerOf(owner, 'container'), ...other }]
      this.closed[owner] = this.intern(owner, { ...HOST, owners, state: 'closed' })
      this.open[owner] = this.intern(owner, { ...HOST, owners, state: 'open' })
    }
  }

  /** Marked, as a row has it. */
  ofHost(owner: number, isOpen: boolean): number {
    return (isOpen ? this.open : this.closed)[owner] as number
  }

  ofSubnet(owner: number): number {
    return this.intern(owner, { ...SUBNET, owners: [{ ...ownerOf(owner, 'subnet'), ...this.other }] })
  }

  private intern(owner: number, fact: Fact): number {
    const marked = this.table.intern(fact)
    this.ownerOfFact[marked & FACT_NUMBER] = owner
    return marked
  }
}

/** The one source of all claims, from `fromMs` on. */
export function sourceRecord(fromMs: number): SourceRecord {
  const scope = (prefix: string) => ({
    domain: DOMAIN,
    prefix: prefix as Prefix,
    layers: ['network', 'container'] as const,
    fromMs,
  })
  return {
    record: 'source',
    source: SOURCE,
    revision: { epoch: 1, sequence: 1 },
    kind: 'bench',
    scope: [scope('10.0.0.0/8'), scope('2600:1f18::/32')],
    bounds: { lagMs: 10_000, clockErrorMs: 500, bridgeMs: 0, briefestHoldingMs: 0, longestGapMs: 180_000 },
    validity: { fromMs: 0, untilMs: Number.POSITIVE_INFINITY },
  }
}

export function progress(sequence: number, completeUpToMs: number): Progress {
  return {
    record: 'progress',
    source: SOURCE,
    revision: { epoch: 1, sequence },
    completeUpToMs,
    overAtMs: completeUpToMs,
    counts: { addresses: 0, changed: 0 },
    refused: null,
  }
}

/** When questions are asked: a minute after the last poll. */
export const nowMsOf = (baseMs: number): number => baseMs + SPAN_MS + 60_000

const HOST = {
  source: SOURCE,
  layer: 'container',
  evidence: 'sighted',
  expects: [],
  whole: false,
  ports: null,
} as const

const SUBNET = { ...HOST, layer: 'network', state: 'open', whole: true } as const
