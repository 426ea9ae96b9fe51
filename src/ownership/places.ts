import type { Claim } from './claim.ts'

type Place = Pick<Claim, 'domain' | 'prefix'>

/**
 * Items filed by their domain and prefix, each under its number. Nearly every place has one item or two, so whoever wants
 * one holding of a place looks at all of it: no text has to be put together for a key.
 */
export class Places {
  /** Of each place, the number that was filed last. */
  private readonly last = new Map<string, Map<string, number>>()
  /** By number, the one that was filed at the same place before it. */
  private readonly before: Int32Array

  /** `count` items, with numbers from 0. */
  constructor(count: number) {
    this.before = new Int32Array(count)
  }

  file({ domain, prefix }: Place, number: number): void {
    const ofDomain = this.last.get(domain) ?? new Map<string, number>()
    if (ofDomain.size === 0) this.last.set(domain, ofDomain)
    this.before[number] = ofDomain.get(prefix) ?? -1
    ofDomain.set(prefix, number)
  }

  /** The number filed last at a place, −1 where there is none. */
  lastAt({ domain, prefix }: Place): number {
    return this.last.get(domain)?.get(prefix) ?? -1
  }

  /** The number filed at the same place before this one, −1 where it was the first. */
  beforeIt(number: number): number {
    return this.before[number] ?? -1
  }
}
