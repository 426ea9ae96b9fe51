import type { LoggedChange } from '../../changestream/port.ts'
import { toWire } from '../../changestream/wire.ts'
import type { Change, Progress } from '../../ownership/claim.ts'
import type { SourceView } from '../../ownership/ownership-index.ts'
import { type Reader, readableProgress, readableRecord } from '../access.ts'

export type ChangeWishes = {
  readonly sinceMs?: number | undefined
  readonly domain?: string | undefined
  readonly source?: string | undefined
  readonly application?: string | undefined
  readonly record?: Change['record'] | undefined
}

/** What one caller sees of the change stream: what it wished for, of what it may read. */
export class ChangeView {
  private readonly reader: Reader
  private readonly wishes: ChangeWishes
  private readonly sources: () => readonly SourceView[]

  constructor(reader: Reader, wishes: ChangeWishes, sources: () => readonly SourceView[]) {
    this.reader = reader
    this.wishes = wishes
    this.sources = sources
  }

  /** The change as this caller may see it; undefined where it may not, or does not want to. */
  of(logged: LoggedChange): Change | undefined {
    const { sinceMs = Number.NEGATIVE_INFINITY, record, source, application } = this.wishes
    // First what can be told of a claim that is still encoded.
    if (logged.loggedAtMs < sinceMs) return undefined
    const { change } = logged
    if (record !== undefined && change.record !== record) return undefined
    if (source !== undefined && (change.record === 'horizon' || change.source !== source)) return undefined
    if (application !== undefined) {
      if (change.record !== 'claim' || !change.owners.some(owner => owner.application === application)) return undefined
    }
    return this.readable(change)
  }

  private readable(change: Change): Change | undefined {
    const { domain } = this.wishes
    const wanted = (name: string): boolean => (domain ?? name) === name && this.reader.readable(name)
    switch (change.record) {
      case 'claim':
      case 'horizon':
        return wanted(change.domain) ? change : undefined
      case 'source':
        return change.scope.length === 0 || change.scope.some(scope => wanted(scope.domain))
          ? readableRecord(change, this.reader)
          : undefined
      case 'progress':
        return this.progress(change, wanted)
    }
  }

  private progress(change: Progress, wanted: (domain: string) => boolean): Progress | undefined {
    const { scope = [] } = this.sources().find(one => one.source.source === change.source)?.source ?? {}
    if (!scope.some(({ domain }) => wanted(domain))) return undefined
    return readableProgress(change, this.reader)
  }
}

/** The record with the values of its Avro schema, and its place and time in the log. */
export const changeJson = (change: Change, { partition, offset, loggedAtMs }: LoggedChange) => ({
  partition,
  offset,
  loggedAt: new Date(loggedAtMs).toISOString(),
  ...toWire(change),
})
