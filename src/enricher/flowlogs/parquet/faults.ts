import type { RejectionReason } from '../parse.ts'

export type ParquetReason = Extract<
  RejectionReason,
  'corrupt-parquet' | 'truncated-parquet' | 'unsupported-parquet' | 'oversize-parquet'
>

/** Thrown and caught within this folder only: what cannot be read ends its page, its row group or the file. */
export class ParquetFault extends Error {
  readonly reason: ParquetReason
  constructor(reason: ParquetReason, message: string) {
    super(message)
    this.reason = reason
  }
}

export const corrupt = (message: string) => new ParquetFault('corrupt-parquet', message)
export const unsupported = (message: string) => new ParquetFault('unsupported-parquet', message)
export const oversize = (message: string) => new ParquetFault('oversize-parquet', message)

/** What a decoder threw over bytes that are not what they should be: a RangeError of a DataView, zlib's error, ours. */
export const asFault = (error: unknown): ParquetFault =>
  error instanceof ParquetFault ? error : corrupt(error instanceof Error ? error.message : String(error))
