import type { Millis } from '../../src/ownership/window.ts'
import type { EndTruth } from '../../src/simulator/ledger.ts'
import type { Baseline } from './baselines/baseline.ts'
import type { Detected, Detections } from './baselines/detections.ts'
import { Edges } from './edges.ts'
import { type Flow, onlyApplication, SIDES, spaceOf } from './flows.ts'

/**
 * An application named by a baseline: `right` where it alone held the address throughout the record's time, `partly` where
 * it held it for a part of it or shared it, `other` where another one did, `nobody` where nobody of ours did.
 */
type Verdict = 'right' | 'partly' | 'other' | 'nobody'

export type BaselineCounts = Readonly<Record<Verdict, number>> & {
  /** Ends that one named application held throughout. */
  readonly attributable: number
  /** Flows of which one end at least is `other` or `nobody`, and those with an application at one end at least. */
  readonly wrongFlows: number
  readonly answeredFlows: number
  readonly wrongBytes: number
  readonly answeredBytes: number
}

/** What one baseline says of the flows, and how much of it is true. */
export class Comparison {
  readonly baseline: Baseline
  readonly edges = new Edges()
  readonly counts = {
    right: 0,
    partly: 0,
    other: 0,
    nobody: 0,
    attributable: 0,
    wrongFlows: 0,
    answeredFlows: 0,
    wrongBytes: 0,
    answeredBytes: 0,
  } satisfies BaselineCounts

  constructor(baseline: Baseline) {
    this.baseline = baseline
  }

  add(flow: Flow, detections: Detections, readMs: Millis): void {
    const { counts } = this
    const { startMs } = flow
    const [source, destination] = SIDES.map(side => {
      const question = { domain: spaceOf(flow, side), ip: flow.record[side].ip, startMs, readMs }
      const application = applicationOf(this.baseline.ownerOf(detections, question))
      const truth = flow.truth[side]
      if (onlyApplication(truth) !== undefined) counts.attributable++
      const verdict = application === undefined ? undefined : verdictOn(application, truth)
      if (verdict) counts[verdict]++
      return { application, verdict }
    })
    if (source?.application === undefined && destination?.application === undefined) return
    const isWrong = [source, destination].some(end => end?.verdict === 'other' || end?.verdict === 'nobody')
    counts.answeredFlows++
    counts.answeredBytes += flow.bytes
    if (isWrong) {
      counts.wrongFlows++
      counts.wrongBytes += flow.bytes
    }
    // Of a shared address, or one that changed hands meanwhile, nobody can say whether the edge is there.
    const isPartly = source?.verdict === 'partly' || destination?.verdict === 'partly'
    if (source?.application === undefined || destination?.application === undefined || isPartly) return
    this.edges.add(flow, source.application, destination.application)
  }
}

const applicationOf = (owner: Detected | null): string | undefined =>
  owner === null || owner === 'several' ? undefined : (owner.application ?? undefined)

export function verdictOn(application: string, truth: EndTruth): Verdict {
  const { holders, nobody } = truth
  const named = holders.filter(holder => holder.application !== null)
  if (named.some(holder => holder.application === application)) {
    return nobody || named.length < holders.length || named.some(holder => holder.application !== application)
      ? 'partly'
      : 'right'
  }
  if (holders.some(({ resourceId }) => resourceId.startsWith('shared '))) return 'partly'
  return named.length > 0 ? 'other' : 'nobody'
}
