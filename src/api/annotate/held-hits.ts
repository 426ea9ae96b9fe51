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
  owners = new Int32Array(1024)
  /** Undefined where none could be told. */
  readonly domains: (NamedDomain | undefined)[] = []
  readonly ports: (number | undefined)[] = []
  /** Of IPv6 addresses, which are not looked up in groups. */
  readonly ips: (Ip | undefined)[] = []
  private numbers = new Int32Array(1024)

  add(end: number, domain: NamedDomain | undefined, word: number, port: number | undefined, ip: Ip | undefined): void {
    if (this.count === this.ends.length) this.grow()
    const i = this.count++
    this.ends[i] = end
    this.words[i] = word
    this.domains[i] = domain
    this.ports[i] = port
    this.ips[i] = ip
    // A number that no domain has: nobody is found.
    this.numbers[i] = ip === undefined ? (domain?.number ?? 0) : 0
  }

  /** The time of all from `first` on. */
  at(first: number, { fromMs, untilMs }: Window): void {
    this.fromMs.fill(fromMs, first, this.count)
    this.untilMs.fill(untilMs, first, this.count)
  }

  lookUps(): LookUps {
    const { count, words, numbers, fromMs, untilMs } = this
    return { family: 4, count, domains: numbers, words, fromMs, untilMs }
  }

  clear(): void {
    this.count = 0
  }

  private grow(): void {
    const larger = <T extends Int32Array | Float64Array>(column: T, next: T): T => {
      next.set(column)
      return next
    }
    const length = this.count * 2
    this.ends = larger(this.ends, new Int32Array(length))
    this.words = larger(this.words, new Int32Array(length))
    this.numbers = larger(this.numbers, new Int32Array(length))
    this.fromMs = larger(this.fromMs, new Float64Array(length))
    this.untilMs = larger(this.untilMs, new Float64Array(length))
    this.owners = new Int32Array(length)
  }
}
