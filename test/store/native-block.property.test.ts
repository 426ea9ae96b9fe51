import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NativeBlock } from '../../src/store/native-block.ts'
import { propertyRuns } from '../support/property-runs.ts'

/** So many texts that their numbers take one, two and four bytes, the last of each included; and rows at no border of words. */
const TEXTS = [1, 2, 255, 256, 257, 65_536, 65_537]

const MANY = Array.from({ length: 65_537 }, (_, number) => number.toString(36))

const column = fc
  .tuple(fc.constantFrom(...TEXTS), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 100 }))
  .chain(([texts, kinds, rows]) =>
    fc.record({
      texts: fc.constant(texts),
      /** The last number is often there: it has all bits of its width. */
      numbers: fc.array(fc.oneof(fc.nat(texts - 1), fc.constant(texts - 1)), { minLength: kinds, maxLength: kinds }),
      kinds: fc.array(fc.nat(kinds - 1), { minLength: rows, maxLength: rows }),
      lists: fc.array(fc.array(fc.string(), { maxLength: 3 }), { minLength: kinds, maxLength: kinds }),
    }),
  )

const blockOf = (rows: number, write: (block: NativeBlock) => void): Uint8Array => {
  const block = new NativeBlock()
  block.begin(rows, 1)
  write(block)
  return block.finished().slice()
}

test('texts by kind are the texts that the rows of the kind would have one by one', () => {
  fc.assert(
    fc.property(column, ({ texts, numbers, kinds }) => {
      const all = MANY.slice(0, texts)
      const byRow = Uint32Array.from(kinds, kind => numbers[kind] ?? 0)
      const byKind = blockOf(kinds.length, block =>
        block.chosenBy('name', all, Int32Array.from(numbers), Int32Array.from(kinds)),
      )
      const plain = blockOf(kinds.length, block => block.chosen('name', all, byRow))
      expect(Buffer.compare(byKind, plain)).toBe(0) // half a megabyte: toEqual takes a second
    }),
    propertyRuns(100),
  )
})

test('lists by kind are those that the rows of the kind would have one by one', () => {
  fc.assert(
    fc.property(column, ({ kinds, lists }) => {
      const byRow = kinds.map(kind => lists[kind] ?? [])
      const byKind = blockOf(kinds.length, block => block.lists('name', lists, Int32Array.from(kinds)))
      const plain = blockOf(kinds.length, block => block.lists('name', byRow, Int32Array.from(kinds.keys())))
      expect(byKind).toEqual(plain)
      expect(Buffer.from(byKind.subarray(2))).toEqual(
        Buffer.concat([head('name', 'Array(String)'), ends(byRow), texts(byRow)]),
      )
      if (byRow.every(list => list.length === 0)) {
        expect(byKind).toEqual(blockOf(kinds.length, block => block.lists('name')))
      }
    }),
    propertyRuns(100),
  )
})

/** As the format has it, written plainly. Texts here are short. */
const text = (value: string) => Buffer.concat([Buffer.of(Buffer.byteLength(value)), Buffer.from(value)])
const head = (name: string, type: string) => Buffer.concat([text(name), text(type)])
const texts = (lists: readonly (readonly string[])[]) => Buffer.concat(lists.flat().map(text))

function ends(lists: readonly (readonly string[])[]): Buffer {
  let end = 0
  return Buffer.concat(
    lists.map(list => {
      const bytes = Buffer.alloc(8)
      end += list.length
      bytes.writeBigUInt64LE(BigInt(end))
      return bytes
    }),
  )
}
