import type { Owner } from '../../ownership/claim.ts'
import type { ByteCursor } from './byte-cursor.ts'

const SETS = 1 << 16
const WAYS = 2
/** Hash, size in bytes, number of its first word, one that is not used. */
const ROW = 4
const WORD_BYTES = 8
const FIRST_WORDS = 1 << 15
const MOST_WORDS = 1 << 22

/**
 * Owners by the bytes that stand for them: most claims name owners that were named before, so they are decoded once, and
 * everybody holds the same object. It holds at most 131,072 lists and 32 MiB of bytes; then it forgets them all and begins
 * anew. What it finds by a hash it compares in full, as others write to the topic too.
 */
export class OwnersMemo {
  private readonly owners: (readonly Owner[] | undefined)[] = []
  private rows = new Int32Array(0)
  /** The bytes, eight in one: floating-point numbers are the widest that are compared without allocating any. */
  private words = new Float64Array(0)
  private used = 0

  /** @param from Where the bytes of the owners begin; they end at the cursor's position. */
  find(hash: number, cursor: ByteCursor, from: number): readonly Owner[] | undefined {
    const slot = slotOf(hash)
    if (this.isHeld(slot, hash, cursor, from)) return this.owners[slot]
    if (this.isHeld(slot + 1, hash, cursor, from)) return this.owners[slot + 1]
    return undefined
  }

  /** Of the two that may lie in a place, the older one goes. */
  keep(hash: number, cursor: ByteCursor, from: number, owners: readonly Owner[]): void {
    const size = cursor.position - from
    this.reserve(Math.floor(size / WORD_BYTES) + 1)
    const slot = slotOf(hash)
    const row = slot * ROW
    this.owners[slot + 1] = this.owners[slot]
    this.owners[slot] = owners
    this.rows.copyWithin(row + ROW, row, row + ROW)
    this.rows[row] = hash
    this.rows[row + 1] = size
    this.rows[row + 2] = this.used
    const { memory, base } = cursor
    const last = base + cursor.position - WORD_BYTES
    for (let at = base + from; at <= last; at += WORD_BYTES) this.words[this.used++] = memory.getFloat64(at, true)
    this.words[this.used++] = memory.getFloat64(last, true)
  }

  private isHeld(slot: number, hash: number, cursor: ByteCursor, from: number): boolean {
    const { rows, words } = this
    const row = slot * ROW
    if (rows[row] !== hash || rows[row + 1] !== cursor.position - from) return false
    const { memory, base } = cursor
    const last = base + cursor.position - WORD_BYTES
    let number = rows[row + 2] as number
    for (let at = base + from; at <= last; at += WORD_BYTES) {
      if (!isSame(memory.getFloat64(at, true), words[number++] as number)) return false
    }
    return isSame(memory.getFloat64(last, true), words[number] as number)
  }

  private reserve(words: number): void {
    if (this.rows.length === 0) this.clear()
    if (this.used + words <= this.words.length) return
    if (this.used + words > MOST_WORDS) {
      this.clear()
      return
    }
    const grown = new Float64Array(Math.min(MOST_WORDS, Math.max(FIRST_WORDS, this.words.length * 2)))
    grown.set(this.words)
    this.words = grown
  }

  private clear(): void {
    this.used = 0
    this.rows = new Int32Array(SETS * WAYS * ROW)
    this.owners.length = 0
    for (let slot = 0; slot < SETS * WAYS; slot++) this.owners.push(undefined)
  }
}

/** The same bits: 0 and −0 are equal and have others, and what is no number equals nothing, which only costs a decode. */
const isSame = (a: number, b: number): boolean => a === b && (a !== 0 || Object.is(a, b))

const slotOf = (hash: number): number => ((hash ^ (hash >>> 16)) & (SETS - 1)) * WAYS
