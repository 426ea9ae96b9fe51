import type { Window } from '../../ownership/window.ts'

/** Powers of two. */
const FEWEST_PLACES = 1024
const MOST_PLACES = 2 ** 18

/**
 * What was answered of an address, for as long as nothing about it changes (`Generation.steadyAround`). A hash table in columns,
 * open addressed and at most half full, as nearly every address of a text is looked for here; once it is full it begins anew.
 */
export class SteadyMemo<T> {
  private mask = 0
  private count = 0
  /** 0 where a place is free. */
  private domains = new Int32Array(0)
  private words = new Int32Array(0)
  private fromMs = new Float64Array(0)
  private untilMs = new Float64Array(0)
  private values: (T | undefined)[] = []

  constructor() {
    this.begin(FEWEST_PLACES)
  }

  /** `word` is an IPv4 address as a signed 32-bit number. */
  find(domain: number, word: number, fromMs: number, untilMs: number): T | undefined {
    const place = this.placeOf(domain, word)
    const isWithin = (this.fromMs[place] as number) <= fromMs && untilMs <= (this.untilMs[place] as number)
    return isWithin ? this.values[place] : undefined
  }

  /** `domain` is above 0. */
  keep(domain: number, word: number, steady: Window | undefined, value: T): void {
    if (steady === undefined) return
    if (this.count * 2 > this.mask) this.grow()
    this.put(domain, word, steady.fromMs, steady.untilMs, value)
  }

  private put(domain: number, word: number, fromMs: number, untilMs: number, value: T | undefined): void {
    const place = this.placeOf(domain, word)
    if (this.domains[place] === 0) this.count++
    this.domains[place] = domain
    this.words[place] = word
    this.fromMs[place] = fromMs
    this.untilMs[place] = untilMs
    this.values[place] = value
  }

  /** The place of this address, or the free one where it belongs. */
  private placeOf(domain: number, word: number): number {
    const { domains, words, mask } = this
    const mixed = Math.imul(word ^ Math.imul(domain, 0x9e3779b1), 0x85ebca6b)
    let place = (mixed ^ (mixed >>> 15)) & mask
    while (domains[place] !== 0 && (words[place] !== word || domains[place] !== domain)) place = (place + 1) & mask
    return place
  }

  private grow(): void {
    const { domains, words, fromMs, untilMs, values } = this
    this.begin(domains.length === MOST_PLACES ? FEWEST_PLACES : domains.length * 2)
    if (domains.length === MOST_PLACES) return
    for (let i = 0; i < domains.length; i++) {
      const domain = domains[i] as number
      if (domain !== 0) this.put(domain, words[i] as number, fromMs[i] as number, untilMs[i] as number, values[i])
    }
  }

  private begin(places: number): void {
    this.mask = places - 1
    this.count = 0
    this.domains = new Int32Array(places)
    this.words = new Int32Array(places)
    this.fromMs = new Float64Array(places)
    this.untilMs = new Float64Array(places).fill(Number.NEGATIVE_INFINITY)
    this.values = new Array<T | undefined>(places).fill(undefined)
  }
}
