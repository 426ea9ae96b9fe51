import type { RecordBatch } from '../flowlogs/record-batch.ts'
import type { Verdict } from './answered-ends.ts'
import { MARK_VERDICT } from './answered-ends.ts'
import type { EndColumn, JoinedBatch } from './joined-batch.ts'

export type VerdictCount = Verdict & {
  readonly side: 'source' | 'destination'
  readonly flows: number
  readonly bytes: number
}

/** Verdicts have numbers below this. */
const MOST_VERDICTS = MARK_VERDICT + 1

/** How many flows and bytes were answered how. */
export class AnswerCounts {
  records = 0
  /** Records that carry no time and were given none. */
  withoutTime = 0
  private readonly sourceFlows = new Float64Array(MOST_VERDICTS)
  private readonly sourceBytes = new Float64Array(MOST_VERDICTS)
  private readonly destinationFlows = new Float64Array(MOST_VERDICTS)
  private readonly destinationBytes = new Float64Array(MOST_VERDICTS)
  private verdicts: readonly Verdict[] = []

  add(joined: JoinedBatch): void {
    const { batch, isAnswered, sources, destinations } = joined
    let answered = 0
    for (let place = 0; place < batch.count; place++) answered += isAnswered[place] as number
    this.records += answered
    this.withoutTime += batch.count - answered
    addSide(batch, isAnswered, sources, this.sourceFlows, this.sourceBytes)
    addSide(batch, isAnswered, destinations, this.destinationFlows, this.destinationBytes)
    this.verdicts = joined.ends.knownVerdicts
  }

  /** Those that came at all. */
  counts(): readonly VerdictCount[] {
    return this.verdicts.flatMap((verdict, number) => [
      ...counted('source', verdict, this.sourceFlows[number], this.sourceBytes[number]),
      ...counted('destination', verdict, this.destinationFlows[number], this.destinationBytes[number]),
    ])
  }
}

const counted = (side: VerdictCount['side'], verdict: Verdict, flows = 0, bytes = 0): readonly VerdictCount[] =>
  flows === 0 ? [] : [{ side, ...verdict, flows, bytes }]

function addSide(
  { count, bytes }: RecordBatch,
  isAnswered: Uint8Array,
  { marks }: EndColumn,
  flowsOf: Float64Array,
  bytesOf: Float64Array,
): void {
  for (let place = 0; place < count; place++) {
    if (isAnswered[place] === 0) continue
    const verdict = (marks[place] as number) & MARK_VERDICT
    flowsOf[verdict] = (flowsOf[verdict] as number) + 1
    bytesOf[verdict] = (bytesOf[verdict] as number) + Math.max(0, bytes[place] as number)
  }
}
