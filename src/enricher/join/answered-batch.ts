import type { FlowEnd } from '../../store/port.ts'
import type { RecordBatch } from '../flowlogs/record-batch.ts'

/**
 * A batch with both ends of each of its records answered, by place. Good until the batch is filled again, as the batch
 * itself; an end may be made anew at each call, so ask once per record.
 */
export type AnsweredBatch = {
  readonly batch: RecordBatch
  /** 0 where the record carries no time and was given none: it has no answer. */
  readonly isAnswered: ArrayLike<number>
  source(place: number): FlowEnd
  destination(place: number): FlowEnd
}
