import { type Flow, SIDES, type Side } from './flows.ts'
import { OUTCOMES, type Outcome } from './judge.ts'

export type Count = { flows: number; bytes: number }
export type Outcomes = Record<Outcome, Count>

const noCount = (): Count => ({ flows: 0, bytes: 0 })
const noOutcomes = (): Outcomes => Object.fromEntries(OUTCOMES.map(outcome => [outcome, noCount()])) as Outcomes

function add(count: Count, bytes: number): void {
  count.flows++
  count.bytes += bytes
}

/** Ends that one named application held throughout, and those of them that were answered with it. */
export type Share = { readonly ends: Count; readonly owned: Count }
const noShare = (): Share => ({ ends: noCount(), owned: noCount() })

/**
 * `public`: an address of public space, whoever has it. `block`: one of an IPv4 block that is delegated to an instance's
 * interface. The others are private addresses, by the layer of who holds them.
 */
export const KINDS = ['container', 'instance', 'interface', 'block', 'public'] as const
export type Kind = (typeof KINDS)[number]

/** What became of an end, and what the world knows of it. */
export type JudgedEnd = {
  readonly outcome: Outcome
  /** State and reason, as answered. */
  readonly said: string
  /** What the address is, where one named application held it throughout; else undefined. */
  readonly kind: Kind | undefined
  readonly isShared: boolean
  /** Somebody of the other VPC held the same address at some time. */
  readonly overlaps: boolean
  /** Of an ambiguous one with one true holder: whether the candidates lack it. */
  readonly isTruthMissed: boolean
}

/** Adds up what became of the flows of a cell. */
export class Tally {
  readonly ends: Record<Side, Outcomes> = { source: noOutcomes(), destination: noOutcomes() }
  /** `owned` where both ends are, `wrong` where one is, else the weaker of the two. */
  readonly both = noOutcomes()
  readonly attributable = noShare()
  readonly byKind = Object.fromEntries(KINDS.map(kind => [kind, noShare()])) as Record<Kind, Share>
  /** Ends by what was answered: state and reason. */
  readonly reasons = new Map<string, number>()
  readonly shared = noOutcomes()
  readonly overlapping = noOutcomes()
  /** Sum of the shares that faultless polls can prove of attributable ends. */
  provable = 0
  truthMissed = 0
  records = 0

  add({ bytes }: Flow, judged: Record<Side, JudgedEnd>): void {
    this.records++
    for (const side of SIDES) {
      const end = judged[side]
      add(this.ends[side][end.outcome], bytes)
      this.reasons.set(end.said, (this.reasons.get(end.said) ?? 0) + 1)
      if (end.isShared) add(this.shared[end.outcome], bytes)
      if (end.overlaps) add(this.overlapping[end.outcome], bytes)
      if (end.isTruthMissed) this.truthMissed++
      if (end.kind === undefined) continue
      for (const share of [this.attributable, this.byKind[end.kind]]) {
        add(share.ends, bytes)
        if (end.outcome === 'owned') add(share.owned, bytes)
      }
    }
    add(this.both[weaker(judged.source.outcome, judged.destination.outcome)], bytes)
  }
}

/** OUTCOMES are in the order of how little is left open, but for the last. */
export const weaker = (a: Outcome, b: Outcome): Outcome => (OUTCOMES.indexOf(a) > OUTCOMES.indexOf(b) ? a : b)

export const sharesOf = (ofEnds: Share): { flows: number; bytes: number } => ({
  flows: ofEnds.ends.flows === 0 ? 0 : ofEnds.owned.flows / ofEnds.ends.flows,
  bytes: ofEnds.ends.bytes === 0 ? 0 : ofEnds.owned.bytes / ofEnds.ends.bytes,
})
