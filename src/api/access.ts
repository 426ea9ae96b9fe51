import type { FastifyRequest } from 'fastify'
import type { Progress, SourceRecord } from '../ownership/claim.ts'
import type { SourceView } from '../ownership/ownership-index.ts'

/** What one caller may read. What it may not read is to it as if it were not there. */
export type Reader = {
  readable(domain: string): boolean
  /** The domains that it may read; undefined where there is no list, as of one that reads them all. */
  readonly domains?: readonly string[] | undefined
}

/** Who may read what: every route asks here, and nowhere else. */
export type Access = { readerOf(request: FastifyRequest): Reader }

export const READS_EVERY_DOMAIN: Reader = { readable: () => true }

/** The policy where there is no login: whoever reaches the server reads every domain. */
export const EVERY_CALLER_READS_EVERY_DOMAIN: Access = { readerOf: () => READS_EVERY_DOMAIN }

/** The same reader in data alone, for another thread: its domains, or null for every one. Undefined where no data tell. */
export const domainsOf = (reader: Reader): readonly string[] | null | undefined =>
  reader.domains ?? (reader.readable === READS_EVERY_DOMAIN.readable ? null : undefined)

/** The sources as the caller may see them: with the scopes that it may read, and left out where it may read none. */
export const readableSources = (sources: readonly SourceView[], reader: Reader): readonly SourceView[] =>
  sources.flatMap(view => {
    const source = readableRecord(view.source, reader)
    return source === undefined ? [] : [{ ...view, source, refused: readableRefusal(view.refused, reader) }]
  })

/** Why a poll was refused; details, which may be about any domain of the source, are for those who read everything. */
const readableRefusal = <Refused extends Progress['refused']>(refused: Refused, reader: Reader): Refused =>
  refused === null || reader.domains === undefined ? refused : { ...refused, detail: refused.reason }

/** A poll counts what it saw in all domains of its source: the counts are 0 for who may not read everything. */
export const readableProgress = (progress: Progress, reader: Reader): Progress =>
  reader.domains === undefined
    ? progress
    : { ...progress, counts: { addresses: 0, changed: 0 }, refused: readableRefusal(progress.refused, reader) }

/** Undefined where the caller may read none of its scopes. One without scopes is for those who read everything. */
export function readableRecord(record: SourceRecord, reader: Reader): SourceRecord | undefined {
  if (record.scope.length === 0) return reader.domains === undefined ? record : undefined
  const scope = record.scope.filter(({ domain }) => reader.readable(domain))
  if (scope.length === record.scope.length) return record
  return scope.length === 0 ? undefined : { ...record, scope }
}
