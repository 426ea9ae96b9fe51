import type { RecordCounts } from '../changestream/transfer/import.ts'
import { sumOf } from '../changestream/transfer/import.ts'
import { durationOf, rateOf } from './transfer-bar.ts'

/** `1,204 records (1,000 of claims, 200 of progress, 3 of sources, 1 of horizons) in 3 s, 401/s`. */
export function recordsInWords(counts: RecordCounts, seconds: number): string {
  const shown = (count: number) => count.toLocaleString('en-US')
  const kinds = [
    `${shown(counts.claim)} of claims`,
    `${shown(counts.progress)} of progress`,
    `${shown(counts.source)} of sources`,
    `${shown(counts.horizon)} of horizons`,
  ].join(', ')
  const records = sumOf(counts)
  return `${shown(records)} records (${kinds}) in ${durationOf(seconds)}, ${shown(rateOf(records, seconds))}/s`
}
