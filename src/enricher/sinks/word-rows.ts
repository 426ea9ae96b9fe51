import { finished, HashSlots, mixed } from '../../ownership/ledger/hash-slots.ts'

/** Numbers for rows of a few words each, from 0 on, in the order in which the rows were met. Nothing is allocated for one that is known. */
export class WordRows {
  size = 0
  /** Row after row, by number. */
  words: Int32Array
  /** The row that is asked for. */
  readonly asked: Int32Array
  private readonly width: number
  private slots: HashSlots

  constructor(width: number) {
    this.width = width
    this.words = new Int32Array(width * 64)
    this.asked = new Int32Array(width)
    this.slots = new HashSlots(0)
  }

  /** Numbers that were given out before mean nothing any more. As many rows are expected again. */
  clear(): void {
    this.slots = new HashSlots(this.size)
    this.size = 0
  }

  /** The number of the row that is asked for, a new one where it is met for the first time. */
  number(): number {
    const { slots, asked, width } = this
    let hash = width
    for (let i = 0; i < width; i++) hash = mixed(hash, asked[i] as number)
    hash = finished(hash)
    let slot = slots.first(hash)
    for (let known = slots.at(slot); known >= 0; known = slots.at(slot)) {
      if (this.isAsked(known)) return known
      slot = slots.next(slot, hash)
    }
    return this.add(slot, hash)
  }

  private isAsked(number: number): boolean {
    const { words, asked, width } = this
    const at = number * width
    for (let i = 0; i < width; i++) if (words[at + i] !== asked[i]) return false
    return true
  }

  private add(slot: number, hash: number): number {
    const number = this.size++
    const at = number * this.width
    if (at === this.words.length) this.words = larger(this.words, at * 2)
    this.words.set(this.asked, at)
    this.slots.fill(slot, number, hash)
    return number
  }
}

/** The same words at the start of twice as many, or of so many where that is more. */
export function larger<Words extends Int32Array | Uint32Array>(words: Words, least: number): Words {
  const make = words.constructor as new (length: number) => Words
  const next = new make(Math.max(words.length * 2, least))
  next.set(words)
  return next
}
