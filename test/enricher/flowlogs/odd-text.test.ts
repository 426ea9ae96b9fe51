import { expect, test } from 'vitest'
import { readBatches } from '../../../src/enricher/flowlogs/read-batches.ts'
import { recordAt } from '../../../src/enricher/flowlogs/record-at.ts'
import { collect, inPieces } from '../../support/byte-streams.ts'
import { inColumns, inObjects } from '../../support/flow-batches.ts'

const HEADER = 'interface-id srcaddr dstaddr start end bytes'
const lineOf = (i: number) => `eni-${i} 10.${i >> 16}.${(i >> 8) & 255}.${i & 255} 10.0.0.1 10 20 ${i}`

async function shown(text: string, pieceBytes?: number, batchRecords = 8192) {
  const found = await inColumns(Buffer.from(text), { batchRecords }, pieceBytes)
  expect(found).toEqual(await inObjects(Buffer.from(text)))
  if (typeof found === 'string') throw new Error(found)
  return found
}

test('files that were put together keep their headers, and each line is read by its own', async () => {
  const text = `${HEADER}\n${lineOf(1)}\n${HEADER}\n${lineOf(2)}\ndstaddr srcaddr\n10.0.0.3 10.0.0.4\n${lineOf(5)}\n`
  for (const pieceBytes of [1, 1000]) {
    expect(await shown(text, pieceBytes)).toMatchObject([
      { line: { line: 1, bytes: 1 } },
      { line: { line: 3, bytes: 2 } },
      { columns: ['dstaddr', 'srcaddr'], line: { line: 5, observed: ['10.0.0.4', '10.0.0.3'], bytes: undefined } },
      { line: { line: 6, reason: 'too-many-fields' } },
    ])
  }
})

test('a sentence with the name of a field in it is no header in the middle of a file', async () => {
  expect(await shown(`${HEADER}\nerror at start of file\n${lineOf(1)}\n`)).toMatchObject([
    { line: { reason: 'too-few-fields' } },
    { line: { kind: 'flow' } },
  ])
})

test('a letter of another script makes no id: the line is rejected under a reason of its own', async () => {
  expect(await shown(`${HEADER}\n${lineOf(1).replace('eni', '\u0435ni')}\n`)).toMatchObject([
    { line: { reason: 'malformed-id', detail: 'interface-id' } },
  ])
})

test('NODATA and SKIPDATA say which interface is not covered, and when', async () => {
  const text =
    'interface-id srcaddr dstaddr start end log-status\neni-1 - - 60 119 SKIPDATA\neni-2 - - 120 179 NODATA\n'
  expect(await shown(text)).toMatchObject([
    { line: { kind: 'skipped', status: 'SKIPDATA', interfaceId: 'eni-1', startSeconds: 60, endSeconds: 119 } },
    { line: { kind: 'skipped', status: 'NODATA', interfaceId: 'eni-2', startSeconds: 120, endSeconds: 179 } },
  ])
})

test('what a regional NAT gateway recorded names it, for there is no interface', async () => {
  const text = 'interface-id resource-id srcaddr dstaddr\n- nat-0a 10.0.0.1 203.0.113.5\n'
  for await (const batch of readBatches(inPieces(text, 2 ** 20), { name: 'a' })) {
    expect(recordAt(batch, 0)).toMatchObject({ interfaceId: undefined, resourceId: 'nat-0a' })
  }
})

test('a line of 300 megabytes takes no more memory than any other', async () => {
  async function* bytes() {
    yield Buffer.from(`${HEADER}\n${lineOf(1)}\n`)
    const piece = Buffer.alloc(2 ** 20, 'x')
    for (let i = 0; i < 300; i++) yield piece
    yield Buffer.from(`\n${lineOf(2)}\n`)
  }
  const before = process.memoryUsage().rss
  const lines = await collect(
    (async function* () {
      for await (const { count, others } of readBatches(bytes(), { name: 'a' })) yield { count, others: [...others] }
    })(),
  )
  expect(process.memoryUsage().rss - before).toBeLessThan(60 * 2 ** 20)
  expect(lines.flatMap(({ others }) => others)).toMatchObject([{ reason: 'line-too-long', line: 2 }])
  expect(lines.reduce((sum, { count }) => sum + count, 0)).toBe(2)
})

test('an object with more ids than are kept at a time is read right to its end', async () => {
  const count = 150_000
  const lines = Array.from({ length: count }, (_, i) => `eni-${i} ${i >> 1} 10.0.0.1 10.0.0.2`)
  const text = `interface-id account-id srcaddr dstaddr\n${lines.join('\n')}`
  const tables = new Set<unknown>()
  let next = 0
  for await (const batch of readBatches(inPieces(text, 2 ** 20), { name: 'a' })) {
    tables.add(batch.texts)
    for (let place = 0; place < batch.count; place++, next++) {
      const { texts, interfaces, accounts } = batch
      const isRight = texts.text(interfaces[place] ?? -1) === `eni-${next}`
      if (!isRight || texts.text(accounts[place] ?? -1) !== String(next >> 1)) throw new Error(`line ${next + 1}`)
    }
  }
  expect(next).toBe(count)
  expect(tables.size).toBeGreaterThan(1)
})

test('numbers and ids at their limits are what the reference says', async () => {
  const header = 'srcport dstport protocol packets bytes start end srcaddr dstaddr resource-id tgw-dst-vpc-id'
  const good = ['1', '2', '6', '3', '4', '5', '9', '10.0.0.1', '10.0.0.2', 'nat-1', 'vpc-1']
  const numbers = [
    '0',
    '65535',
    '65536',
    '4294967295',
    '4294967296',
    '4294967376',
    '0000080',
    '00000080',
    '000000000080',
  ]
  const wide = ['99999999999', '999999999999', '9007199254740991', '9007199254740992', '0'.repeat(15), '-', '-1', '1-']
  const ids = ['-', '--', '\u0435', 'a\u007f', 'a\u0080', '~', '!', 'x'.repeat(300)]
  const lines = good.flatMap((_, at) =>
    (at < 7 ? [...numbers, ...wide] : ids).map(value => good.with(at, value).join(' ')),
  )
  const found = await shown([header, ...lines].join('\n'))
  expect(found.filter(({ line }) => line.kind === 'flow').length).toBeGreaterThan(60)
  expect(found.filter(({ line }) => line.kind === 'rejected').length).toBeGreaterThan(30)
})

test('a batch is no larger than was asked for, whatever it holds', async () => {
  const text = `${HEADER}\n${Array.from({ length: 100 }, (_, i) => (i % 3 ? lineOf(i) : 'bad')).join('\n')}`
  await shown(text, 50, 7)
  for await (const batch of readBatches(inPieces(text, 2 ** 20), { name: 'a', batchRecords: 7 })) {
    expect(batch.count).toBeLessThanOrEqual(7)
    expect(batch.others.length).toBeLessThanOrEqual(7)
  }
})

test('a missing header, and a format that is none, are thrown before the first batch', async () => {
  expect(await inColumns(Buffer.from(`${lineOf(1)}\n`))).toBe('WHOHAD_FLOW_HEADER_MISSING')
  expect(await inColumns(Buffer.from(''), { format: 'nonsense' })).toBe('WHOHAD_FLOW_FORMAT_MALFORMED')
})
