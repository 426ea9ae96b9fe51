import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BatchReader } from '../../../src/enricher/flowlogs/read-batches.ts'
import { inPieces } from '../../support/byte-streams.ts'
import { inColumnsOf, inObjects } from '../../support/flow-batches.ts'
import { formats, linesOfFormat } from '../../support/flow-lines.ts'
import { propertyRuns, propertyTimeoutMs } from '../../support/property-runs.ts'

/** Lines of two formats that take turns from file to file, so that a reader meets each of them again. */
const formatsAndFiles = fc.tuple(formats, formats).chain(both => {
  const file = fc.integer({ min: 0, max: 1 }).chain(which => {
    const names = both[which as 0 | 1]
    return fc
      .array(linesOfFormat(names), { maxLength: 12 })
      .map(lines => Buffer.from([names.join(' '), ...lines, ''].join('\n')))
  })
  const how = fc.constantFrom('plain', 'packed', 'torn', 'left', 'empty')
  return fc.array(fc.tuple(file, how), { minLength: 2, maxLength: 6 })
})

test('a reader says of each of many inputs what a new one says, also after one that was torn or left', {
  timeout: propertyTimeoutMs(120_000),
}, async () => {
  await fc.assert(
    fc.asyncProperty(formatsAndFiles, fc.constantFrom(1, 3, 4096), async (files, batchRecords) => {
      const reader = new BatchReader({ batchRecords, inflating: 'here' })
      for (const [text, how] of files) {
        const packed = gzipSync(text)
        const bytes =
          how === 'plain' ? text : how === 'torn' ? packed.subarray(0, -9) : how === 'empty' ? Buffer.alloc(0) : packed
        const shown = await inColumnsOf(reader, bytes, 1000, how === 'left' ? 1 : undefined)
        if (how !== 'left') expect(shown).toEqual(await inObjects(bytes))
      }
    }),
    propertyRuns(200),
  )
})

test('the texts of the next input keep their numbers, until there are more than are kept', async () => {
  const reader = new BatchReader({})
  const lines = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `eni-${String(from + i).padStart(17, '0')} 10.0.0.1 10.0.0.2 1 2`)
  const numbersIn = async (texts: readonly string[]): Promise<Map<string, number>> => {
    const numbers = new Map<string, number>()
    const text = Buffer.from(['interface-id srcaddr dstaddr start end', ...texts, ''].join('\n'))
    for await (const batch of reader.read(inPieces(text), 'a.log')) {
      for (let place = 0; place < batch.count; place++) {
        const number = batch.interfaces[place] as number
        numbers.set(batch.texts.text(number), number)
      }
    }
    return numbers
  }
  const first = await numbersIn(lines(0, 50))
  expect(first.size).toBe(50)
  expect(await numbersIn(lines(0, 50).reverse())).toEqual(first)
  expect((await numbersIn(lines(50, 70_000))).size).toBe(70_000)
  expect((await numbersIn(lines(0, 50))).size).toBe(50)
})

test('two inputs at a time are refused, and the first goes on', async () => {
  const reader = new BatchReader({})
  const text = Buffer.from('interface-id srcaddr dstaddr start end\neni-1 10.0.0.1 10.0.0.2 1 2\n')
  const first = reader.read(inPieces(text), 'first.log')
  expect((await first.next()).value?.count).toBe(1)
  await expect(reader.read(inPieces(text), 'second.log').next()).rejects.toThrow('second.log')
  expect((await first.next()).done).toBe(true)
  expect((await reader.read(inPieces(text), 'third.log').next()).value?.count).toBe(1)
})
