import { type Claim, compareRevisions, type Revision } from '../claim.ts'
import { grown, type TextColumns, TextTable } from './text-table.ts'

export type RefusedColumns = { readonly ids: TextColumns; readonly revisions: Float64Array; readonly count: number }

/**
 * Claims that were over before their domain's horizon when they came in. Of each no more is kept than its highest
 * revision, so that an older one, in which it was still open, is refused as well whenever it comes.
 */
export class RefusedClaims {
  /** How often a claim was refused. */
  count: number
  private readonly ids: TextTable
  private revisions: Float64Array

  constructor(columns?: RefusedColumns) {
    this.count = columns?.count ?? 0
    this.ids = new TextTable(columns?.ids)
    this.revisions = columns?.revisions ?? new Float64Array(0)
  }

  /** Whether the claim, of which no revision is in the ledger, is to be refused. Counts it where it is. */
  refuses(claim: Claim, horizonMs: number): boolean {
    const number = this.ids.size === 0 ? -1 : this.ids.numberOf(claim.id)
    const isOver = claim.end.latestMs <= horizonMs
    if (!isOver && (number < 0 || compareRevisions(claim.revision, this.revisionOf(number)) >= 0)) return false
    if (isOver) this.remember(claim)
    this.count++
    return true
  }

  /** Whether `refuses` surely says no to every claim that ends at this time or later. */
  refusesNone(endLatestMs: number, horizonMs: number): boolean {
    return this.ids.size === 0 && endLatestMs > horizonMs
  }

  columns(): RefusedColumns {
    return { ids: this.ids.columns(), revisions: this.revisions.subarray(0, this.ids.size * 2), count: this.count }
  }

  private revisionOf(number: number): Revision {
    return { epoch: this.revisions[number * 2] as number, sequence: this.revisions[number * 2 + 1] as number }
  }

  private remember({ id, revision }: Claim): void {
    const before = this.ids.size
    const number = this.ids.intern(id)
    if (number < before && compareRevisions(revision, this.revisionOf(number)) <= 0) return
    if (number * 2 >= this.revisions.length) this.revisions = grown(this.revisions, Math.max(128, number * 4))
    this.revisions.set([revision.epoch, revision.sequence], number * 2)
  }
}
