import type { Change, Claim, Progress, SourceRecord } from '../../../src/ownership/claim.ts'
import type { Millis } from '../../../src/ownership/window.ts'

/** A complete poll shows one moment, somewhere in [vouchedMs, overAtMs]; all that happened before it is in the claims. */
export type Poll = { readonly vouchedMs: Millis; readonly overAtMs: Millis }

export type Source = {
  readonly name: string
  /** Undefined where only claims or polls of it have arrived. */
  readonly registration: SourceRecord | undefined
  /** In order of the moments that they vouch for. */
  readonly polls: readonly Poll[]
  /** The latest moment that a complete poll vouches for, −Infinity before the first. */
  readonly progressMs: Millis
}

/** What a heap of changes comes to, in whatever order and however often each of them arrived. */
export type Facts = {
  readonly claims: readonly Claim[]
  readonly sources: readonly Source[]
  /** Domains that some claim or some registration names. */
  readonly domains: ReadonlySet<string>
  horizonMs(domain: string): Millis
}

type Revised = Claim | SourceRecord

/** design.md §2, "revision": the higher (epoch, sequence) wins; equal ones are ordered by their content. */
function outranks(a: Revised, b: Revised): boolean {
  if (a.revision.epoch !== b.revision.epoch) return a.revision.epoch > b.revision.epoch
  if (a.revision.sequence !== b.revision.sequence) return a.revision.sequence > b.revision.sequence
  return contentOf(a) > contentOf(b)
}

/** All that a record says, its fields in order of their names: the same text whoever wrote it. */
function contentOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map(contentOf).join()}]`
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${name}:${contentOf(field)}`).join()}}`
}

function highestRevisions<T extends Revised>(records: readonly T[], nameOf: (record: T) => string): readonly T[] {
  const names = new Set(records.map(nameOf))
  return [...names].map(name => {
    const revisions = records.filter(record => nameOf(record) === name)
    return revisions.reduce((highest, record) => (outranks(record, highest) ? record : highest))
  })
}

export function factsOf(changes: readonly Change[]): Facts {
  const claims: Claim[] = []
  const registrations: SourceRecord[] = []
  const progress: Progress[] = []
  for (const change of changes) {
    if (change.record === 'claim') claims.push(change)
    if (change.record === 'source') registrations.push(change)
    if (change.record === 'progress') progress.push(change)
  }
  const newest = highestRevisions(registrations, record => record.source)
  const names = new Set([...claims, ...registrations, ...progress].map(record => record.source))
  return {
    claims: highestRevisions(claims, claim => claim.id),
    sources: [...names].map(name => sourceOf(name, newest, progress)),
    domains: new Set([
      ...claims.map(claim => claim.domain),
      ...newest.flatMap(record => record.scope.map(scope => scope.domain)),
    ]),
    horizonMs: domain =>
      Math.max(
        ...changes.map(change =>
          change.record === 'horizon' && change.domain === domain ? change.beforeMs : Number.NEGATIVE_INFINITY,
        ),
      ),
  }
}

function sourceOf(name: string, registrations: readonly SourceRecord[], progress: readonly Progress[]): Source {
  const polls = pollsOf(progress.filter(record => record.source === name))
  return {
    name,
    registration: registrations.find(record => record.source === name),
    polls,
    progressMs: Math.max(Number.NEGATIVE_INFINITY, ...polls.map(poll => poll.vouchedMs)),
  }
}

/** A refused poll is none. Of two that vouch for one moment, the one that was over first says more. */
function pollsOf(progress: readonly Progress[]): readonly Poll[] {
  const complete = progress.filter(record => record.refused === null)
  const moments = new Set(complete.map(record => record.completeUpToMs))
  return [...moments]
    .toSorted((a, b) => a - b)
    .map(vouchedMs => {
      const alike = complete.filter(record => record.completeUpToMs === vouchedMs)
      return { vouchedMs, overAtMs: Math.min(...alike.map(record => record.overAtMs)) }
    })
}
