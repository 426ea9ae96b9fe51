/**
 * Answers that hold over a stretch of time, found again by where the address is seen from (`space`) and its words. A fixed
 * number of places, two for each hash, of which the one that was used longer ago is given up: what peers ask about again and again
 * stays, the rest passes through. Written with numbers in one column, as a look takes place for both ends of every record:
 * an entry of IPv4 takes half a line of the processor's cache.
 */
export class AnswerMemo {
  readonly table: Int32Array
  readonly stride: number
  /** Of `placeOf4`: the number of pairs, which is a power of two, less one. */
  readonly pairMask: number
  private readonly addressWords: 1 | 4

  /** `places` is a power of two. */
  constructor(places: number, addressWords: 1 | 4) {
    this.addressWords = addressWords
    this.stride = addressWords === 1 ? STRIDE4 : 16
    this.table = new Int32Array(places * this.stride)
    this.pairMask = places / 2 - 1
  }

  clear(): void {
    this.table.fill(0)
  }

  /** Place of the entry for an address (words at `at` of a column), or −1. `port` is 0 where ports do not matter. */
  find(space: number, port: number, words: Int32Array, at: number): number {
    const first = this.pairOf(space, port, words, at)
    if (this.isAt(first, space, port, words, at)) return first
    if (!this.isAt(first + this.stride, space, port, words, at)) return -1
    this.bringForward(first)
    return first
  }

  /** The one that was found last stands first in its pair: the other is the one to give up. */
  bringForward(first: number): void {
    const { table, stride } = this
    // Written out, here and below: the built-in copy takes longer to begin than this to end.
    for (let i = first; i < first + stride; i++) {
      const held = table[i] as number
      table[i] = table[i + stride] as number
      table[i + stride] = held
    }
  }

  /** The place of a new entry, which takes that of another; its key is written, the rest is for the caller. */
  place(space: number, port: number, words: Int32Array, at: number): number {
    const { table, stride, addressWords } = this
    const known = this.find(space, port, words, at)
    if (known >= 0) return known
    const first = this.pairOf(space, port, words, at)
    for (let i = first; i < first + stride; i++) table[i + stride] = table[i] as number
    table[first + SPACE] = space
    table[first + PORT] = port
    for (let i = 0; i < addressWords; i++) table[first + HEAD + i] = words[at + i] as number
    return first
  }

  /** As `place`, of an IPv4 address: written for it alone, as each end that was looked up comes by here. */
  place4(space: number, port: number, word: number): number {
    const { table } = this
    const first = pairOf4(space, port, word, this.pairMask)
    const second = first + STRIDE4
    if (table[first + HEAD] === word && table[first + SPACE] === space && table[first + PORT] === port) return first
    if (table[second + HEAD] === word && table[second + SPACE] === space && table[second + PORT] === port) {
      this.bringForward(first)
      return first
    }
    for (let i = first; i < second; i++) table[i + STRIDE4] = table[i] as number
    table[first + SPACE] = space
    table[first + PORT] = port
    table[first + HEAD] = word
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
    const { pairMask, stride } = this
    if (this.addressWords === 1) return pairOf4(space, port, words[at] as number, pairMask)
    let hash = mixed4(space, port, words[at] as number)
    hash = Math.imul(hash ^ (words[at + 1] as number) ^ (hash >>> 15), 0xc2b2ae35)
    hash = Math.imul(hash ^ (words[at + 2] as number) ^ (hash >>> 13), 0x27d4eb2f)
    hash = Math.imul(hash ^ (words[at + 3] as number) ^ (hash >>> 16), 0x85ebca6b)
    return (finished(hash) & pairMask) * 2 * stride
  }
}

/** Numbers of an entry: 0 in SPACE is a free place. Behind the address words stand the tail's numbers, at `tailOf`. */
export const SPACE = 0
export const PORT = 1
export const HEAD = 2

/** The tail of an entry: the stretch in seconds, and the answer (answered-ends.ts). */
export const tailOf = (addressWords: 1 | 4): number => HEAD + addressWords
export const FROM = 0
export const UNTIL = 1
export const ANSWER = 2
export const CLAIM = 3
export const MARKS = 4

/** Numbers of an entry of IPv4, and where its tail is. */
export const STRIDE4 = 8
export const TAIL4 = tailOf(1)

const mixed4 = (space: number, port: number, word: number): number =>
  Math.imul(word, 0x9e3779b1) ^ Math.imul(space, 0x85ebca6b) ^ port

function finished(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return mixed ^ (mixed >>> 13)
}

/** Where the first of the two places for an IPv4 address is. */
export const pairOf4 = (space: number, port: number, word: number, pairMask: number): number =>
  (finished(mixed4(space, port, word)) & pairMask) * 2 * STRIDE4
