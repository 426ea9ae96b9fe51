import type { SourceRecord } from './claim.ts'
import type { SourceHistory } from './coverage.ts'
import type { Millis } from './window.ts'

export type SourceView = {
  readonly source: SourceRecord
  /** Everything before this instant is in the claims; undefined before the first complete poll. */
  readonly completeUpToMs: Millis | undefined
  /** Why the newest poll was refused, or null where it was not. */
  readonly refused: { readonly reason: string; readonly detail: string } | null
}

/** Every source that is registered. */
export const sourceViews = (histories: Iterable<SourceHistory>): readonly SourceView[] =>
  [...histories].flatMap(({ record, completeUpToMs, refused }) =>
    record ? [{ source: record, completeUpToMs, refused }] : [],
  )
