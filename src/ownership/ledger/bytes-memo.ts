const SETS = 1 << 16
const WAYS = 2
/** Hash, size in bytes, number of its first word. */
const ROW = 3
const WORD_BYTES = 8
const FIRST_WORDS = 1 << 15
const MOST_WORDS = 1 << 22
/** Numbers of words are counted up to here; then all is forgotten. */
const MOST_COUNTED = 2 ** 31 - MOST_WORDS

/**
 * What stands for pieces of eight bytes and more, by their bytes: at most 131,072 of them and the last 32 MiB of bytes. What
 * it finds by a hash it compares in full: others write to the topic too, and could make bytes with the same hash.
 */
export class BytesMemo<T> {
  private readonly values: (T | undefined)[] = []
  private rows = new Int32Array(0)
  /** The bytes, eight in one: floating-point numbers are the widest that are compared without allocating any. Once full, a ring. */
  private words = new Float64Array(0)
  private used = 0

  /** As `HashSlots.touch`, of bytes that will be looked for by this hash. */
  touch(hash: number): number {
    return this.rows.length === 0 ? 0 : (this.rows[slotOf(hash) * ROW] as number)
  }

  find(hash: number, memory: DataView<ArrayBufferLike>, from: number, end: number): T | undefined {
    const slot = slotOf(hash)
    if (this.isHeld(slot, hash, memory, from, end)) return this.values[slot]
    if (this.isHeld(slot + 1, hash, memory, from, end)) return this.values[slot + 1]
    return undefined
  }

  /** Of the two that may lie in a place, the older one goes. */
  keep(hash: number, memory: DataView<ArrayBufferLike>, from: number, end: number, value: T): void {
    const size = end - from
    this.reserve(Math.floor(size / WORD_BYTES) + 1)
    const slot = slotOf(hash)
    const row = slot * ROW
    const { values, rows, words } = this
    values[slot + 1] = values[slot]
    values[slot] = value
    for (let i = 0; i < ROW; i++) rows[row + ROW + i] = rows[row + i] as number
    rows[row] = hash
    rows[row + 1] = size
    rows[row + 2] = this.used
    const mask = words.length - 1
    const last = end - WORD_BYTES
    let used = this.used
    for (let at = from; at <= last; at += WORD_BYTES) words[used++ & mask] = memory.getFloat64(at, true)
    words[used++ & mask] = memory.getFloat64(last, true)
    this.used = used
  }

  private isHeld(slot: number, hash: number, memory: DataView<ArrayBufferLike>, from: number, end: number): boolean {
    const { rows, words } = this
    const row = slot * ROW
    if (rows[row] !== hash || rows[row + 1] !== end - from) return false
    let number = rows[row + 2] as number
    if (this.used - number > words.length) return false // overwritten since
    const mask = words.length - 1
    const last = end - WORD_BYTES
    for (let at = from; at <= last; at += WORD_BYTES) {
      if (!isSame(memory.getFloat64(at, true), words[number++ & mask] as number)) return false
    }
    return isSame(memory.getFloat64(last, true), words[number & mask] as number)
  }

  private reserve(words: number): void {
    if (this.rows.length === 0 || this.used > MOST_COUNTED) this.clear()
    if (this.used + words <= this.words.length || this.words.length === MOST_WORDS) return
    const grown = new Float64Array(Math.min(MOST_WORDS, Math.max(FIRST_WORDS, this.words.length * 2)))
    grown.set(this.words)
    this.words = grown
  }

  private clear(): void {
    this.used = 0
    this.rows = new Int32Array(SETS * WAYS * ROW)
    this.values.length = 0
    for (let slot = 0; slot < SETS * WAYS; slot++) this.values.push(undefined)
  }
}

/** The same bits: 0 and −0 are equal and have others, and what is no number equals nothing, which only costs a decode. */
const isSame = (a: number, b: number): boolean => a === b && (a !== 0 || Object.is(a, b))

const slotOf = (hash: number): number => ((hash ^ (hash >>> 16)) & (SETS - 1)) * WAYS
