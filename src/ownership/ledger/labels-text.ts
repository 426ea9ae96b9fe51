const [QUOTE, COMMA, OPEN, CLOSE, BACKSLASH, SPACE] = [34, 44, 91, 93, 92, 32]
/** Brackets, quotes and commas around a name and a value. */
const AROUND = 8

/** The text by which the table of owners knows labels, `[["name","value"],…]` by name, made of their bytes. */
export class LabelsText {
  size = 0
  private bytes = new Uint8Array(1024)
  memory: DataView<ArrayBufferLike> = new DataView(this.bytes.buffer)

  /**
   * Writes the text of labels whose places `OwnerTexts` tells. False where JSON writes them in another way than they lie
   * there: names out of order or twice, characters that have to be escaped.
   */
  write(memory: DataView<ArrayBufferLike>, places: Int32Array, count: number): boolean {
    let at = this.put(0, OPEN)
    for (let label = 0; label < count; label++) {
      const place = label * 4
      if (label > 0) {
        if (!isBefore(memory, places, place - 4, place)) return false
        at = this.put(at, COMMA)
      }
      const nameSize = places[place + 1] as number
      const valueSize = places[place + 3] as number
      this.reserve(at + nameSize + valueSize + AROUND)
      at = this.put(at, OPEN)
      at = this.quoted(at, memory, places[place] as number, nameSize)
      if (at < 0) return false
      at = this.put(at, COMMA)
      at = this.quoted(at, memory, places[place + 2] as number, valueSize)
      if (at < 0) return false
      at = this.put(at, CLOSE)
    }
    this.size = this.put(at, CLOSE)
    return true
  }

  /** −1 where a character has to be escaped. */
  private quoted(start: number, memory: DataView<ArrayBufferLike>, from: number, size: number): number {
    const { bytes } = this
    let at = start
    bytes[at++] = QUOTE
    for (let i = from; i < from + size; i++) {
      const byte = memory.getUint8(i)
      if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) return -1
      bytes[at++] = byte
    }
    bytes[at++] = QUOTE
    return at
  }

  private put(at: number, byte: number): number {
    this.bytes[at] = byte
    return at + 1
  }

  /** Makes room for so many bytes and one more, which ends the text. */
  private reserve(size: number): void {
    if (size < this.bytes.length) return
    const longer = new Uint8Array(size * 2)
    longer.set(this.bytes)
    this.bytes = longer
    this.memory = new DataView(longer.buffer)
  }
}

/** Whether the name at one place is before the one at another, and not the same. */
function isBefore(memory: DataView<ArrayBufferLike>, places: Int32Array, a: number, b: number): boolean {
  const [fromA, sizeA] = [places[a] as number, places[a + 1] as number]
  const [fromB, sizeB] = [places[b] as number, places[b + 1] as number]
  for (let i = 0; i < sizeA && i < sizeB; i++) {
    const order = memory.getUint8(fromA + i) - memory.getUint8(fromB + i)
    if (order !== 0) return order < 0
  }
  return sizeA < sizeB
}
