/**
 * Answers that hold over a stretch of time, found again by where the address is seen from (`space`) and its words. A fixed
 * number of places, two for each hash, of which the one that was used longer ago is given up: what peers ask about again and again
 * stays, the rest passes through. Written with numbers in one column, as a look takes place for both ends of every record:
 * an entry of IPv4 takes half a line of the processor's cache.
 */
export class AnswerMemo {
  readonly table: Int32Array
  readonly stride: number
  private readonly addressWords: 1 | 4
  private readonly pairs: number

  /** `places` is a power of two. */
  constructor(places: number, addressWords: 1 | 4) {
    this.addressWords = addressWords
    this.stride = addressWords === 1 ? 8 : 16
    this.table = new Int32Array(places * this.stride)
    this.pairs = places / 2
  }

  clear(): void {
    this.table.fill(0)
  }

  /** Place of the entry for an address (words at `at` of a column), or −1. `port` is 0 where ports do not matter. */
  find(space: number, port: number, words: Int32Array, at: number): number {
    const { table, stride } = this
    const first = this.pairOf(space, port, words, at)
    if (this.isAt(first, space, port, words, at)) return first
    const second = first + stride
    if (!this.isAt(second, space, port, words, at)) return -1
    // The one that was found last stands first: the other is the one to give up.
    for (let i = 0; i < stride; i++) {
      const held = table[first + i] as number
      table[first + i] = table[second + i] as number
      table[second + i] = held
    }
    return first
  }

  /** The place of a new entry, which takes that of another; its key is written, the rest is for the caller. */
  place(space: number, port: number, words: Int32Array, at: number): number {
    const { table, stride, addressWords } = this
    const known = this.find(space, port, words, at)
    if (known >= 0) return known
    const first = this.pairOf(space, port, words, at)
    // Written out: the built-in copy takes longer to begin than this to end.
    for (let i = 0; i < stride; i++) table[first + stride + i] = table[first + i] as number
    table[first + SPACE] = space
    table[first + PORT] = port
    for (let i = 0; i < addressWords; i++) table[first + HEAD + i] = words[at + i] as number
    return first
  }

  private isAt(place: number, space: number, port: number, words: Int32Array, at: number): boolean {
    const { table } = this
    if (table[place + HEAD] !== words[at] || table[place + SPACE] !== space || table[place + PORT] !== port)
      return false
    return (
      this.addressWords === 1 ||
      (table[place + HEAD + 1] === words[at + 1] &&
        table[place + HEAD + 2] === words[at + 2] &&
        table[place + HEAD + 3] === words[at + 3])
    )
  }

  private pairOf(space: number, port: number, words: Int32Array, at: number): number {
    let hash = Math.imul(words[at] as number, 0x9e3779b1) ^ Math.imul(space, 0x85ebca6b) ^ port
    if (this.addressWords === 4) {
      hash = Math.imul(hash ^ (words[at + 1] as number) ^ (hash >>> 15), 0xc2b2ae35)
      hash = Math.imul(hash ^ (words[at + 2] as number) ^ (hash >>> 13), 0x27d4eb2f)
      hash = Math.imul(hash ^ (words[at + 3] as number) ^ (hash >>> 16), 0x85ebca6b)
    }
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
    hash ^= hash >>> 13
    return (hash & (this.pairs - 1)) * 2 * this.stride
  }
}

/** Numbers of an entry: 0 in SPACE is a free place. Behind the address words stand the tail's numbers, at `tailOf`. */
const SPACE = 0
const PORT = 1
const HEAD = 2

/** The tail of an entry: the stretch in seconds, and the answer (answered-ends.ts). */
export const tailOf = (addressWords: 1 | 4): number => HEAD + addressWords
export const FROM = 0
export const UNTIL = 1
export const ANSWER = 2
export const CLAIM = 3
export const MARKS = 4
