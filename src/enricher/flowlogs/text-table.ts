import type { TextNumbers } from './record-batch.ts'

/** Texts kept at a time; more bytes or numbers than these make a new table. */
const MOST_TEXTS = 65_536
const MOST_WORDS = 2 ** 20
const MULTIPLIER = 0x9e3779b1
/** What is left of a word of which only so many bytes belong to a text. */
const TAIL_MASKS = Int32Array.of(0, 0xff, 0xffff, 0xffffff)

/**
 * Bytes that must lie behind the last token of a buffer, whatever they are: what reads words, addresses or ids of a known
 * length looks so far beyond where a token ends.
 */
export const PADDING_BYTES = 32

/**
 * Numbers for the texts of one object, told apart by their bytes: no string is made to find a number. Tight, because every
 * record asks several times: words of four bytes are hashed and compared at once, which is why a buffer must go on for
 * PADDING_BYTES behind the last token. The hash starts from a random seed, so that no writer of logs can make all texts
 * collide.
 */
export class TextTable implements TextNumbers {
  /** After `numberAt`: where the token ended. */
  end = 0
  #size = 0
  #slots = new Int32Array(256)
  /** Texts one after another, each filled up with zeros to whole words, and where they begin. */
  #words = new Int32Array(1024)
  #wordsUsed = 0
  #begins = new Int32Array(128)
  #lengths = new Int32Array(128)
  #hashes = new Int32Array(128)
  readonly #seed = Math.floor(Math.random() * 2 ** 32) | 0
  readonly #strings: string[] = []

  get size(): number {
    return this.#size
  }

  get isFull(): boolean {
    return this.#size >= MOST_TEXTS || this.#wordsUsed >= MOST_WORDS
  }

  text(number: number): string {
    const known = this.#strings[number]
    if (known !== undefined) return known
    if (number < 0 || number >= this.#size) return ''
    const from = (this.#begins[number] as number) * 4
    const text = Buffer.from(this.#words.buffer, from, this.#lengths[number]).toString('utf8')
    this.#strings[number] = text
    return text
  }

  numberOf(text: string): number {
    const bytes = Buffer.alloc(Buffer.byteLength(text) + 1 + PADDING_BYTES, ' ')
    const length = bytes.write(text)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let hash = this.#seed
    for (let from = 0; from <= length; from += 4) {
      const word = view.getInt32(from, true)
      hash = mixed(hash, length - from < 4 ? word & (TAIL_MASKS[length - from] as number) : word)
    }
    return this.#find(view, 0, length, hash)
  }

  /**
   * The number of the token that begins at `at` and ends before the next byte below 33; -1 for an empty one and one with
   * bytes that are no printable ASCII. `guess`, a number of any table or none, is tried first.
   */
  numberAt(view: DataView, at: number, guess: number): number {
    if (guess >= 0 && guess < this.#size && this.#is(guess, view, at)) {
      const end = at + (this.#lengths[guess] as number)
      if (view.getUint8(end) < 33) {
        this.end = end
        return guess
      }
    }
    let odd = 0
    let hash = this.#seed
    let end = at
    for (;;) {
      const word = view.getInt32(end, true)
      // The high bit of each byte below 33; of several the lowest is exact.
      const stops = (word - 0x21212121) & ~word & 0x80808080
      if (stops !== 0) {
        const more = (31 - Math.clz32(stops & -stops)) >> 3
        const tail = word & (TAIL_MASKS[more] as number)
        odd |= tail | (tail + 0x01010101)
        hash = mixed(hash, tail)
        end += more
        break
      }
      odd |= word | (word + 0x01010101)
      hash = mixed(hash, word)
      end += 4
    }
    this.end = end
    return end === at || (odd & 0x80808080) !== 0 ? -1 : this.#find(view, at, end - at, hash)
  }

  #is(number: number, view: DataView, at: number): boolean {
    const length = this.#lengths[number] as number
    let word = this.#begins[number] as number
    let from = at
    for (const until = at + length - 3; from < until; from += 4) {
      if (view.getInt32(from, true) !== this.#words[word++]) return false
    }
    const more = length & 3
    return more === 0 || (view.getInt32(from, true) & (TAIL_MASKS[more] as number)) === this.#words[word]
  }

  #find(view: DataView, at: number, length: number, hash: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] as number) - 1
      if (number < 0) return this.#add(view, at, length, hash, slot)
      if (this.#hashes[number] === hash && this.#lengths[number] === length && this.#is(number, view, at)) return number
    }
  }

  #add(view: DataView, at: number, length: number, hash: number, slot: number): number {
    const number = this.#size++
    const words = (length + 3) >> 2
    if (this.#wordsUsed + words > this.#words.length) this.#words = grown(this.#words, this.#wordsUsed + words)
    if (number >= this.#begins.length) {
      this.#begins = grown(this.#begins, number + 1)
      this.#lengths = grown(this.#lengths, number + 1)
      this.#hashes = grown(this.#hashes, number + 1)
    }
    new Uint8Array(this.#words.buffer).set(
      new Uint8Array(view.buffer, view.byteOffset + at, length),
      this.#wordsUsed * 4,
    )
    this.#begins[number] = this.#wordsUsed
    this.#lengths[number] = length
    this.#hashes[number] = hash
    this.#wordsUsed += words
    this.#slots[slot] = number + 1
    if (this.#size * 2 > this.#slots.length) this.#spread()
    return number
  }

  /** Twice as many slots. */
  #spread(): void {
    const slots = new Int32Array(this.#slots.length * 2)
    for (let number = 0; number < this.#size; number++) {
      let slot = (this.#hashes[number] as number) & (slots.length - 1)
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
      slots[slot] = number + 1
    }
    this.#slots = slots
  }
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, MULTIPLIER)
  return product ^ (product >>> 15)
}

function grown(array: Int32Array, least: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(array.length * 2, least))
  larger.set(array)
  return larger
}
