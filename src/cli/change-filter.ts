import type { LoggedChange } from '../changestream/port.ts'
import type { Change } from '../ownership/claim.ts'

export type ChangeFilterOptions = {
  /** By the log's clock. */
  readonly sinceMs?: number | undefined
  readonly domain?: string | undefined
  readonly source?: string | undefined
}

/** What of the stream is wanted. To be asked of every record in its order: a source's scope tells which domains its polls are about. */
export class ChangeFilter {
  private readonly options: ChangeFilterOptions
  private readonly about = new Set<string>()

  constructor(options: ChangeFilterOptions) {
    this.options = options
  }

  wants({ change, loggedAtMs }: LoggedChange): boolean {
    const { sinceMs = Number.NEGATIVE_INFINITY } = this.options
    return this.isAbout(change) && loggedAtMs >= sinceMs
  }

  /** Whether it would be wanted but for its time. */
  isAbout(change: Change): boolean {
    const { source, domain } = this.options
    if (source !== undefined && (change.record === 'horizon' || change.source !== source)) return false
    return domain === undefined || this.isInDomain(change, domain)
  }

  private isInDomain(change: Change, domain: string): boolean {
    if (change.record === 'progress') return this.about.has(change.source)
    if (change.record !== 'source') return change.domain === domain
    // A scope that has left the domain goes on to be of interest: that it left is news of the domain.
    if (change.scope.some(scope => scope.domain === domain)) this.about.add(change.source)
    return this.about.has(change.source)
  }
}
