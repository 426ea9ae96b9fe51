import avro, { type Schema, type Type } from 'avsc'

type Node = string | readonly Node[] | Named
type Named = {
  readonly type: Node
  readonly name?: string
  readonly fields?: readonly { readonly name: string; readonly type: Node }[]
  readonly symbols?: readonly string[]
  readonly default?: unknown
  readonly items?: Node
  readonly values?: Node
}

/**
 * The type by which bytes of a schema are read: as avsc reads them, but maps come as lists of `{ key, value }`. Avro writes
 * both alike, and avsc fills plain objects, where an entry called `__proto__` is lost without a word.
 */
export const readingType = (schema: Schema): Type => avro.Type.forSchema(mapsAsLists(schema as Node, []) as Schema)

/**
 * Reads what `writer` wrote as `reader` has it (Avro's rules of schema resolution). A symbol that the reader's enum lacks is
 * its default; where it has none the symbol is handed over, for whoever knows what to say of that one record: avsc would
 * refuse all records of the writer.
 *
 * @returns What reads one record that fills the buffer.
 * @throws Error where the two cannot be reconciled.
 */
export function resolvedReading(reader: Schema, writer: Schema): (payload: Buffer) => unknown {
  const writing = readingType(writer)
  const reading = readingType(withSymbolsOf(symbolsByName(writer as Node), reader as Node) as Schema)
  const resolver = reading.createResolver(writing)
  return payload => reading.fromBuffer(payload, resolver)
}

function mapsAsLists(node: Node, path: readonly string[]): Node {
  if (typeof node === 'string') return node
  if (isUnion(node)) return node.map(branch => mapsAsLists(branch, path))
  if (node.type === 'map') {
    const entry = {
      type: 'record',
      name: `Entry_${path.join('_')}`, // the same for reader and writer, and for no other map
      fields: [
        { name: 'key', type: 'string' },
        { name: 'value', type: mapsAsLists(node.values ?? 'null', [...path, 'value']) },
      ],
    }
    // A default of {} for the map is one of [] for the list; the field's own is replaced where it stands.
    return { type: 'array', items: entry }
  }
  if (node.fields) {
    const fields = node.fields.map(field => fieldWithLists(field, [...path, field.name]))
    return { ...node, fields }
  }
  if (node.items !== undefined) return { ...node, items: mapsAsLists(node.items, path) }
  return typeof node.type === 'string' ? node : { ...node, type: mapsAsLists(node.type, path) }
}

type Field = { readonly name: string; readonly type: Node; readonly default?: unknown }

function fieldWithLists(field: Field, path: readonly string[]): Field {
  const type = mapsAsLists(field.type, path)
  const isList = (field.type as Named).type === 'map'
  if (!isList || field.default === undefined) return { ...field, type }
  const entries = Object.entries(field.default as Record<string, unknown>)
  return { ...field, type, default: entries.map(([key, value]) => ({ key, value })) }
}

function symbolsByName(node: Node, found = new Map<string, readonly string[]>()): Map<string, readonly string[]> {
  if (typeof node === 'string') return found
  for (const part of partsOf(node)) symbolsByName(part, found)
  if (!isUnion(node) && node.name !== undefined && node.symbols) found.set(unqualified(node.name), node.symbols)
  return found
}

function withSymbolsOf(symbols: ReadonlyMap<string, readonly string[]>, node: Node): Node {
  if (typeof node === 'string') return node
  if (isUnion(node)) return node.map(branch => withSymbolsOf(symbols, branch))
  if (node.symbols && node.default === undefined) {
    const more = symbols.get(unqualified(node.name ?? '')) ?? []
    return { ...node, symbols: [...new Set([...node.symbols, ...more])] }
  }
  const within = (part: Node) => withSymbolsOf(symbols, part)
  return {
    ...node,
    ...(typeof node.type !== 'string' && { type: within(node.type) }),
    ...(node.fields && { fields: node.fields.map(field => ({ ...field, type: within(field.type) })) }),
    ...(node.items !== undefined && { items: within(node.items) }),
    ...(node.values !== undefined && { values: within(node.values) }),
  }
}

function partsOf(node: Exclude<Node, string>): readonly Node[] {
  if (isUnion(node)) return node
  const { type, fields = [], items, values } = node
  return [
    type,
    ...fields.map(field => field.type),
    ...(items === undefined ? [] : [items]),
    ...(values === undefined ? [] : [values]),
  ]
}

const isUnion = (node: Node): node is readonly Node[] => Array.isArray(node)
const unqualified = (name: string): string => name.slice(name.lastIndexOf('.') + 1)
