import type { FastifyRequest } from 'fastify'
import type { SourceRecord } from '../ownership/claim.ts'
import type { SourceView } from '../ownership/ownership-index.ts'

/** What one caller may read. What it may not read is to it as if it were not there. */
export type Reader = { readable(domain: string): boolean }

/** Who may read what: every route asks here, and nowhere else. */
export type Access = { readerOf(request: FastifyRequest): Reader }

/** The policy while there is no login: whoever reaches the server reads every domain. */
export const EVERY_CALLER_READS_EVERY_DOMAIN: Access = { readerOf: () => ({ readable: () => true }) }

/** The sources as the caller may see them: with the scopes that it may read, and left out where it may read none. */
export const readableSources = (sources: readonly SourceView[], reader: Reader): readonly SourceView[] =>
  sources.flatMap(view => {
    const source = readableRecord(view.source, reader)
    return source === undefined ? [] : [source === view.source ? view : { ...view, source }]
  })

/** Undefined where the source has scopes, and the caller may read none of them. */
export function readableRecord(record: SourceRecord, reader: Reader): SourceRecord | undefined {
  const scope = record.scope.filter(({ domain }) => reader.readable(domain))
  if (scope.length === record.scope.length) return record
  return scope.length === 0 ? undefined : { ...record, scope }
}
