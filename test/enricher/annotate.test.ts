import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type AnnotateSettings, createAnnotator } from '../../src/enricher/annotate.ts'
import { lookUpsOn } from '../../src/enricher/look-ups.ts'
import { textHeader, toJson, toText } from '../support/annotation-text.ts'
import { collect, inPieces } from '../support/byte-streams.ts'
import { claimOf, indexOf, NOW_MS, sampleIndex } from '../support/flow-log-inventory.ts'

const SAMPLES = 'test/golden/flow-logs'
/** When the sample of 2021 was recorded: a time for the samples that have none. */
const AT_MS = 1_616_729_300_000

const annotator = (over: Partial<AnnotateSettings> = {}) =>
  createAnnotator({ lookUps: lookUpsOn(sampleIndex(), []), slackMs: 60_000, nowMs: NOW_MS, ...over })

async function annotateSample(file: string, atMs?: number) {
  const { annotate, summary } = annotator({ atMs })
  const lines = await collect(annotate(file, inPieces(readFileSync(`${SAMPLES}/${file}`))))
  return { lines, summary: summary() }
}

test.for([
  ['v2-default.log', undefined],
  ['v3-tcp-flags.log', undefined],
  ['v5-service-path-direction.log', undefined],
  ['nat-gateway.log', AT_MS],
  ['transit-gateway-vpc.log', AT_MS],
] as const)('golden: %s', async ([file, atMs]) => {
  const { lines, summary } = await annotateSample(file, atMs)
  const name = `../golden/flow-logs/expected/${file.replace('.log', '')}`
  const rows = [...lines.map(toJson), { summary }].map(row => `${JSON.stringify(row)}\n`)
  await expect(rows.join('')).toMatchFileSnapshot(`${name}.ndjson`)
  const text = [textHeader(lines[0]?.columns ?? []), ...lines.map(toText)]
  await expect(`${text.join('\n')}\n`).toMatchFileSnapshot(`${name}.txt`)
})

test('records without time are counted and said, not answered', async () => {
  const { lines, summary } = await annotateSample('nat-gateway.log')
  expect(summary).toEqual({ records: 0, withoutTime: 6, noData: 0, skipData: 0, rejected: {}, states: [] })
  expect(lines.map(({ kind }) => kind)).toEqual(Array(6).fill('without-time'))
  expect(lines.map(toJson)[4]).toMatchObject({ 'instance-id': 'i-01234567890123456', problem: 'without-time' })
  expect(lines.map(toText)[0]).toBe('- eni-1235b8ca123456789 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 - - - -')
})

test("a record's own time wins over the given one", async () => {
  expect(await annotateSample('v3-tcp-flags.log', AT_MS)).toEqual(await annotateSample('v3-tcp-flags.log'))
})

test('the summary counts flows and bytes of both sides by state and reason, over all files', async () => {
  const { annotate, summary } = annotator()
  for (const file of ['v5-service-path-direction.log', 'v3-tcp-flags.log']) {
    await collect(annotate(file, inPieces(readFileSync(`${SAMPLES}/${file}`))))
  }
  const v3 = 568 + 376 + 23294588 + 967
  expect(summary().records).toBe(6)
  const owned = { state: 'owned', reason: 'authoritative-time' }
  expect(summary().states).toEqual([
    { side: 'source', state: 'external', reason: 'aws-service', flows: 1, bytes: 15044 },
    { side: 'destination', ...owned, flows: 5, bytes: 15044 + v3 },
    { side: 'source', ...owned, flows: 5, bytes: 471 + v3 },
    { side: 'destination', state: 'external', reason: 'aws-service', flows: 1, bytes: 471 },
  ])
})

test('the question that the design opens with is answered from a record too', async () => {
  const { annotate } = annotator()
  const record = '52.11.120.97 10.0.0.62 1495670748 1495670748 ingress'
  const log = `srcaddr dstaddr start end flow-direction\n${record}\n`
  const [line] = await collect(annotate('a', inPieces(log)))
  expect(line && toText(line)).toBe(`${record} edge owned - unknown`)
})

test('lines that are no records are given in their place, and none of the text stands under a wrong column', async () => {
  const { annotate, summary } = annotator()
  const log = 'srcaddr dstaddr start end log-status\na b\n- - 1 2 NODATA\n- - 1 2 SKIPDATA\n10.0.0.1 10.0.0.2 3 2 OK\n'
  const lines = await collect(annotate('bad.log', inPieces(log)))
  expect(lines.map(toJson)).toEqual([
    { file: 'bad.log', line: 1, problem: 'too-few-fields', detail: '', sample: 'a b' },
    { srcaddr: null, dstaddr: null, start: 1, end: 2, 'log-status': 'NODATA', problem: 'nodata' },
    { srcaddr: null, dstaddr: null, start: 1, end: 2, 'log-status': 'SKIPDATA', problem: 'skipdata' },
    { file: 'bad.log', line: 4, problem: 'start-after-end', detail: '', sample: '10.0.0.1 10.0.0.2 3 2 OK' },
  ])
  expect(lines.map(toText)).toEqual([undefined, '- - 1 2 NODATA - - - -', '- - 1 2 SKIPDATA - - - -', undefined])
  expect(summary()).toMatchObject({
    noData: 1,
    skipData: 1,
    rejected: { 'too-few-fields': 1, 'start-after-end': 1 },
  })
})

test('a name with spaces stays one field', async () => {
  const spaced = claimOf({
    domain: 'inet.0',
    prefix: '203.0.113.9',
    layer: 'instance',
    owner: { application: 'my 100% app' },
    from: 1_600_000_000,
    until: 1_700_000_000,
  })
  const { annotate } = annotator({ lookUps: lookUpsOn(indexOf([spaced]), []), nowMs: 1_700_000_000_000 })
  const log = 'srcaddr dstaddr start end\n203.0.113.9 10.0.0.1 1650000000 1650000001'
  const [line] = await collect(annotate('a', inPieces(log)))
  expect(line && toText(line)?.split(' ').slice(4)).toEqual(['my%20100%25%20app', 'owned', '-', 'unknown'])
})

test('the lines before a failure are given and counted', async () => {
  async function* torn() {
    yield Buffer.from('srcaddr dstaddr start end\n10.0.0.1 10.0.0.2 1 2\n')
    throw new Error('disk gone')
  }
  const { annotate, summary } = annotator()
  await expect(collect(annotate('a', torn()))).rejects.toThrow('disk gone')
  expect(summary().records).toBe(1)
})
