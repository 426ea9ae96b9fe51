import type { AddressBits } from './address.ts'
import type { Answer, Question } from './answer.ts'
import { type Change, type Claim, layerRank, type Owner, type SourceRecord, supersedes } from './claim.ts'
import { SourceHistory } from './coverage.ts'
import { isPublicDomain } from './domains.ts'
import { blockKey, type Prefix, prefixBits } from './prefix.ts'
import { answer, type Known } from './question.ts'
import { type Span, timelineOf } from './timeline.ts'
import { type Millis, overlaps, type Window } from './window.ts'

/** What the claims say of one interface within a window. */
export type InterfaceView = {
  readonly domain: string
  readonly owner: Owner
  /** Every prefix that it, or a container on it, holds or may hold at some instant of the window, in its own domain. */
  readonly prefixes: readonly Prefix[]
  readonly forwards: boolean
  /** False where its source had not looked at the whole window: it may have held more. */
  readonly complete: boolean
}

export type SourceView = {
  readonly source: SourceRecord
  /** Everything before this instant is in the claims; undefined before the first complete poll. */
  readonly completeUpToMs: Millis | undefined
  /** Why the newest poll was refused, or null where it was not. */
  readonly refused: { readonly reason: string; readonly detail: string } | null
}

/** All that is known, in memory. Pure: it changes by `apply` alone, and answers depend on nothing but what was applied. */
export type OwnershipIndex = {
  apply(change: Change): void
  ask(question: Question): Answer
  interfaceDuring(eni: string, window: Window): InterfaceView | undefined
  sources(): readonly SourceView[]
  counts(): { readonly claims: number; readonly domains: number }
}

/** All claims on one prefix in one domain. The timeline is made when it is first asked for after a change. */
type Cell = { readonly length: number; readonly claims: Map<string, Claim>; timeline: readonly Span[] | undefined }

class Domain {
  private readonly cells = new Map<string, Cell>()
  private readonly lengths: Record<4 | 6, number[]> = { 4: [], 6: [] }

  put(claim: Claim): void {
    const bits = prefixBits(claim.prefix)
    const key = blockKey(bits, bits.length)
    let cell = this.cells.get(key)
    if (cell === undefined) {
      cell = { length: bits.length, claims: new Map(), timeline: undefined }
      this.cells.set(key, cell)
      const lengths = this.lengths[bits.family]
      if (!lengths.includes(bits.length)) lengths.push(bits.length)
      lengths.sort((a, b) => b - a)
    }
    cell.claims.set(claim.id, claim)
    cell.timeline = undefined
  }

  /** Cells whose prefix covers the address, the longest first. */
  covering(bits: AddressBits): readonly { readonly length: number; readonly timeline: readonly Span[] }[] {
    const found = []
    for (const length of this.lengths[bits.family]) {
      const cell = this.cells.get(blockKey(bits, length))
      if (cell === undefined) continue
      cell.timeline ??= timelineOf([...cell.claims.values()])
      found.push({ length, timeline: cell.timeline })
    }
    return found
  }
}

export function createOwnershipIndex(): OwnershipIndex {
  const claims = new Map<string, Claim>()
  const domains = new Map<string, Domain>()
  const histories = new Map<string, SourceHistory>()
  const horizons = new Map<string, Millis>()
  const interfaces = new Map<string, Set<string>>()

  const historyOf = (source: string): SourceHistory => {
    const known = histories.get(source)
    if (known) return known
    const history = new SourceHistory()
    histories.set(source, history)
    return history
  }

  const applyClaim = (claim: Claim): void => {
    const held = claims.get(claim.id)
    if (held && !supersedes(claim, held)) return
    claims.set(claim.id, claim)
    const domain = domains.get(claim.domain) ?? new Domain()
    domains.set(claim.domain, domain)
    domain.put(claim)
    if (layerRank(claim.layer) < layerRank('interface')) return
    for (const { eni } of claim.owners) {
      if (eni) interfaces.set(eni, (interfaces.get(eni) ?? new Set()).add(claim.id))
    }
  }

  const known: Known = {
    covering: (domain, address) => domains.get(domain)?.covering(address) ?? [],
    hasDomain: domain => domains.has(domain),
    histories: () => histories.values(),
    historyOf: source => histories.get(source),
    horizonMs: domain => horizons.get(domain) ?? Number.NEGATIVE_INFINITY,
  }

  return {
    apply(change) {
      switch (change.record) {
        case 'claim':
          return applyClaim(change)
        case 'progress':
          return historyOf(change.source).advance(change)
        case 'source':
          return historyOf(change.source).register(change)
        case 'horizon': {
          const beforeMs = Math.max(change.beforeMs, known.horizonMs(change.domain))
          horizons.set(change.domain, beforeMs)
          return
        }
      }
    },
    ask: question => answer(question, known),
    interfaceDuring(eni, window) {
      const ids = [...(interfaces.get(eni) ?? [])]
      const all = ids.flatMap(id => claims.get(id) ?? []).filter(claim => !isPublicDomain(claim.domain))
      const during = all.filter(claim => overlaps(possible(claim), window))
      const own = (claim: Claim) => claim.layer === 'interface'
      const claim = during.find(own) ?? all.find(own)
      if (claim === undefined) return undefined
      const owner = claim.owners[0] as Owner
      const prefixes = [...new Set(during.map(({ prefix }) => prefix))]
      const forwards = all.some(({ owners }) => owners.some(held => held.eni === eni && held.forwards))
      const complete = histories.get(claim.source)?.sawAll(window) ?? false
      return { domain: claim.domain, owner, prefixes, forwards, complete }
    },
    sources: () =>
      [...histories.values()].flatMap(({ record, completeUpToMs, refused }) =>
        record ? [{ source: record, completeUpToMs, refused }] : [],
      ),
    counts: () => ({ claims: claims.size, domains: domains.size }),
  }
}

const possible = (claim: Claim): Window => ({ fromMs: claim.start.earliestMs, untilMs: claim.end.latestMs })
