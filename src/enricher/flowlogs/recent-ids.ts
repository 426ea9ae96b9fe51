import type { TextTable } from './text-table.ts'

/** Of an interface: `eni-` and 17 digits. */
const ID_BYTES = 21
const SPACE = 32
const SLOTS = 4096
/** Two ids, each with what ends it and its number, lie in one line of the processor's cache. */
const SLOT_BYTES = 64
const OTHER = 32
const LAST_AT = 20
const NUMBER_AT = 24

/**
 * Numbers of the interface ids seen of late, by their bytes: most records are of an interface that had others before, and comparing
 * 21 bytes at a known place is less than what a table of texts of any length has to do. Only ids of that length before a space are
 * kept, as six words and the number.
 */
export class RecentIds {
  /** After `numberAt`: where the token ended. */
  end = 0
  readonly #known = new DataView(new ArrayBuffer(SLOTS * SLOT_BYTES))
  #texts: TextTable | undefined

  /** As `texts.numberAt`, which is asked for what is not kept. */
  numberAt(view: DataView, at: number, texts: TextTable): number {
    if (this.#texts !== texts) this.#use(texts)
    const known = this.#known
    const word2 = view.getInt32((at + 8) | 0, true)
    const word3 = view.getInt32((at + 12) | 0, true)
    const word4 = view.getInt32((at + 16) | 0, true)
    const last = view.getUint16((at + LAST_AT) | 0, true)
    const slot = (hashOf(word2, word3, word4, last) * SLOT_BYTES) | 0
    const isFirst = known.getInt32((slot + 16) | 0, true) === word4 && known.getInt32((slot + 12) | 0, true) === word3
    const place = isFirst ? slot : slot | OTHER
    const difference =
      (view.getInt32(at, true) ^ known.getInt32(place, true)) |
      (view.getInt32((at + 4) | 0, true) ^ known.getInt32((place + 4) | 0, true)) |
      (word2 ^ known.getInt32((place + 8) | 0, true)) |
      (word3 ^ known.getInt32((place + 12) | 0, true)) |
      (word4 ^ known.getInt32((place + 16) | 0, true)) |
      (last ^ known.getInt32((place + LAST_AT) | 0, true))
    if (difference !== 0) return this.#learn(view, at, texts, slot)
    this.end = (at + ID_BYTES) | 0
    return known.getInt32((place + NUMBER_AT) | 0, true)
  }

  /** Keeps an id before the one that was there, which takes the place of an older one. */
  #learn(view: DataView, at: number, texts: TextTable, slot: number): number {
    const number = texts.numberAt(view, at, -1)
    this.end = texts.end
    if (number < 0 || texts.end - at !== ID_BYTES || view.getUint8(texts.end) !== SPACE) return number
    const known = this.#known
    for (let i = 0; i < OTHER; i += 4) known.setInt32(slot + OTHER + i, known.getInt32(slot + i, true), true)
    for (let i = 0; i < LAST_AT; i += 4) known.setInt32(slot + i, view.getInt32(at + i, true), true)
    known.setInt32(slot + LAST_AT, view.getUint16(at + LAST_AT, true), true)
    known.setInt32(slot + NUMBER_AT, number, true)
    return number
  }

  /** Numbers of another table mean other texts. */
  #use(texts: TextTable): void {
    if (this.#texts) new Uint8Array(this.#known.buffer).fill(0)
    this.#texts = texts
  }
}

const hashOf = (word2: number, word3: number, word4: number, last: number): number =>
  Math.imul(word2 ^ Math.imul(word3 ^ Math.imul(word4 ^ (last << 8), 0x85ebca6b), 0xc2b2ae35), 0x9e3779b1) >>> 20
