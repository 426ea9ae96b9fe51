import type { AnsweredBatch } from '../join/answered-batch.ts'

/** What an output came to. */
export type Sunk = {
  /** Records in it, answered or not. */
  readonly records: number
  readonly bytes: number
}

/**
 * Where the records of one flow log object go with their answers. Nothing is under the output's name before `finish`, and
 * then all of it is, durably; `abort` leaves nothing, at whatever moment and however often. Memory is bounded whatever
 * comes. One contract suite runs on all (test/contract/row-sink.ts).
 */
export type RowSink = {
  /** Takes the records of a batch in their order, and what lies between them; resolves once there is room for more. */
  write(answered: AnsweredBatch): Promise<void>
  finish(): Promise<Sunk>
  abort(): Promise<void>
}

export type SinkForm = 'parquet' | 'ndjson' | 'csv' | 'text'
