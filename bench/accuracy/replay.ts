import { type Annotated, createAnnotator } from '../../src/enricher/annotate.ts'
import type { Attributed } from '../../src/enricher/attribute.ts'
import { lookUpsOn } from '../../src/enricher/look-ups.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { isFlowSource } from '../../src/ownership/flow-sightings.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Millis } from '../../src/ownership/window.ts'
import { FLOW_LOG_HEADER } from '../../src/simulator/flow-log.ts'
import type { FlowEnd } from '../../src/store/port.ts'
import { type Flow, SIDES, type Side } from './flows.ts'
import { inWords, isWrong, type Judging } from './judging.ts'
import type { Pollers } from './polling.ts'

/** The live answer of a record, as it left. */
export type Answered = { readonly flow: Flow; readonly answered: Attributed }

/** What a batch run over the same records says in the end, on an index that is made anew of the change stream. */
export type Replay = {
  readonly records: number
  /** Ends that are not the truth. */
  readonly wrong: number
  /** Of ends that one named application held throughout, those that are answered with it. */
  readonly owned: number
  /** Final live answers that it gives more of: another kind of proof, a name that came late, guesses about what is unknown. */
  readonly gained: number
  /** Final live answers that were ambiguous, and of which it keeps fewer candidates. */
  readonly narrowed: number
  /** Final live answers that it gives otherwise, and answers that the index that lived through it all gives otherwise now. */
  readonly differing: number
  /** What flow sightings did, where there are any. */
  readonly bySightings: BySightings | null
  readonly examples: readonly string[]
}

/** The same questions with and without what flows show, in ends; `remote` is not the recording interface's own. */
export type BySightings = {
  /** Ambiguous or unknown without, owned with. */
  turned: { local: number; remote: number }
  /** Owned without, and not with. */
  lost: number
}

type Lived = {
  /** That which lived through it all; undefined where it is not to be compared. */
  readonly index: OwnershipIndex | undefined
  readonly pollers: Pick<Pollers, 'changes'>
  readonly judging: Judging
  readonly slackMs: Millis
  readonly nowMs: Millis
  /** What later flows showed is in the stream: answers that left before are given again. */
  readonly withSightings: boolean
}

const MOST_EXAMPLES = 10

export async function replayOf(
  taken: readonly Answered[],
  { index, pollers, judging, withSightings, ...times }: Lived,
): Promise<Replay> {
  const flows = taken.map(({ flow }) => flow)
  const batch = await annotated(flows, await replayed(pollers), times)
  const livedThrough = index === undefined ? batch : await annotated(flows, index, times)
  const bySightings = withSightings ? await turnedBy(flows, batch, pollers, times) : null
  const counts = { records: batch.length, wrong: 0, owned: 0, gained: 0, narrowed: 0, differing: 0 }
  const examples: string[] = []
  for (const [i, { flow, answered }] of taken.entries()) {
    const [row, same] = [batch[i], livedThrough[i]]
    if (row === undefined || same === undefined) throw new Error(`${batch.length} rows of ${taken.length} records`)
    const judged = judging.judge(flow, row)
    for (const side of SIDES) {
      if (judged[side].outcome === 'wrong') counts.wrong++
      if (judged[side].outcome === 'owned' && judged[side].kind !== undefined) counts.owned++
    }
    if (isWrong(judged) && examples.length < MOST_EXAMPLES) examples.push(...inWords(flow, row, judged))
    const difference = answered.final ? differenceOf(answered, row, withSightings) : 'same'
    if (difference === 'gained' || difference === 'narrowed') counts[difference]++
    const isOther = difference === 'other' || SIDES.some(side => !isEqual(same[side], row[side]))
    if (!isOther) continue
    counts.differing++
    if (examples.length < MOST_EXAMPLES)
      examples.push(`live ${JSON.stringify(answered)}, batch ${JSON.stringify(row)}: ${flow.line}`)
  }
  return { ...counts, bySightings, examples }
}

async function turnedBy(
  flows: readonly Flow[],
  rows: readonly Record<Side, FlowEnd>[],
  pollers: Pick<Pollers, 'changes'>,
  times: { readonly slackMs: Millis; readonly nowMs: Millis },
): Promise<BySightings> {
  const isNoFlow = (change: Change) => change.record !== 'claim' || !isFlowSource(change.source)
  const without = await annotated(flows, await replayed(pollers, isNoFlow), times)
  const counts: BySightings = { turned: { local: 0, remote: 0 }, lost: 0 }
  for (const [i, { record }] of flows.entries()) {
    for (const side of SIDES) {
      const [before, after] = [without[i]?.[side], rows[i]?.[side]]
      const isLocal = record.direction === (side === 'source' ? 'egress' : 'ingress')
      const wasOpen = before?.state === 'ambiguous' || before?.state === 'unknown'
      if (wasOpen && after?.state === 'owned') counts.turned[isLocal ? 'local' : 'remote']++
      if (before?.state === 'owned' && after?.state !== 'owned') counts.lost++
    }
  }
  return counts
}

/** An index that is made anew of all that was published. */
export async function replayed(
  pollers: Pick<Pollers, 'changes'>,
  counts: (change: Change) => boolean = () => true,
): Promise<OwnershipIndex> {
  const index = createOwnershipIndex()
  for await (const batch of pollers.changes()) for (const { change } of batch) if (counts(change)) index.apply(change)
  index.compact()
  return index
}

/** What batch annotation makes of the same records, in their order. */
export async function annotated(
  flows: readonly Flow[],
  index: OwnershipIndex,
  { slackMs, nowMs }: { readonly slackMs: Millis; readonly nowMs: Millis },
): Promise<readonly Record<Side, FlowEnd>[]> {
  const annotator = createAnnotator({ lookUps: lookUpsOn(index, []), slackMs, nowMs })
  const rows: Record<Side, FlowEnd>[] = []
  for await (const one of annotator.annotate('records', objectOf(flows))) rows.push(endsOf(one))
  return rows
}

const LINES_AT_ONCE = 1_000

async function* objectOf(flows: readonly Flow[]): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${FLOW_LOG_HEADER}\n`)
  for (let i = 0; i < flows.length; i += LINES_AT_ONCE) {
    const lines = flows.slice(i, i + LINES_AT_ONCE).map(({ line }) => `${line}\n`)
    yield Buffer.from(lines.join(''))
  }
}

function endsOf(one: Annotated): Record<Side, FlowEnd> {
  if (one.kind !== 'flow') throw new Error(`${one.kind}: not a record with times`)
  return { source: one.source, destination: one.destination }
}

/**
 * How a live answer that was final differs from the batch's: not at all, by what a final answer may still gain (another kind of
 * proof, a name that came late, guesses about what is unknown: docs/architecture.md, "until when an answer may change"), by
 * candidates that are proved out later, or by anything else.
 */
const DIFFERENCES = ['other', 'narrowed', 'gained', 'same'] as const
export type Difference = (typeof DIFFERENCES)[number]

/** The worse of the two ends. `withSightings`: what flows show afterwards may take away candidates, too. */
export function differenceOf(
  live: Pick<Attributed, Side>,
  batch: Record<Side, FlowEnd>,
  withSightings: boolean,
): Difference {
  const found = SIDES.map(side => differenceOfEnd(live[side], batch[side], withSightings))
  return DIFFERENCES.find(difference => found.includes(difference)) ?? 'same'
}

function differenceOfEnd(live: FlowEnd, batch: FlowEnd, withSightings: boolean): Difference {
  if (isEqual(live, batch)) return 'same'
  const mayBeNarrower = batch.state === 'ambiguous' || (batch.state === 'owned' && batch.reason === 'flow-sighting')
  if (withSightings && live.state === 'ambiguous' && mayBeNarrower) return 'gained'
  const isNamedLate = live.application === '' && live.resourceId === batch.resourceId
  const gained = {
    ...live,
    ...(live.state === 'owned' && { reason: batch.reason }),
    // Flows of another object may show more of the same holding.
    ...(withSightings && live.state === 'owned' && { claimId: batch.claimId }),
    ...(live.state === 'owned' && isNamedLate && nameOf(batch)),
    ...(live.state === 'unknown' && { candidates: batch.candidates }),
  }
  if (isEqual(gained, batch)) return 'gained'
  const left = batch.state === 'ambiguous' ? batch.candidates : [batch.resourceId]
  const isNarrowed = live.state === 'ambiguous' && left.every(id => live.candidates.includes(id))
  return isNarrowed ? 'narrowed' : 'other'
}

const nameOf = ({ application, cluster, claimId }: FlowEnd) => ({ application, cluster, claimId })

const isEqual = (a: FlowEnd, b: FlowEnd): boolean =>
  (Object.keys(a) as (keyof FlowEnd)[]).every(key => {
    const [one, other] = [a[key], b[key]]
    return one === other || (Array.isArray(one) && Array.isArray(other) && one.join() === other.join())
  })
