import { type ByteOut, gzipOut } from './byte-out.ts'
import { csvSink } from './csv-sink.ts'
import { ndjsonSink } from './ndjson-sink.ts'
import type { ParquetRoom } from './parquet-room.ts'
import { parquetSink } from './parquet-sink.ts'
import type { RowSink, SinkForm } from './port.ts'
import { textSink } from './text-sink.ts'

export type SinkOptions = {
  readonly form: SinkForm
  /** What the input is called, where a line of it is told of. */
  readonly name: string
  /** Compressed as a whole; within the file for Parquet. */
  readonly gzip?: boolean
  /** What Parquet is written with, where one output is made after another: kept from one to the next. */
  readonly room?: ParquetRoom
}

/** The sink of one input object, onto `out`. */
export function openSink(out: ByteOut, { form, name, gzip = false, room }: SinkOptions): RowSink {
  const bytes = gzip && form !== 'parquet' ? gzipOut(out) : out
  switch (form) {
    case 'parquet':
      return parquetSink(bytes, { gzip, ...(room && { room }) })
    case 'ndjson':
      return ndjsonSink(bytes, name)
    case 'csv':
      return csvSink(bytes)
    case 'text':
      return textSink(bytes)
  }
}

/** How the file of an output ends. */
export const endingOf = (form: SinkForm, gzip: boolean): string =>
  form === 'parquet' ? '.parquet' : `.${form === 'text' ? 'log' : form}${gzip ? '.gz' : ''}`
