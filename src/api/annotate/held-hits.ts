import type { Ip } from '../../ownership/address.ts'
import type { LookUps } from '../../ownership/generation/look-ups.ts'
import type { Window } from '../../ownership/window.ts'
import type { NamedDomain } from '../bulk/look-ups.ts'

/** Addresses that were found in a piece of text, from left to right, in columns that grow. */
export class HeldHits {
  count = 0
  /** Behind which byte a note goes. */
  ends = new Int32Array(1024)
  words = new Int32Array(1024)
  fromMs = new Float64Array(1024)
  untilMs = new Float64Array(1024)
  /** Undefined where none could be told. */
  readonly domains: (NamedDomain | undefined)[] = []
  readonly ports: (number | undefined)[] = []
  /** Of IPv6 addresses, which are not looked up in groups. */
  readonly ips: (Ip | undefined)[] = []
  /** What is known already of each. */
  readonly labels: (Buffer | undefined)[] = []
  /** What the look-ups of `asked` found, in their order. */
  owners = new Int32Array(1024)
  private asked = 0
  private askedNumbers = new Int32Array(1024)
  private askedWords = new Int32Array(1024)
  private askedFromMs = new Float64Array(1024)
  private askedUntilMs = new Float64Array(1024)

  add(end: number, domain: NamedDomain | undefined, word: number, port: number | undefined, ip: Ip | undefined): void {
    if (this.count === this.ends.length) this.grow()
    const i = this.count++
    this.ends[i] = end
    this.words[i] = word
    this.domains[i] = domain
    this.ports[i] = port
    this.ips[i] = ip
  }

  /** The time of all from `first` on. */
  at(first: number, { fromMs, untilMs }: Window): void {
    for (let i = first; i < this.count; i++) {
      this.fromMs[i] = fromMs
      this.untilMs[i] = untilMs
    }
  }

  /** Puts one among those to be looked up. */
  ask(i: number): void {
    const next = this.asked++
    // A number that no domain has: nobody is found.
    this.askedNumbers[next] = this.ips[i] === undefined ? (this.domains[i]?.number ?? 0) : 0
    this.askedWords[next] = this.words[i] as number
    this.askedFromMs[next] = this.fromMs[i] as number
    this.askedUntilMs[next] = this.untilMs[i] as number
  }

  lookUps(): LookUps {
    const { asked, askedNumbers, askedWords, askedFromMs, askedUntilMs } = this
    return {
      family: 4,
      count: asked,
      domains: askedNumbers,
      words: askedWords,
      fromMs: askedFromMs,
      untilMs: askedUntilMs,
    }
  }

  clear(): void {
    this.count = 0
    this.asked = 0
  }

  private grow(): void {
    const larger = <T extends Int32Array | Float64Array>(column: T, next: T): T => {
      next.set(column)
      return next
    }
    const length = this.count * 2
    this.ends = larger(this.ends, new Int32Array(length))
    this.words = larger(this.words, new Int32Array(length))
    this.fromMs = larger(this.fromMs, new Float64Array(length))
    this.untilMs = larger(this.untilMs, new Float64Array(length))
    // Nothing is asked before all are found.
    this.owners = new Int32Array(length)
    this.askedNumbers = new Int32Array(length)
    this.askedWords = new Int32Array(length)
    this.askedFromMs = new Float64Array(length)
    this.askedUntilMs = new Float64Array(length)
  }
}
