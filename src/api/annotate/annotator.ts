import { formatAddress, type Ip } from '../../ownership/address.ts'
import { ownersOf } from '../../ownership/generation/look-ups.ts'
import { FACT_NUMBER } from '../../ownership/ledger/fact-table.ts'
import type { Window } from '../../ownership/window.ts'
import { briefOf, briefOfFact } from '../bulk/brief.ts'
import { ByteSink } from '../bulk/byte-sink.ts'
import type { DecidedDomains } from '../bulk/deciding.ts'
import type { ManyLookUps, NamedDomain } from '../bulk/look-ups.ts'
import { SteadyMemo } from '../bulk/steady-memo.ts'
import type { BulkTransform, LineAnswers } from '../bulk/transform.ts'
import { HeldHits } from './held-hits.ts'
import { DOMAIN_NEEDED, labelOf } from './label.ts'
import { type Stamps, timeOfLine } from './line-time.ts'
import { type Hit, scanLine } from './scan.ts'
import { TextPieces } from './text-pieces.ts'

export type AnnotatorOptions = {
  /** Time of lines that carry none. */
  readonly at: Window
  /** Routing domain of all addresses; decided for each where it is left out. */
  readonly domain?: string | undefined
  readonly zoneMs: number
}

const LINE_FEED = 10
const MOST_KEPT = 65_536

/** Any text in, the same out with each address followed by its owner; nothing else is changed. */
export class Annotator implements BulkTransform, LineAnswers {
  private readonly lookUps: ManyLookUps
  private readonly decided: DecidedDomains
  private readonly options: AnnotatorOptions
  /** Of all addresses, where it was given. */
  private readonly domain: NamedDomain | undefined
  private readonly stamps: Stamps
  private readonly held = new HeldHits()
  private readonly sink = new ByteSink()
  private readonly pieces = new TextPieces()
  private readonly labels = new Map<number, Buffer>()
  private readonly whole = new SteadyMemo<Buffer>()
  private readonly byWord = new Map<number, NamedDomain | undefined>()
  private readonly taken = (hit: Hit): void => this.hold(hit)

  constructor(lookUps: ManyLookUps, decided: DecidedDomains, options: AnnotatorOptions) {
    this.lookUps = lookUps
    this.decided = decided
    this.options = options
    this.domain = options.domain === undefined ? undefined : lookUps.domain(options.domain)
    this.stamps = { nowMs: lookUps.nowMs, zoneMs: options.zoneMs }
  }

  take(chunk: Buffer): Buffer {
    return this.answer(this.pieces.take(chunk))
  }

  end(): Buffer {
    return this.answer(this.pieces.end())
  }

  answer(lines: Buffer): Buffer {
    for (let from = 0; from < lines.length; ) {
      const feed = lines.indexOf(LINE_FEED, from)
      const until = feed < 0 ? lines.length : feed
      const before = this.held.count
      scanLine(lines, from, until, this.taken)
      if (this.held.count > before) this.held.at(before, timeOfLine(lines, from, until, this.stamps) ?? this.options.at)
      from = until + 1
    }
    this.write(lines)
    return this.sink.take()
  }

  private hold(hit: Hit): void {
    this.lookUps.asked++
    if (hit.family === 4) this.held.add(hit.end, this.domainOf(hit.word), hit.word, hit.port, undefined)
    else {
      const ip = formatAddress({ family: 6, words: hit.words })
      this.held.add(hit.end, this.domainOfIp(ip), 0, hit.port, ip)
    }
  }

  private write(bytes: Buffer): void {
    const { held, sink } = this
    for (let i = 0; i < held.count; i++) {
      held.labels[i] = this.recalled(i)
      if (held.labels[i] === undefined) held.ask(i)
    }
    ownersOf(this.lookUps.generation, held.lookUps(), held.owners)
    let written = 0
    let asked = 0
    for (let i = 0; i < held.count; i++) {
      const behind = held.ends[i] as number
      sink.part(bytes, written, behind)
      sink.all(held.labels[i] ?? this.labelAt(i, held.owners[asked++] as number))
      written = behind
    }
    sink.part(bytes, written, bytes.length)
    held.clear()
  }

  /** What was said of the address before, where it still holds. */
  private recalled(i: number): Buffer | undefined {
    const { held } = this
    const domain = held.domains[i]
    if (domain === undefined) return NEEDED
    if (held.ips[i] !== undefined) return undefined
    return this.whole.find(domain.number, held.words[i] as number, held.fromMs[i] as number, held.untilMs[i] as number)
  }

  private labelAt(i: number, fact: number): Buffer {
    const { held, lookUps, whole } = this
    const domain = held.domains[i]
    // Of several that stand in one piece the first was asked.
    const known = this.recalled(i)
    if (domain === undefined || known !== undefined) return known ?? NEEDED
    const [fromMs, untilMs] = [held.fromMs[i] as number, held.untilMs[i] as number]
    const word = held.words[i] as number
    const [port, ip] = [held.ports[i], held.ips[i]]
    const isQuick = fact >= 0 && lookUps.isQuick(domain, fromMs, untilMs)
    if (isQuick && port === undefined) return this.labelOfFact(fact)
    const address = ip ?? formatAddress({ family: 4, words: [word >>> 0, 0, 0, 0] })
    const question = { ip: address, domain: domain.name, fromMs, untilMs, nowMs: lookUps.nowMs }
    // Where a claim is about some ports only, answers differ from port to port.
    const steady = lookUps.generation.steadyAround(question)
    const isSame = steady !== undefined && !steady.hasPorts
    const label =
      isQuick && isSame
        ? this.labelOfFact(fact)
        : Buffer.from(labelOf(briefOf(lookUps.ask({ ...question, ...(port === undefined ? {} : { port }) }))))
    if (isSame && ip === undefined && domain.number > 0) whole.keep(domain.number, word, steady, label)
    return label
  }

  private labelOfFact(marked: number): Buffer {
    const number = marked & FACT_NUMBER
    const known = this.labels.get(number)
    if (known) return known
    if (this.labels.size >= MOST_KEPT) this.labels.clear()
    const label = Buffer.from(labelOf(briefOfFact(this.lookUps.generation.facts.fact(marked), '')))
    this.labels.set(number, label)
    return label
  }

  private domainOf(word: number): NamedDomain | undefined {
    if (this.domain !== undefined) return this.domain
    if (this.byWord.has(word)) return this.byWord.get(word)
    if (this.byWord.size >= MOST_KEPT) this.byWord.clear()
    const domain = this.domainOfIp(formatAddress({ family: 4, words: [word >>> 0, 0, 0, 0] }))
    this.byWord.set(word, domain)
    return domain
  }

  private domainOfIp(ip: Ip): NamedDomain | undefined {
    try {
      return this.domain ?? this.lookUps.domain(this.decided.of(ip))
    } catch {
      return undefined // private, and several domains have it
    }
  }
}

const NEEDED = Buffer.from(DOMAIN_NEEDED)
