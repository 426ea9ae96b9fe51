import type { RecordCounts } from '../changestream/transfer/import.ts'
import { sumOf } from '../changestream/transfer/import.ts'
import { durationOf, rateOf } from './transfer-bar.ts'

/** `1,204 records (1,000 claims, 200 progress, 3 sources, 1 horizons) in 3 s, 401/s`. */
export function recordsInWords(counts: RecordCounts, seconds: number): string {
  const shown = (count: number) => count.toLocaleString('en-US')
  const kinds = `${shown(counts.claim)} claims, ${shown(counts.progress)} progress, ${shown(counts.source)} sources, ${shown(counts.horizon)} horizons`
  const records = sumOf(counts)
  return `${shown(records)} records (${kinds}) in ${durationOf(seconds)}, ${shown(rateOf(records, seconds))}/s`
}
