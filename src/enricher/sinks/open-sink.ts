import { type ByteOut, gzipOut } from './byte-out.ts'
import { csvSink } from './csv-sink.ts'
import type { Promptness } from './line-buffer.ts'
import { LineRoom } from './line-room.ts'
import { ndjsonSink } from './ndjson-sink.ts'
import { ParquetRoom } from './parquet-room.ts'
import { parquetSink } from './parquet-sink.ts'
import type { RowSink, SinkForm } from './port.ts'
import { ALL_APPENDED, type AppendedColumns, textSink } from './text-sink.ts'

export type SinkOptions = Promptness & {
  readonly form: SinkForm
  /** What the input is called, where a line of it is told of. */
  readonly name: string
  /** Compressed as a whole; within the file for Parquet. */
  readonly gzip?: boolean
  /** Where one output is made after another. */
  readonly room?: SinkRoom
  /** What text has beyond its input; default all there is. */
  readonly appended?: AppendedColumns
}

/** What outputs are written with, kept from one to the next. Two must not be open at a time. */
export class SinkRoom {
  private ofParquet: ParquetRoom | undefined
  private ofLines: LineRoom | undefined

  get parquet(): ParquetRoom {
    this.ofParquet ??= new ParquetRoom()
    return this.ofParquet
  }

  get lines(): LineRoom {
    this.ofLines ??= new LineRoom()
    return this.ofLines
  }
}

/** The sink of one input object, onto `out`. */
export function openSink(
  out: ByteOut,
  { form, name, gzip = false, room = new SinkRoom(), appended = ALL_APPENDED, isPrompt = false }: SinkOptions,
): RowSink {
  const bytes = gzip && form !== 'parquet' ? gzipOut(out) : out
  switch (form) {
    case 'parquet':
      return parquetSink(bytes, { gzip, room: room.parquet })
    case 'ndjson':
      return ndjsonSink(bytes, name, { isPrompt, room: room.lines })
    case 'csv':
      return csvSink(bytes, { isPrompt, room: room.lines })
    case 'text':
      return textSink(bytes, { isPrompt, room: room.lines, appended })
  }
}

/** How the file of an output ends. */
export const endingOf = (form: SinkForm, gzip: boolean): string =>
  form === 'parquet' ? '.parquet' : `.${form === 'text' ? 'log' : form}${gzip ? '.gz' : ''}`
