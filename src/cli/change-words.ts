import {
  type Change,
  type Claim,
  isGoodbye,
  type Owner,
  type Progress,
  type SourceRecord,
  supersedes,
} from '../ownership/claim.ts'
import { type Bounds, isSameBounds, type Millis } from '../ownership/window.ts'

/** Says what happened, in words: what a record is beside the one before it of the same claim or source. */
export class ChangeWords {
  private readonly claims = new Map<string, Claim>()
  private readonly sources = new Map<string, SourceRecord>()

  /** To be called for every record in its order; `fencedBy` is the epoch that keeps it from counting. */
  of(change: Change, fencedBy: number | undefined): string {
    if (fencedBy !== undefined) return `fenced off by epoch ${fencedBy}: ${this.fenced(change)}`
    switch (change.record) {
      case 'claim':
        return this.claim(change)
      case 'progress':
        return progressWords(change)
      case 'source':
        return this.source(change)
      case 'horizon':
        return `history before ${timeOf(change.beforeMs)} is gone`
    }
  }

  private fenced(change: Change): string {
    if (change.record === 'claim') return `${change.state}, ${ownersOf(change)}`
    return change.record === 'progress' ? progressWords(change) : 'registered'
  }

  private claim(claim: Claim): string {
    const before = this.claims.get(claim.id)
    if (before === undefined) {
      this.claims.set(claim.id, claim)
      return firstWords(claim)
    }
    if (!supersedes(claim, before)) return supersedes(before, claim) ? 'an older revision, changes nothing' : 'repeated'
    this.claims.set(claim.id, claim)
    return changeWords(before, claim)
  }

  private source(record: SourceRecord): string {
    const before = this.sources.get(record.source)
    this.sources.set(record.source, record)
    const { validity, revision, kind, scope } = record
    if (validity.untilMs !== Number.POSITIVE_INFINITY) return `removed as of ${timeOf(validity.untilMs)}`
    const watches = scope.length === 1 ? '1 block' : `${scope.length} blocks`
    if (before === undefined) return `registered: ${kind}, ${watches}, epoch ${revision.epoch}`
    return revision.epoch > before.revision.epoch
      ? `taken over by a new poller: epoch ${revision.epoch}, ${watches}`
      : `registered anew: ${kind}, ${watches}`
  }
}

const firstWords = (claim: Claim): string => {
  const { state, start, end } = claim
  const since = `${ownersOf(claim)}, since ${within(start)}`
  if (state === 'closed') return `opened and closed: ${since}, until ${within(end)}`
  return state === 'open' ? `opened: ${since}` : `opened, and missing: ${since}`
}

/** What the newer revision says otherwise; the most telling first. */
function changeWords(before: Claim, claim: Claim): string {
  const words: string[] = []
  const owners = ownersOf(claim)
  if (claim.state !== before.state) words.push(`${stateWord(before, claim)}: ${owners}`)
  if (owners !== ownersOf(before)) words.push(`was ${ownersOf(before)}`)
  if (claim.state === before.state && words.length > 0) words.unshift(`owner: ${owners}`)
  if (!isSameBounds(before.start, claim.start)) words.push(`start ${moved(before.start, claim.start)}`)
  if (!isSameBounds(before.end, claim.end)) words.push(endWords(before.end, claim))
  if (words.length > 0) return words.join(', ')
  return claim.lastSightingMs > before.lastSightingMs ? `seen at ${timeOf(claim.lastSightingMs)}` : 'details changed'
}

function stateWord(before: Claim, { state }: Claim): string {
  if (state !== 'open') return state
  return before.state === 'missing' ? 'back' : 'opened again'
}

function endWords(before: Bounds, { end, state }: Claim): string {
  if (end.latestMs !== Number.POSITIVE_INFINITY)
    return state === 'closed' ? `until ${within(end)}` : `end ${moved(before, end)}`
  return end.latestMs === before.latestMs && end.earliestMs > before.earliestMs
    ? `held at least until ${timeOf(end.earliestMs)}`
    : `end ${moved(before, end)}`
}

function moved(before: Bounds, after: Bounds): string {
  const isNarrower = after.earliestMs >= before.earliestMs && after.latestMs <= before.latestMs
  const isWider = after.earliestMs <= before.earliestMs && after.latestMs >= before.latestMs
  return `${isNarrower ? 'narrowed' : isWider ? 'widened' : 'moved'} to ${within(after)}`
}

function progressWords(progress: Progress): string {
  const { refused, completeUpToMs, counts } = progress
  if (refused && isGoodbye(progress)) return refused.detail
  if (refused) return `poll refused (${refused.reason}): ${refused.detail}`
  const { addresses, changed } = counts
  return `complete up to ${timeOf(completeUpToMs)}: ${counted(addresses, 'address', 'addresses')}, ${counted(changed, 'change', 'changes')}`
}

const counted = (count: number, one: string, many: string): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`

const ownersOf = ({ owners }: Claim): string => owners.map(ownerOf).join(' or ')

const ownerOf = ({ application, kind, resourceId }: Owner): string =>
  `${application ?? 'unnamed'} (${kind} ${resourceId})`

function within({ earliestMs, latestMs }: Bounds): string {
  if (earliestMs === latestMs) return timeOf(earliestMs)
  if (earliestMs === Number.NEGATIVE_INFINITY)
    return latestMs === Number.POSITIVE_INFINITY ? 'a time not known' : `before ${timeOf(latestMs)}`
  if (latestMs === Number.POSITIVE_INFINITY) return `after ${timeOf(earliestMs)}`
  const [first, last] = [timeOf(earliestMs), timeOf(latestMs)]
  const day = first.slice(0, 11)
  return `${first}..${last.startsWith(day) ? last.slice(day.length) : last}`
}

/** ISO 8601, without milliseconds where there are none. */
export function timeOf(ms: Millis): string {
  if (!Number.isFinite(ms)) return ms < 0 ? 'the beginning' : 'no end'
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
