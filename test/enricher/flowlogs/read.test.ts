import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { ParsedLine } from '../../../src/enricher/flowlogs/parse.ts'
import { readFlowLog } from '../../../src/enricher/flowlogs/read.ts'
import { collect, inPieces } from '../../support/byte-streams.ts'

const SAMPLES = 'test/golden/flow-logs'
const HEADER = 'srcaddr dstaddr start end bytes'
const lineOf = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255} 10.0.0.1 ${1_700_000_000 + i} 1800000000 ${i}`
const bodyOf = (count: number) => `${HEADER}\n${Array.from({ length: count }, (_, i) => lineOf(i + 1)).join('\n')}\n`

async function read(bytes: Uint8Array | string, pieceBytes?: number, format?: string): Promise<ParsedLine[]> {
  const batches = await collect(readFlowLog(inPieces(bytes, pieceBytes), { name: 'a.log', format }))
  return batches.flatMap(({ lines }) => lines)
}

test.for([
  ['v2-default.log', 14, { flow: 5, skipped: 2 }],
  ['v3-tcp-flags.log', 21, { flow: 4 }],
  ['v5-service-path-direction.log', 29, { flow: 2 }],
  ['nat-gateway.log', 6, { flow: 6 }],
  ['transit-gateway-vpc.log', 17, { flow: 4 }],
] as const)('%s has %i fields and exactly these lines', async ([file, columns, counts]) => {
  const batches = await collect(readFlowLog(inPieces(readFileSync(`${SAMPLES}/${file}`), 100), { name: file }))
  const lines = batches.flatMap(batch => batch.lines)
  expect(batches.at(-1)?.columns).toHaveLength(columns)
  const seen: Record<string, number> = {}
  for (const { kind } of lines) seen[kind] = (seen[kind] ?? 0) + 1
  expect(seen).toEqual(counts)
  expect(lines.map(({ line }) => line)).toEqual(lines.map((_, i) => i + 1))
})

test('the sample line with two spaces is read as AWS meant it', async () => {
  const lines = await read(readFileSync(`${SAMPLES}/v3-tcp-flags.log`))
  expect(lines[3]).toMatchObject({
    kind: 'flow',
    source: { observed: '10.0.0.62', packet: '10.0.0.62', port: 5001 },
    destination: { observed: '52.213.180.42', packet: '52.213.180.42', port: 43638 },
    bytes: 967,
    packets: 14,
    startSeconds: 1566933133,
    endSeconds: 1566933193,
  })
})

test.for([1, 2, 7, 1000])('plain and gzip text in pieces of %i bytes give the same lines', async pieceBytes => {
  const text = bodyOf(50)
  const whole = await read(text)
  expect(whole).toHaveLength(50)
  expect(await read(text, pieceBytes)).toEqual(whole)
  expect(await read(gzipSync(text), pieceBytes)).toEqual(whole)
})

test('one chunk of many megabytes is read like any other', async () => {
  expect(await read(bodyOf(200_000), 2 ** 30)).toHaveLength(200_000)
})

test('all members of a gzip file are read, and a line may run from one into the next', async () => {
  const text = bodyOf(40)
  const middle = Math.floor(text.length / 2)
  const members = Buffer.concat([gzipSync(text.slice(0, middle)), gzipSync(text.slice(middle))])
  expect(await read(members)).toEqual(await read(text))
})

test('a missing last newline, carriage returns and blank lines are tolerated', async () => {
  const text = bodyOf(3)
  const whole = await read(text)
  expect(await read(text.trimEnd())).toEqual(whole)
  expect(await read(text.replaceAll('\n', '\r\n'))).toEqual(whole)
  const blanks = await read(text.replaceAll('\n', '\n\n  \n'))
  expect(blanks.map(({ line }) => line)).toEqual([3, 6, 9])
})

test('a gzip file cut at any place gives every whole line before the cut, and then says so', async () => {
  const text = bodyOf(800)
  const whole = await read(text)
  const rows = text.split('\n')
  const zipped = gzipSync(text)
  let most = 0
  for (let length = 100; length < zipped.length; length += 100) {
    const lines = await read(zipped.subarray(0, length), 64)
    const problem = lines.at(-1)
    expect(problem).toMatchObject({ kind: 'rejected', reason: 'truncated-gzip', line: lines.length })
    expect(problem).toMatchObject({ detail: `unexpected end of file after ${length} compressed bytes` })
    const records = lines.slice(0, -1)
    // No line that was cut is taken for a shorter one, and the piece that is left is where the next line begins.
    expect(records).toEqual(whole.slice(0, records.length))
    expect(problem?.kind === 'rejected' && rows[problem.line]?.startsWith(problem.sample)).toBe(true)
    most = Math.max(most, records.length)
  }
  expect(most).toBeGreaterThan(700)
})

test('a corrupt gzip file gives what came before by more than one slice', async () => {
  const zipped = gzipSync(bodyOf(100_000), { level: 1 })
  const at = Math.floor(zipped.length * 0.8)
  zipped.fill(0xff, at, at + 64)
  const lines = await read(zipped)
  expect(lines.at(-1)).toMatchObject({ kind: 'rejected', reason: 'corrupt-gzip' })
  expect(lines.length).toBeGreaterThan(50_000)
})

test('a torn connection is an error, not a file that is cut short', async () => {
  async function* torn() {
    yield gzipSync(bodyOf(10)).subarray(0, 60)
    throw new Error('socket hang up')
  }
  await expect(collect(readFlowLog(torn(), { name: 'a' }))).rejects.toThrow('socket hang up')
})

test('a line of a megabyte is one rejected line, and the next one is read', async () => {
  for (const pieceBytes of [1000, 2 ** 22]) {
    const lines = await read(`${HEADER}\n${'x '.repeat(500_000)}\n${lineOf(1)}\n`, pieceBytes)
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatchObject({ kind: 'rejected', reason: 'line-too-long', line: 1, sample: 'x '.repeat(128) })
    expect(lines[1]).toMatchObject({ kind: 'flow', line: 2 })
  }
})

test('a bad line is passed over and keeps its number', async () => {
  const lines = await read(`${HEADER}\n${lineOf(1)}\nnot a record\n${lineOf(2)}\n`)
  expect(lines.map(({ kind, line }) => `${line} ${kind}`)).toEqual(['1 flow', '2 rejected', '3 flow'])
})

test('an empty file and a header alone hold no records', async () => {
  expect(await read('')).toEqual([])
  expect(await read(gzipSync(''))).toEqual([])
  expect(await read(HEADER)).toEqual([])
  expect(await read(`${HEADER}\n`)).toEqual([])
})

test('a file without header says how to give the format, and is read with it', async () => {
  await expect(read(`${lineOf(1)}\n`)).rejects.toMatchObject({
    code: 'WHOHAD_FLOW_HEADER_MISSING',
    message: expect.stringContaining('The first line of a.log names no flow log field: "10.0.0.1 10.0.0.1'),
  })
  expect(await read(`${lineOf(1)}\n`, 10, HEADER)).toMatchObject([{ kind: 'flow', line: 0, bytes: 1 }])
  const logFormat = HEADER.split(' ').map(name => `\${${name}}`)
  expect(await read(`${lineOf(1)}\n`, 10, logFormat.join(' '))).toMatchObject([{ kind: 'flow', line: 0 }])
  await expect(read('', 10, 'nonsense')).rejects.toMatchObject({ code: 'WHOHAD_FLOW_FORMAT_MALFORMED' })
})

test("a file's own header wins over a given format", async () => {
  expect(await read(`${HEADER}\n${lineOf(1)}`, 10, 'start end srcaddr')).toMatchObject([{ kind: 'flow', line: 1 }])
})

test('binary input is refused by name, with nothing of it that a terminal would obey', async () => {
  expect(await read('PAR1\u0015\u0004')).toMatchObject([{ kind: 'rejected', line: 0, reason: 'truncated-parquet' }])
  const refusal = read('\u001b[31mred\u0007\n')
  await expect(refusal).rejects.toThrow(/\\u001b\[31mred\\u0007/)
})
