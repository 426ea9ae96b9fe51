import { toIp } from '../../src/ownership/address.ts'
import type { Answer, Question } from '../../src/ownership/answer.ts'
import type { Change, Layer, Owner, SourceBounds } from '../../src/ownership/claim.ts'
import type { Contradiction } from '../../src/ownership/hearing.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { type Prefix, toPrefix } from '../../src/ownership/prefix.ts'
import type { Binding } from '../../src/ownership/snapshot.ts'
import { type DiffContext, diffSnapshot, refusePoll, type SourceState } from '../../src/ownership/snapshot-diff.ts'

/** An owner of whom only the named parts matter. */
export const owner = (
  application: string | null,
  resourceId = `${application}-1`,
  part: Partial<Owner> = {},
): Owner => ({
  application,
  cluster: null,
  stack: null,
  detail: null,
  kind: 'instance',
  resourceId,
  account: null,
  region: null,
  zone: null,
  vpc: null,
  subnet: null,
  eni: null,
  host: null,
  team: null,
  labels: {},
  namedBy: application === null ? null : 'test',
  forwards: false,
  ...part,
})

export const prefix = (text: string): Prefix => {
  const parsed = toPrefix(text)
  if (parsed === undefined) throw new Error(`not a prefix: ${text}`)
  return parsed
}

export type Shown = Partial<Omit<Binding, 'prefix' | 'sighting'>> & {
  readonly address: string
  readonly owner: Owner
  readonly sentAtMs?: number
  readonly receivedAtMs?: number
}

export const noDoubt: SourceBounds = {
  lagMs: 0,
  clockErrorMs: 0,
  bridgeMs: 0,
  briefestHoldingMs: 0,
  longestGapMs: 1_000_000,
}

/** One source whose polls a test writes down by hand; every change goes to `changes` and into the index. */
export class TestSource {
  readonly changes: Change[] = []
  readonly contradictions: Contradiction[] = []
  private state: SourceState = {
    epoch: 1,
    sequence: 0,
    completeUpToMs: null,
    addresses: 0,
    claims: new Map(),
    record: null,
  }
  private readonly index: OwnershipIndex
  private readonly source: string
  private readonly bounds: SourceBounds
  private readonly layers: readonly Layer[]
  private readonly isRename: DiffContext['isRename']
  /** May be widened between two polls. */
  covered: readonly string[]

  constructor(
    index: OwnershipIndex,
    options: {
      source?: string
      bounds?: Partial<SourceBounds>
      layers?: readonly Layer[]
      covered?: readonly string[]
      isRename?: DiffContext['isRename']
      /** Where a predecessor stopped. */
      state?: SourceState
    } = {},
  ) {
    this.index = index
    this.source = options.source ?? 'test/one'
    this.bounds = { ...noDoubt, ...options.bounds }
    this.layers = options.layers ?? ['network', 'interface', 'instance', 'container']
    this.covered = options.covered ?? ['d1 10.0.0.0/8']
    this.isRename = options.isRename
    this.state = options.state ?? this.state
  }

  /** A complete poll whose requests ran from `sentAtMs` to `receivedAtMs`. */
  poll(sentAtMs: number, receivedAtMs: number, shown: readonly Shown[]): readonly Change[] {
    const bindings = shown.map(
      ({ address, owner: holder, sentAtMs: sent, receivedAtMs: received, ...rest }): Binding => ({
        domain: 'd1',
        prefix: prefix(address),
        ports: null,
        layer: 'instance',
        owners: [holder],
        lifetimeId: holder.resourceId,
        state: 'held',
        stated: [],
        expects: [],
        whole: false,
        sighting: { sentAtMs: sent ?? sentAtMs, receivedAtMs: received ?? receivedAtMs },
        ...rest,
      }),
    )
    const scope = this.covered.map(text => {
      const [domain = '', cidr = ''] = text.split(' ')
      return { domain, prefix: prefix(cidr), layers: this.layers }
    })
    const snapshot = { sighting: { sentAtMs, receivedAtMs }, bindings, scope }
    return this.publish(diffSnapshot(this.state, snapshot, this.context()))
  }

  refuse(reason = 'test'): readonly Change[] {
    return this.publish(refusePoll(this.state, { reason, detail: '' }, this.context()))
  }

  private context() {
    const context = { source: this.source, kind: 'test', bounds: this.bounds, identify: (key: string) => key }
    return this.isRename ? { ...context, isRename: this.isRename } : context
  }

  private publish(diff: ReturnType<typeof diffSnapshot>): readonly Change[] {
    this.state = diff.next
    this.contradictions.push(...diff.contradictions)
    for (const change of diff.changes) {
      this.changes.push(change)
      this.index.apply(change)
    }
    return diff.changes
  }
}

export function question(
  address: string,
  fromMs: number,
  untilMs = fromMs + 1,
  part: Partial<Question> = {},
): Question {
  const ip = toIp(address)
  if (ip === undefined) throw new Error(`not an address: ${address}`)
  return { domain: 'd1', ip, fromMs, untilMs, nowMs: 10_000_000, ...part }
}

export const indexOf = (changes: readonly Change[]): OwnershipIndex => {
  const index = createOwnershipIndex()
  for (const change of changes) index.apply(change)
  return index
}

/** An answer in a few words: `owned sighted api`, `ambiguous handoff api|batch|nobody`. */
export function inWords(answer: Answer): string {
  const named = (holder: Owner | undefined) => holder?.application ?? holder?.resourceId ?? 'nobody'
  const who = answer.holding
    ? named(answer.holding.owner)
    : answer.candidates.map(({ holding }) => named(holding?.owner)).join('|')
  return [answer.state, answer.reason, who].join(' ').trim()
}
