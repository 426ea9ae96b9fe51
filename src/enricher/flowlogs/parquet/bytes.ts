/** Where a Parquet file's bytes come from: all of them, or ranges of them as they are asked for. */
export type ParquetBytes =
  | Uint8Array
  | {
      readonly byteLength: number
      /** Exactly these bytes; throws where the source fails. */
      slice(from: number, until: number): Promise<Uint8Array>
    }

export const bytesBetween = async (source: ParquetBytes, from: number, until: number): Promise<Uint8Array> =>
  source instanceof Uint8Array ? source.subarray(from, until) : source.slice(from, until)
