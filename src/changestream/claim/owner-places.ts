import type { OwnerTexts } from '../../ownership/encoded-claim.ts'
import { OWNER_TEXTS } from '../../ownership/encoded-claim.ts'
import { type ByteCursor, UNUSUAL } from './byte-cursor.ts'

const HIGH_BITS = 0x80808080 | 0
const NAMED_BY = OWNER_TEXTS.indexOf('namedBy')
/** Where the schema has texts that are always there. */
const KIND = OWNER_TEXTS.indexOf('kind')
const RESOURCE_ID = OWNER_TEXTS.indexOf('resourceId')

/** Where the texts of one owner lie that `ownersEnd` has passed over before. */
export class OwnerPlaces implements OwnerTexts {
  readonly places = new Int32Array(OWNER_TEXTS.length * 2)
  labels = new Int32Array(64)
  labelCount = 0
  forwards = false
  private bits = 0

  /** Reads a list of one owner at the cursor's position. False where it has several, or a text that is not ASCII. */
  read(cursor: ByteCursor): boolean {
    if (cursor.count() !== 1) return false
    this.bits = 0
    // The schema's order is that of OWNER_TEXTS, but for the labels.
    for (let field = 0; field < NAMED_BY; field++) this.field(cursor, field)
    this.readLabels(cursor)
    this.field(cursor, NAMED_BY)
    this.forwards = cursor.boolean()
    return (this.bits & HIGH_BITS) === 0
  }

  private field(cursor: ByteCursor, field: number): void {
    const { places } = this
    const isThere = field === KIND || field === RESOURCE_ID || cursor.isThere()
    const size = isThere ? cursor.count() : -1
    places[field * 2] = cursor.base + cursor.position
    places[field * 2 + 1] = size
    if (size > 0) this.pass(cursor, size)
  }

  private readLabels(cursor: ByteCursor): void {
    const count = cursor.count()
    this.labelCount = count
    if (count === 0) return
    if (count * 4 > this.labels.length) this.labels = new Int32Array(count * 8)
    const { labels } = this
    for (let text = 0; text < count * 2; text++) {
      const size = cursor.count()
      labels[text * 2] = cursor.base + cursor.position
      labels[text * 2 + 1] = size
      this.pass(cursor, size)
    }
    if (cursor.count() !== 0) throw UNUSUAL
  }

  private pass(cursor: ByteCursor, size: number): void {
    const { memory, base, bytes } = cursor
    let at = cursor.position
    cursor.position = at + size
    let { bits } = this
    if (size < 4) {
      for (; at < cursor.position; at++) bits |= bytes[at] as number
    } else {
      const last = base + cursor.position - 4
      for (at += base; at < last; at += 4) bits |= memory.getInt32(at, true)
      bits |= memory.getInt32(last, true)
    }
    this.bits = bits
  }
}
