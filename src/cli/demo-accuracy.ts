import { ANSWER_STATES, type AnswerState } from '../ownership/answer.ts'
import type { SimulatedCloud } from '../simulator/cloud.ts'
import type { FlowEnd, Store } from '../store/port.ts'

type EndTruth = ReturnType<SimulatedCloud['truthOf']>[number]['source']
type Count = { flows: number; bytes: number }
type Counts = Record<AnswerState, Count>

export type Accuracy = {
  readonly records: number
  /** How the ends were answered. */
  readonly states: { readonly source: Counts; readonly destination: Counts }
  /** The ends whose address one of ours held or manages. */
  readonly managed: Counts
  /** `owned` answers that are not the truth: another owner, or one who had it only for a part of the record's window. */
  readonly wrong: number
  /** At most ten of them, for people. */
  readonly wrongExamples: readonly string[]
}

/** Compares what the store holds with what the simulated cloud knows, end by end. */
export async function measureAccuracy(
  store: Store,
  cloud: SimulatedCloud,
  objects: ReadonlyMap<string, string>,
): Promise<Accuracy> {
  const states = { source: noCounts(), destination: noCounts() }
  const managed = noCounts()
  const wrongExamples: string[] = []
  let records = 0
  let wrong = 0
  for (const [objectId, key] of objects) {
    const truths = cloud.truthOf(key)
    for (const flow of await store.flowsOf(objectId)) {
      records++
      const truth = truths[flow.record - 1]
      if (truth === undefined) throw new RangeError(`${key} has no line ${flow.record}`)
      for (const side of ['source', 'destination'] as const) {
        const end = flow[side]
        add(states[side], end.state, flow.bytes)
        if (truth[side].kind === 'managed') add(managed, end.state, flow.bytes)
        if (end.state !== 'owned' || isTrue(end, truth[side])) continue
        wrong++
        if (wrongExamples.length < 10) wrongExamples.push(inWords(key, flow.record, side, end, truth[side]))
      }
    }
  }
  return { records, states, managed, wrong, wrongExamples }
}

/** One holder throughout the record's window, the same resource and the same application. */
function isTrue(end: FlowEnd, truth: EndTruth): boolean {
  const [holder] = truth.holders
  if (truth.nobody || truth.holders.length !== 1 || holder === undefined) return false
  return holder.resourceId === end.resourceId && (holder.application ?? '') === end.application
}

function inWords(key: string, record: number, side: string, end: FlowEnd, truth: EndTruth): string {
  const really = truth.holders.map(({ resourceId, application }) => `${application} ${resourceId}`)
  const held = [...really, ...(truth.nobody ? ['nobody'] : [])].join(', ') || truth.kind
  return `${key} line ${record} ${side} ${end.ip}: answered ${end.application} ${end.resourceId}, really ${held}`
}

const noCounts = (): Counts => Object.fromEntries(ANSWER_STATES.map(state => [state, { flows: 0, bytes: 0 }])) as Counts

function add(counts: Counts, state: AnswerState, bytes: number): void {
  counts[state].flows++
  counts[state].bytes += bytes
}

export function ownedShare(counts: Counts): number {
  const all = ANSWER_STATES.reduce((sum, state) => sum + counts[state].flows, 0)
  return all === 0 ? 0 : counts.owned.flows / all
}
