/**
 * What a file may ask of this process, so that a footer that claims gigabytes, or a page that unpacks to them, costs a dead
 * letter and not the process. Writers stay far below: AWS's objects are at most 75 MB, pages are about 1 MB.
 */
export type ParquetLimits = {
  /** A footer becomes some fifty times its size in objects. */
  readonly footerBytes: number
  /** Compressed bytes of one row group, where they are fetched. */
  readonly rowGroupBytes: number
  /** One page, unpacked. */
  readonly pageBytes: number
  /** Values of one page. */
  readonly pageValues: number
  /** All pages and dictionaries that are unpacked at a time, one of each column. */
  readonly openBytes: number
}

export const PARQUET_LIMITS: ParquetLimits = {
  footerBytes: 16 * 1024 * 1024,
  rowGroupBytes: 1024 * 1024 * 1024,
  pageBytes: 128 * 1024 * 1024,
  pageValues: 8 * 1024 * 1024,
  openBytes: 384 * 1024 * 1024,
}

/** Rows are counted in 32 bits (`RecordBatch.lines`). */
export const MOST_ROWS = 2 ** 32 - 1
