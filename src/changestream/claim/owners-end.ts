import { type ByteCursor, UNUSUAL } from './byte-cursor.ts'

const PROTO = Buffer.from('__proto__')
const UNDERSCORE = 95

/**
 * Moves the cursor behind the owners of a claim, and gives a hash over the ends of their texts: ids differ there. What it
 * passes over is of the right form, except that it may reach over the end of the message.
 * @throws UNUSUAL where it is not of the form in which our own writer writes owners.
 */
export function ownersEnd(cursor: ByteCursor): number {
  const count = cursor.count()
  if (count === 0) throw UNUSUAL
  let hash = count
  for (let left = count; left > 0; left--) hash = ownerEnd(cursor, hash)
  if (cursor.count() !== 0) throw UNUSUAL
  return hash
}

function ownerEnd(cursor: ByteCursor, before: number): number {
  let hash = passTextsOrNulls(cursor, 4, before) // application to detail
  hash = passText(cursor, hash) // kind
  hash = passText(cursor, hash) // resourceId
  hash = passTextsOrNulls(cursor, 8, hash) // account to team
  hash = passLabels(cursor, hash)
  hash = passTextsOrNulls(cursor, 1, hash) // namedBy
  return mixed(hash, cursor.boolean() ? 1 : 0) // forwards
}

function passLabels(cursor: ByteCursor, before: number): number {
  const count = cursor.count()
  let hash = mixed(before, count)
  for (let left = count; left > 0; left--) {
    hash = passText(cursor, hash)
    // To assign to it would change the object's prototype, or nothing at all.
    if (isProto(cursor)) throw UNUSUAL
    hash = passText(cursor, hash)
  }
  if (count > 0 && cursor.count() !== 0) throw UNUSUAL
  return hash
}

/** Whether the text before the cursor's position ends with `__proto__`. */
const isProto = ({ bytes, position }: ByteCursor): boolean =>
  bytes[position - 1] === UNDERSCORE && bytes.compare(PROTO, 0, PROTO.length, position - PROTO.length, position) === 0

function passText(cursor: ByteCursor, hash: number): number {
  const size = cursor.count()
  cursor.position += size
  return mixed(hash, size < 4 ? size : cursor.word(cursor.position - 4) ^ size)
}

/** The like of `passText` for several fields in one go, since it is here that a replay spends its time. */
function passTextsOrNulls(cursor: ByteCursor, fields: number, before: number): number {
  const { bytes, memory, base } = cursor
  let at = cursor.position
  let hash = before
  for (let left = fields; left > 0; left--) {
    const branch = bytes[at++]
    if (branch === 0) {
      hash = mixed(hash, 0)
      continue
    }
    if (branch !== 2) throw UNUSUAL
    const zigzag = bytes[at] as number
    if (zigzag < 0x80 && (zigzag & 1) === 0) {
      at += 1 + (zigzag >>> 1)
      hash = mixed(hash, zigzag < 8 ? zigzag : memory.getInt32(base + at - 4, true) ^ zigzag)
    } else {
      cursor.position = at
      hash = passText(cursor, hash)
      at = cursor.position
    }
  }
  cursor.position = at
  return hash
}

const mixed = (hash: number, part: number): number => Math.imul(((hash << 5) | (hash >>> 27)) ^ part, 0x9e3779b1)
