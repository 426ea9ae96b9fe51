import { type AddressBits, bitsOf } from '../../ownership/address.ts'
import type { Answer, Question } from '../../ownership/answer.ts'
import type { Generation } from '../../ownership/generation/generation.ts'
import { IN_FULL } from '../../ownership/generation/row-list.ts'
import type { Millis } from '../../ownership/window.ts'
import type { Reader } from '../access.ts'
import { unheardOf } from '../answering.ts'

/** A domain as many look-ups need it. */
export type KnownDomain = {
  readonly name: string
  /** 0 where nothing was ever claimed in it, or the caller may not read it: quick look-ups then find nobody. */
  readonly number: number
  /** Below it only the whole question tells anything. */
  readonly beforeMs: Millis
}

/** The same, and how it is written behind a line. */
export type NamedDomain = KnownDomain & { readonly written: Buffer }

/** Many questions of one caller to one generation: all are answered as of one moment. */
export class ManyLookUps {
  readonly generation: Generation
  readonly nowMs: Millis
  /** The earlier moment as of which all is answered, where it is one. */
  readonly asOfMs: Millis | undefined = undefined
  /** Addresses that were asked about so far, for the audit log. */
  asked = 0
  private readonly reader: Reader
  private readonly domains = new Map<string, NamedDomain>()

  constructor(generation: Generation, reader: Reader, nowMs: Millis) {
    this.generation = generation
    this.reader = reader
    this.nowMs = nowMs
  }

  ask(question: Question): Answer {
    return this.reader.readable(question.domain) ? this.generation.ask(question) : unheardOf(question)
  }

  domain(name: string): NamedDomain {
    const known = this.domains.get(name)
    if (known) return known
    const { number, beforeMs } = this.generation.domain(name)
    const domain = { name, number: this.reader.readable(name) ? number : 0, beforeMs, written: Buffer.from(`,${name}`) }
    // Names come from the caller.
    if (this.domains.size >= MOST_DOMAINS) this.domains.clear()
    this.domains.set(name, domain)
    return domain
  }

  /** Whether quick look-ups may be asked about this domain and window. */
  isQuick({ beforeMs }: KnownDomain, fromMs: Millis, untilMs: Millis): boolean {
    return fromMs >= beforeMs && untilMs <= this.nowMs
  }

  /** The marked fact of the one owner, or a negative number where the whole question has to be asked. */
  factOf(question: Question, { family, words }: AddressBits = bitsOf(question.ip)): number {
    const { fromMs, untilMs, port } = question
    const domain = this.domain(question.domain)
    if (port !== undefined || !this.isQuick(domain, fromMs, untilMs)) return IN_FULL
    const [a, b, c, d] = words
    return this.generation.ownerOf(domain.number, family, a | 0, b | 0, c | 0, d | 0, fromMs, untilMs)
  }
}

const MOST_DOMAINS = 10_000
