import { deepStrictEqual } from 'node:assert'
import type { Answer, Question } from '../../src/ownership/answer.ts'
import type { Change, Claim, Layer, Owner, Progress, Scope, SourceRecord } from '../../src/ownership/claim.ts'
import type { OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Millis } from '../../src/ownership/window.ts'
import { indexOf, noDoubt, owner, prefix, question } from './estate.ts'

/**
 * One prefix's story as a source with exact times hears it, event by event, in seconds: `+A@10` A takes it, `-A@20` A gives
 * it up, `-*@20` whoever has it does, `=18` all before 18 has been heard. Each event revises the claims at once, as a
 * source of events would; what the claims then prove is the core's business.
 */
export type Story = {
  readonly events: string
  /** 10.0.0.5 where it is left out. */
  readonly prefix?: string
  readonly domain?: string
  readonly layer?: Layer
  readonly whole?: boolean
  readonly source?: string
  readonly owner?: Partial<Owner>
  /** Gives all holdings of an owner the same lifetime, for a second source to name it too. */
  readonly lifetimes?: boolean
  /** Several hold it at once: one claim for each set of holders. */
  readonly shared?: boolean
}

/** What is said of the sources of some stories. */
export type Hearing = {
  /** Everything up to this second has been heard; 1000 where it is left out. */
  readonly upTo?: number
  /** What a source watches, by its name: `d1 10.0.0.0/8`. All of d1 and d2 where it is left out. */
  readonly scopes?: Readonly<Record<string, readonly string[]>>
}

export const HOST = '10.0.0.5'
/** Later than anything that a story tells of. */
export const NOW_MS: Millis = 4e12
const LAYERS_WATCHED: readonly Layer[] = ['network', 'interface', 'instance', 'container']

export const ms = (second: number): Millis => Math.round(second * 1000)

const EVERYTHING = ['d1 0.0.0.0/0', 'd1 ::/0', 'd2 0.0.0.0/0', 'd2 ::/0']

const scopeOf = (texts: readonly string[]): readonly Scope[] =>
  texts.map(text => {
    const [domain = '', cidr = ''] = text.split(' ')
    return { domain, prefix: prefix(cidr), layers: LAYERS_WATCHED, fromMs: 0 }
  })

export const registrationOf = (source: string, part: Partial<SourceRecord> = {}): SourceRecord => ({
  record: 'source',
  source,
  revision: { epoch: 1, sequence: 0 },
  kind: 'events',
  scope: scopeOf(EVERYTHING),
  bounds: { ...noDoubt, longestGapMs: 1e15 },
  validity: { fromMs: 0, untilMs: Number.POSITIVE_INFINITY },
  ...part,
})

export const progressOf = (source: string, second: number, sequence: number): Progress => ({
  record: 'progress',
  source,
  revision: { epoch: 1, sequence },
  completeUpToMs: ms(second),
  overAtMs: ms(second),
  counts: { addresses: 0, changed: 0 },
  refused: null,
})

/**
 * All changes that the stories make, each source's in the order in which they are told. The same stories told further
 * repeat what was told before, so a test may publish them again and again.
 */
export function changesOf(stories: readonly (Story | string)[], { upTo = 1000, scopes = {} }: Hearing = {}) {
  const told = stories.map(story => (typeof story === 'string' ? { events: story } : story))
  const sources = [...new Set(told.map(sourceOf))]
  return sources.flatMap((source): readonly Change[] => {
    const teller = new Teller(source)
    for (const story of told) if (sourceOf(story) === source) teller.tell(story)
    const scope = scopes[source]
    const registration = registrationOf(source, scope ? { scope: scopeOf(scope) } : {})
    return [registration, progressOf(source, 0, 0), ...teller.changes, teller.heard(upTo)]
  })
}

const sourceOf = (story: Story): string => story.source ?? 'events'

/** What one source publishes as it hears its events. */
class Teller {
  readonly changes: Change[] = []
  private readonly source: string
  private sequence = 0
  private heardMs = 0

  constructor(source: string) {
    this.source = source
  }

  tell(story: Story): void {
    const held = new Map<string, Claim>()
    for (const event of story.events.split(' ')) {
      const [, sign, name = '', second] = /^([+\-=])([^@]*?)@?([\d.]+)$/.exec(event) ?? []
      const atMs = ms(Number(second))
      if (sign === '=') this.changes.push(this.heard(atMs / 1000))
      else if (story.shared) this.share(story, held, sign === '+', name, atMs)
      else if (sign === '+') this.assign(story, held, name, atMs)
      else if (sign === '-') this.release(story, held, name, atMs)
      else throw new TypeError(`not an event: ${event}`)
    }
  }

  heard(second: number): Progress {
    this.heardMs = ms(second)
    return progressOf(this.source, second, ++this.sequence)
  }

  private assign(story: Story, held: Map<string, Claim>, name: string, atMs: Millis): void {
    const same = [...held.values()].filter(claim => nameOf(claim) === name)
    const unseen = same.find(claim => claim.lastSightingMs === 0 && atMs <= claim.end.latestMs)
    const open = same.find(claim => claim.state === 'open')
    if (unseen) {
      // The release was heard first: this says when the holding that it ended had begun.
      this.put(held, { ...unseen, start: { earliestMs: atMs, latestMs: atMs }, lastSightingMs: atMs })
    } else if (open) {
      const seenMs = Math.max(open.lastSightingMs, atMs)
      this.put(held, { ...open, end: { ...open.end, earliestMs: seenMs }, lastSightingMs: seenMs })
    } else {
      for (const other of held.values()) if (other.state === 'open') this.succeed(held, other, atMs)
      this.put(held, this.opened(story, [name], atMs))
    }
  }

  /**
   * On an address that one holds at a time the next holder ends the one before: no later than at its own start, and not
   * before the source last vouched for it. Nobody said when, so this is a window.
   */
  private succeed(held: Map<string, Claim>, before: Claim, atMs: Millis): void {
    if (before.start.earliestMs > atMs) return
    const provedMs = Math.min(Math.max(this.heardMs, before.end.earliestMs), atMs)
    this.put(held, { ...before, state: 'closed', end: { earliestMs: provedMs, latestMs: atMs } })
  }

  private release(story: Story, held: Map<string, Claim>, name: string, atMs: Millis): void {
    const ended = [...held.values()].filter(claim => name === '*' || nameOf(claim) === name)
    const end = { earliestMs: atMs, latestMs: atMs }
    for (const claim of ended) {
      if (name === '*' && claim.start.latestMs >= atMs) continue
      if (claim.state === 'open') this.put(held, { ...claim, state: 'closed', end })
      // Its end was only inferred. Within what is possible this is the end; later, it is when it was over at the latest.
      else if (claim.end.earliestMs < claim.end.latestMs && name !== '*')
        this.put(held, { ...claim, end: atMs <= claim.end.latestMs ? end : { ...claim.end, latestMs: atMs } })
    }
    if (ended.length > 0 || name === '*') return
    // Somebody gave up what nobody saw him take: he held it just before, and may have since the last that is known.
    const before = [...held.values()].map(claim => claim.end.latestMs).filter(latestMs => latestMs <= atMs)
    const start = { earliestMs: Math.max(0, ...before), latestMs: atMs }
    this.put(held, { ...this.opened(story, [name], atMs), start, end, lastSightingMs: 0, state: 'closed' })
  }

  private share(story: Story, held: Map<string, Claim>, joins: boolean, name: string, atMs: Millis): void {
    const open = [...held.values()].find(claim => claim.state === 'open')
    const names = (open?.owners ?? []).map(one => one.application ?? '').filter(one => one !== name)
    if (open) this.put(held, { ...open, state: 'closed', end: { earliestMs: atMs, latestMs: atMs } })
    const next = joins ? [...names, name] : names
    if (next.length > 0) this.put(held, this.opened(story, next, atMs))
  }

  private put(held: Map<string, Claim>, claim: Claim): void {
    const revised = { ...claim, revision: { epoch: 1, sequence: ++this.sequence } }
    held.set(claim.id, revised)
    this.changes.push(revised)
  }

  private opened(story: Story, names: readonly string[], atMs: Millis): Claim {
    const { domain = 'd1', prefix: cidr = HOST, layer = 'instance', whole = false } = story
    const [first = ''] = names
    return {
      record: 'claim',
      id: [this.source, domain, cidr, layer, names.join('+'), atMs].join('|'),
      revision: { epoch: 1, sequence: 0 },
      domain,
      prefix: prefix(cidr),
      ports: null,
      layer,
      source: this.source,
      owners: names.map(name => owner(name, `i-${name}`, story.owner)),
      lifetimeId: story.lifetimes ? `life of ${first}` : null,
      start: { earliestMs: atMs, latestMs: atMs },
      end: { earliestMs: atMs, latestMs: Number.POSITIVE_INFINITY },
      lastSightingMs: atMs,
      evidence: 'authoritative-time',
      state: 'open',
      expects: [],
      whole,
    }
  }
}

const nameOf = (claim: Claim): string => claim.owners[0]?.application ?? ''

/** A story as the index answers about it: as the changes came, and folded into its segments, which must be the same. */
export type Told = {
  readonly changes: readonly Change[]
  readonly index: OwnershipIndex
  apply(changes: readonly Change[]): void
  ask(question: Question): Answer
  /** At one instant, a millisecond long. */
  at(second: number, address?: string, domain?: string): string
  /** A flow record's window: whole seconds, the last one included, no slack. */
  flow(startSecond: number, endSecond: number): Answer
  /** Whom the answers name from 0 to `untilSecond`, each with the second from which on it does. */
  life(untilSecond: number): string
}

export const told = (...stories: readonly (Story | string)[]): Told => toldOf(changesOf(stories))

export function toldOf(changes: readonly Change[]): Told {
  const index = indexOf(changes)
  const folded = indexOf(changes)
  folded.compact()
  const ask: Told['ask'] = asked => {
    const answer = index.ask(asked)
    deepStrictEqual(folded.ask(asked), answer)
    return answer
  }
  const at: Told['at'] = (second, address = HOST, domain = 'd1') =>
    brief(ask(question(address, ms(second), ms(second) + 1, { domain, nowMs: NOW_MS })))
  return {
    changes,
    index,
    apply(more) {
      for (const change of more) for (const one of [index, folded]) one.apply(change)
      folded.compact()
    },
    ask,
    at,
    flow: (start, end) => ask(question(HOST, ms(start), ms(end + 1), { nowMs: NOW_MS })),
    life(untilSecond) {
      const found: string[] = []
      let last = ''
      for (let from = 0; from < untilSecond; from++) {
        for (const second of [from, from + 0.999]) {
          const words = at(second)
          if (words !== last) found.push(`${second} ${words}`)
          last = words
        }
      }
      return found.join(', ')
    },
  }
}

/** Who it was: `A`, `nobody`, or why that is not known: `ambiguous handoff A|B|nobody`, `unknown not-yet A|nobody`. */
export function brief(answer: Pick<Answer, 'state' | 'reason' | 'holding'> & Partial<Answer>): string {
  const named = (holder: Owner | undefined) => holder?.application ?? holder?.resourceId ?? 'nobody'
  if (answer.holding) return named(answer.holding.owner)
  if (answer.state === 'unowned') return 'nobody'
  const candidates = (answer.candidates ?? []).map(({ holding }) => named(holding?.owner))
  return [answer.state, answer.reason, candidates.join('|')].join(' ').trim()
}

/** Every order of a few things. */
export function everyOrder<T>(things: readonly T[]): readonly (readonly T[])[] {
  if (things.length < 2) return [things]
  return things.flatMap((first, i) => everyOrder(things.toSpliced(i, 1)).map(rest => [first, ...rest]))
}

/** The changes with their claims in every order of arrival. */
export function everyArrival(changes: readonly Change[]): readonly (readonly Change[])[] {
  const others = changes.filter(({ record }) => record !== 'claim')
  return everyOrder(changes.filter(({ record }) => record === 'claim')).map(claims => [...claims, ...others])
}

/** The parts of an answer that is split, by second: `15-20 A`. */
export const partsOf = (answer: Answer): readonly string[] =>
  (answer.split?.parts ?? []).map(part => `${part.fromMs / 1000}-${part.untilMs / 1000} ${brief(part)}`)
