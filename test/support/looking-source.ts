import type { Change, Claim, SourceBounds } from '../../src/ownership/claim.ts'
import { type LookMemory, NOTHING_REMEMBERED, rememberPoll, shownBy } from '../../src/ownership/look-memory.ts'
import type { OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { diffPartialLook, type PartialLook } from '../../src/ownership/partial-look.ts'
import type { Binding, Sighting } from '../../src/ownership/snapshot.ts'
import { type DiffContext, diffSnapshot, type SourceState } from '../../src/ownership/snapshot-diff.ts'
import { noDoubt, prefix, type Shown } from './estate.ts'

/** One source whose polls and looks a test writes down by hand. */
export class LookingSource {
  private state: SourceState = {
    epoch: 1,
    sequence: 0,
    completeUpToMs: null,
    addresses: 0,
    claims: new Map(),
    record: null,
  }
  private memory: LookMemory = NOTHING_REMEMBERED
  private readonly index: OwnershipIndex
  private readonly context: DiffContext

  constructor(index: OwnershipIndex, bounds: Partial<SourceBounds>) {
    this.index = index
    this.context = {
      source: 'test/one',
      kind: 'test',
      bounds: { ...noDoubt, longestGapMs: 90, ...bounds },
      identify: key => key,
    }
  }

  poll(sentAtMs: number, receivedAtMs: number, shown: readonly Shown[]): readonly Claim[] {
    const sighting = { sentAtMs, receivedAtMs }
    const scope = [{ domain: 'd1', prefix: prefix('10.0.0.0/8'), layers: ['instance'] as const }]
    const diff = diffSnapshot(this.state, { sighting, scope, bindings: bindingsOf(shown, sighting) }, this.context)
    this.state = diff.next
    this.memory = rememberPoll(this.memory, shownBy(sighting, this.context.bounds))
    return this.publish(diff.changes)
  }

  /** The addresses asked for are those of which absence counts. */
  look(
    sentAtMs: number,
    receivedAtMs: number,
    shown: readonly Shown[],
    addresses: readonly string[],
  ): readonly Claim[] {
    const asked = addresses.map(address => ({ domain: 'd1', prefix: prefix(address) }))
    const wouldShow = (claim: Claim) => asked.some(place => place.prefix === claim.prefix)
    return this.lookAt({ sentAtMs, receivedAtMs }, shown, { asked, wouldShow })
  }

  /** All of a subnet are shown, and of others nobody is known to be absent. */
  lookInSubnet(
    sentAtMs: number,
    receivedAtMs: number,
    shown: readonly Shown[],
    { address, subnet }: { readonly address: string; readonly subnet: string },
  ): readonly Claim[] {
    const asked = [{ domain: 'd1', prefix: prefix(address), subnet }]
    return this.lookAt({ sentAtMs, receivedAtMs }, shown, { asked, wouldShow: () => false })
  }

  private lookAt(
    sighting: Sighting,
    shown: readonly Shown[],
    part: Pick<PartialLook, 'asked' | 'wouldShow'>,
  ): readonly Claim[] {
    const look = { sighting, bindings: bindingsOf(shown, sighting), ...part }
    const diff = diffPartialLook(this.state, look, this.memory, this.context)
    this.state = diff.next
    this.memory = diff.memory
    return this.publish(diff.changes)
  }

  claimOf(address: string): Claim | undefined {
    return [...this.state.claims.values()].find(claim => claim.prefix === prefix(address))
  }

  private publish(changes: readonly Change[]): readonly Claim[] {
    for (const change of changes) this.index.apply(change)
    return changes.filter(change => change.record === 'claim')
  }
}

const bindingsOf = (shown: readonly Shown[], sighting: Sighting): readonly Binding[] =>
  shown.map(({ address, owner, sentAtMs, receivedAtMs, ...rest }) => ({
    domain: 'd1',
    prefix: prefix(address),
    ports: null,
    layer: 'instance',
    owners: [owner],
    lifetimeId: owner.resourceId,
    state: 'held',
    stated: [],
    expects: [],
    whole: false,
    sighting: { sentAtMs: sentAtMs ?? sighting.sentAtMs, receivedAtMs: receivedAtMs ?? sighting.receivedAtMs },
    ...rest,
  }))
