import type { Type } from 'avsc'

/**
 * Reads over one encoded value without building it. avsc trusts the counts it reads: five bytes that claim an array of two
 * billion items exhaust the memory before it looks at the end of the buffer. So bytes that others may have written are
 * walked first.
 */
export type PayloadWalk = (bytes: Uint8Array, position: number) => number

type Node = string | readonly Node[] | Named
type Named = {
  readonly type: Node
  readonly name?: string
  readonly fields?: readonly { readonly type: Node }[]
  readonly symbols?: readonly string[]
  readonly size?: number
  readonly items?: Node
  readonly values?: Node
}

/** @returns A walk that gives the position after the value, and throws RangeError where the bytes cannot hold one. */
export const payloadWalk = (type: Type): PayloadWalk => walkOf(type.schema() as Node, new Map())

function walkOf(node: Node, named: Map<string, PayloadWalk>): PayloadWalk {
  if (typeof node === 'string') return PRIMITIVES[node] ?? named.get(node) ?? refuse(`no walk for type ${node}`)
  if (isUnion(node)) return union(node.map(branch => walkOf(branch, named)))
  const walk = complex(node, named)
  if (node.name !== undefined) named.set(node.name, walk)
  return walk
}

function complex(node: Named, named: Map<string, PayloadWalk>): PayloadWalk {
  switch (node.type) {
    case 'record':
      return sequence((node.fields ?? []).map(field => walkOf(field.type, named)))
    case 'enum':
      return choice(node.symbols?.length ?? 0)
    case 'fixed':
      return fixed(node.size ?? 0)
    case 'array':
      return blocks(walkOf(node.items ?? 'null', named))
    case 'map':
      return blocks(sequence([sized, walkOf(node.values ?? 'null', named)]))
    default:
      return walkOf(node.type, named)
  }
}

const isUnion = (node: Node): node is readonly Node[] => Array.isArray(node)

const refuse = (why: string): never => {
  throw new RangeError(why)
}

const varint: PayloadWalk = (bytes, position) => {
  for (let length = 1; length <= 10; length++) {
    const byte = bytes[position++]
    if (byte === undefined) return refuse('truncated')
    if (byte < 0x80) return position
  }
  return refuse('a number of more than ten bytes')
}

/** The varint as a number; only ever counts, sizes and indexes, for which doubles are exact enough. */
function zigzag(bytes: Uint8Array, position: number, end: number): number {
  let sum = 0
  for (let i = end - 1; i >= position; i--) sum = sum * 128 + ((bytes[i] ?? 0) & 0x7f)
  return sum % 2 === 0 ? sum / 2 : -(sum + 1) / 2
}

const sized: PayloadWalk = (bytes, position) => {
  const start = varint(bytes, position)
  const size = zigzag(bytes, position, start)
  if (size < 0 || start + size > bytes.length) return refuse('a text or bytes longer than the message')
  return start + size
}

const fixed =
  (size: number): PayloadWalk =>
  (bytes, position) =>
    position + size <= bytes.length ? position + size : refuse('truncated')

const PRIMITIVES: Readonly<Record<string, PayloadWalk>> = {
  null: (_, position) => position,
  boolean: (bytes, position) => ((bytes[position] ?? 2) <= 1 ? position + 1 : refuse('not a boolean')),
  int: varint,
  long: varint,
  float: fixed(4),
  double: fixed(8),
  string: sized,
  bytes: sized,
}

const sequence =
  (parts: readonly PayloadWalk[]): PayloadWalk =>
  (bytes, position) => {
    let at = position
    for (const part of parts) at = part(bytes, at)
    return at
  }

const choice =
  (count: number): PayloadWalk =>
  (bytes, position) => {
    const end = varint(bytes, position)
    const index = zigzag(bytes, position, end)
    return index >= 0 && index < count ? end : refuse('a choice that the schema does not have')
  }

const union = (branches: readonly PayloadWalk[]): PayloadWalk => {
  const choose = choice(branches.length)
  return (bytes, position) => {
    const end = choose(bytes, position)
    const branch = branches[zigzag(bytes, position, end)] ?? refuse('a choice that the schema does not have')
    return branch(bytes, end)
  }
}

/** Arrays and maps: counted blocks up to an empty one. A negative count is followed by the block's size in bytes. */
const blocks =
  (item: PayloadWalk): PayloadWalk =>
  (bytes, position) => {
    let at = position
    for (;;) {
      const end = varint(bytes, at)
      const count = zigzag(bytes, at, end)
      at = count < 0 ? varint(bytes, end) : end
      if (count === 0) return at
      const until = count < 0 ? at + zigzag(bytes, end, at) : undefined
      // No item of our schemas is empty, so there cannot be more of them than bytes.
      if (Math.abs(count) > bytes.length - at) return refuse('a list longer than the message')
      for (let i = 0; i < Math.abs(count); i++) at = item(bytes, at)
      // Whoever passes over a field jumps by this size, to where nobody has walked.
      if (until !== undefined && until !== at) return refuse('a list whose size is not that of its items')
    }
  }
