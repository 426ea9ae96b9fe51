import { formatAddress, type Ip } from '../../src/ownership/address.ts'
import type { Change, Claim, Owner, Progress, SourceRecord } from '../../src/ownership/claim.ts'
import { hostPrefix } from '../../src/ownership/prefix.ts'

/**
 * What the polls of one source bring: tasks that begin, each an owner of its own, and are gone ten polls later. So every claim is
 * logged twice with the same owner, which is how often a claim of a short life is revised.
 */
export const SOURCE = 'titus/main'
export const DOMAIN = 'vpc-0a1b2c3d4e5f60718'
const AT_MS = Date.UTC(2026, 10, 20)
const POLL_MS = 60_000
const POLLS_OF_A_TASK = 10
/** Addresses are used again in turn, as those of a subnet are. */
const ADDRESSES = 1_000_000

export const sourceRecord = (): SourceRecord => ({
  record: 'source',
  source: SOURCE,
  revision: { epoch: 1, sequence: 0 },
  kind: 'titus',
  scope: [{ domain: DOMAIN, prefix: '10.0.0.0/8' as Claim['prefix'], layers: ['container'], fromMs: AT_MS }],
  bounds: { lagMs: 10_000, clockErrorMs: 100, bridgeMs: 0, briefestHoldingMs: 0, longestGapMs: 180_000 },
  validity: { fromMs: AT_MS, untilMs: Number.POSITIVE_INFINITY },
})

/** The claims of poll `n` of `claimsOfAPoll`, and its progress: half begin, half end where there are some to end. */
export function pollOf(n: number, claimsOfAPoll: number): readonly Change[] {
  const begun = claimsOfAPoll / 2
  const changes: Change[] = []
  for (let i = 0; i < begun; i++) changes.push(claimOf(n * begun + i, n, n, 'open'))
  for (let i = 0; i < begun && n >= POLLS_OF_A_TASK; i++) {
    changes.push(claimOf((n - POLLS_OF_A_TASK) * begun + i, n - POLLS_OF_A_TASK, n, 'closed'))
  }
  changes.push(progressOf(n))
  return changes
}

/** Where a task was, and when for certain: what the replayed index is asked. */
export function truthOf(
  task: number,
  claimsOfAPoll: number,
): { readonly ip: Ip; readonly atMs: number; readonly owner: string } {
  const poll = Math.floor(task / (claimsOfAPoll / 2))
  return { ip: addressOf(task), atMs: timeOf(poll) + POLL_MS / 2, owner: resourceIdOf(task) }
}

const timeOf = (poll: number): number => AT_MS + poll * POLL_MS
const addressOf = (task: number): Ip => formatAddress({ family: 4, words: [(10 << 24) + (task % ADDRESSES), 0, 0, 0] })
const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0')
const resourceIdOf = (task: number): string =>
  inOnePiece(`${hex(task, 8)}-6f1c-4c55-9c3e-${hex(Math.imul(task, 0x9e3779b1) >>> 0, 12)}`)
/** As a poll's reply has its texts: in one piece, not as what V8 still has to put together when it is first read. */
const inOnePiece = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')
const idOf = (task: number): string =>
  [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f].map(factor => hex(Math.imul(task + 1, factor) >>> 0, 8)).join('')

function claimOf(task: number, from: number, poll: number, state: Claim['state']): Claim {
  const isOpen = state === 'open'
  return {
    record: 'claim',
    id: idOf(task),
    revision: { epoch: 1, sequence: poll },
    domain: DOMAIN,
    prefix: hostPrefix(addressOf(task)),
    ports: null,
    layer: 'container',
    source: SOURCE,
    owners: [ownerOf(task)],
    lifetimeId: resourceIdOf(task),
    start: { earliestMs: timeOf(from) - POLL_MS, latestMs: timeOf(from) },
    end: {
      earliestMs: isOpen ? timeOf(from) : timeOf(poll) - POLL_MS,
      latestMs: isOpen ? Number.POSITIVE_INFINITY : timeOf(poll),
    },
    lastSightingMs: isOpen ? timeOf(from) : timeOf(poll) - POLL_MS,
    evidence: 'sighted',
    state,
    expects: [],
    whole: false,
  }
}

function ownerOf(task: number): Owner {
  const app = `service${task % 900}`
  return {
    application: app,
    cluster: `${app}-main`,
    stack: 'main',
    detail: null,
    kind: 'titus-task',
    resourceId: resourceIdOf(task),
    account: '123456789012',
    region: 'us-east-1',
    zone: `us-east-1${'abc'[task % 3]}`,
    vpc: DOMAIN,
    subnet: inOnePiece(`subnet-0${hex(task % 600, 16)}`),
    eni: inOnePiece(`eni-0${hex(task % 60_000, 16)}`),
    host: inOnePiece(`i-0${hex(task % 20_000, 16)}`),
    team: `team-${task % 120}`,
    labels: { asg: `${app}-main-v${task % 999}` },
    namedBy: 'titus-job',
    forwards: false,
  }
}

const progressOf = (poll: number): Progress => ({
  record: 'progress',
  source: SOURCE,
  revision: { epoch: 1, sequence: poll },
  completeUpToMs: timeOf(poll),
  overAtMs: timeOf(poll) + 12_000,
  counts: { addresses: 1, changed: 1 },
  refused: null,
})
