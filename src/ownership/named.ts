import { type Candidate, type Holding, MOST_CANDIDATES, MOST_UNDER } from './answer.ts'
import type { Part } from './attribution.ts'
import type { Owner } from './claim.ts'
import { isNobody } from './combine.ts'
import { byLevel, type LiveSpan, ownerOf, possibleDuring } from './live-span.ts'
import { intersection, type Window } from './window.ts'

export const holdingOf = (span: LiveSpan, owner: Owner = ownerOf(span)): Holding => ({
  owner,
  layer: span.claim.layer,
  prefix: span.claim.prefix,
  source: span.claim.source,
  claimId: span.claim.id,
  evidence: span.claim.evidence,
  start: { earliestMs: span.possibleFromMs, latestMs: span.certainFromMs },
  end: { earliestMs: span.sureUntilMs, latestMs: span.possibleUntilMs },
  lastSightingMs: span.lastSightingMs,
})

/** A list that may be cut, and how long it is uncut. */
type Listed<T> = { readonly shown: readonly T[]; readonly total: number }

/** Everybody whom some part of the window names, each once. */
export class Named {
  private readonly window: Window
  /** In order of time; undefined is nobody. */
  private readonly possible = new Set<LiveSpan | undefined>()
  private readonly below = new Set<LiveSpan>()
  private serving: LiveSpan | undefined
  private nobody: Window | undefined

  constructor(window: Window) {
    this.window = window
  }

  add(part: Part): void {
    if (part.holder) this.possible.add(part.holder)
    else if (isNobody(part)) this.addPossible(undefined, part.window)
    for (const span of part.candidates) this.addPossible(span, part.window)
    for (const span of part.under) this.below.add(span)
    this.serving ??= part.heard.find(isService)
  }

  /** Who may have held it in some part, with the whole stretch in which that is possible; each owner of a shared one. */
  candidates(): Listed<Candidate> {
    const shown: Candidate[] = []
    let total = 0
    for (const span of this.possible) {
      const holdings = span ? [...ownersById(span).values()].map(owner => ({ span, owner })) : [undefined]
      for (const held of holdings) {
        if (total++ < MOST_CANDIDATES) shown.push(this.candidate(held))
      }
    }
    return { shown, total }
  }

  /** Holdings below the deciding prefix and layer, nearest first. Services are told apart. */
  under(): Listed<Holding> {
    const spans = [...this.below].filter(span => !isService(span)).sort(byLevel)
    return { shown: spans.slice(0, MOST_UNDER).map(span => holdingOf(span)), total: spans.length }
  }

  /** The most exact published service of the first part that has one. */
  service(): Holding | null {
    return this.serving ? holdingOf(this.serving) : null
  }

  private addPossible(span: LiveSpan | undefined, { fromMs, untilMs }: Window): void {
    this.possible.add(span)
    if (span === undefined) this.nobody = { fromMs: this.nobody?.fromMs ?? fromMs, untilMs }
  }

  private candidate(held: { readonly span: LiveSpan; readonly owner: Owner } | undefined): Candidate {
    if (held === undefined) return { holding: null, during: this.nobody ?? this.window }
    const during = intersection(possibleDuring(held.span), this.window) ?? this.window
    return { holding: holdingOf(held.span, held.owner), during }
  }
}

const isService = ({ claim }: LiveSpan): boolean => claim.layer === 'service'

const ownersById = ({ claim }: LiveSpan): ReadonlyMap<string, Owner> =>
  new Map(claim.owners.map(owner => [owner.resourceId, owner]))
