import { type ByteCursor, UNUSUAL } from './byte-cursor.ts'

const SLOTS = 4096
const LONGEST = 64
const WORDS = LONGEST / 4

/**
 * Names that come again and again (regions, VPCs, applications), found by their bytes: the same text once in memory, and
 * without the call that makes a text of bytes. It holds at most 4,096 texts of 64 bytes; a new one takes the slot of an old one.
 */
export class TextMemo {
  private readonly texts: string[] = Array.from({ length: SLOTS }, () => '')
  private readonly sizes = new Int32Array(SLOTS)
  private readonly words = new Int32Array(SLOTS * WORDS)

  read(cursor: ByteCursor): string {
    const size = cursor.count()
    const from = cursor.position
    if (size < 4 || size > LONGEST) return cursor.slice(size)
    // Words are read from the memory around the message too: of a text that is cut off they are not its own.
    if (from + size > cursor.bytes.length) throw UNUSUAL
    const last = cursor.word(from + size - 4)
    const mixed = Math.imul(last + size, 0x9e3779b1) ^ cursor.word(from)
    const slot = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 20
    if (this.sizes[slot] === size && this.isHeld(slot, cursor, from, size)) {
      cursor.position = from + size
      return this.texts[slot] as string
    }
    const text = cursor.slice(size)
    this.texts[slot] = text
    this.sizes[slot] = size
    let held = slot * WORDS
    for (let at = from; at <= from + size - 4; at += 4) this.words[held++] = cursor.word(at)
    this.words[held] = last
    return text
  }

  private isHeld(slot: number, { memory, base }: ByteCursor, from: number, size: number): boolean {
    const { words } = this
    let held = slot * WORDS
    const end = base + from + size - 4
    for (let at = base + from; at <= end; at += 4) if (memory.getInt32(at, true) !== words[held++]) return false
    return size % 4 === 0 || memory.getInt32(end, true) === words[held]
  }
}
