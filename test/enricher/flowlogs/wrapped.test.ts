import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { inColumns, inObjects, type Shown } from '../../support/flow-batches.ts'
import { repeatedFrame, skippableFrame, storedFrame } from '../../support/zstd-frames.ts'

const sample = readFileSync('test/golden/flow-logs/v2-default.log')
const header = sample.toString('utf8', 0, sample.indexOf('\n') + 1)
const records = sample.toString('utf8').trimEnd().split('\n').slice(1)

/** The sample as the zstd command packs it at level 19, with a checksum. */
const BY_ZSTD = [
  'KLUv/WR8AqUKAGYUPR5QbR0QQT3Ygyb8QteKI0iigUrbXfqUlMdTMbNNygQ5ADIANACPKDLh0whJndKbk05yVhw6TQmBT6KRCEYz',
  'kiRTiiRziirF+KA0SfgcSU7o0fgsE5pEED6FomeSJCUKgkAQ0F3Lu94wftb2/aq0W/nVtnI7M4oZdqYX64PM0SwPJHV5G1uqeW/W',
  'BkyT+ea0BP28ehe3dtdX1tVtZpyZWca3FYUD4wUagUEC8d7UYsua/XkREAyERWPuymq112bFtENCGwHN2C7ntlbTMKbfdGPvymvf',
  'OfDdtcWY+3V33Sw7TiknurXenVSRuV1+zjFHdLzb3wInIHBk7GS1AcSxJfgE5kxpGCkcm1tS4OLK6LfPeo8Q/wAdLg5PprQLbe4u',
  'UwxwpREWqHfkhoqvbMDwE1jHLaTVHv/HQzsmQVtM4Av5ZxRaEhxH4n8Ao4GBbR6wshMn8IjC',
]
const packed = Buffer.from(BY_ZSTD.join(''), 'base64')

async function lines(bytes: Uint8Array, pieceBytes?: number, format?: string): Promise<Shown['line'][]> {
  const options = format === undefined ? {} : { format }
  const shown = await inColumns(bytes, options, pieceBytes)
  expect(await inObjects(bytes, options, pieceBytes)).toEqual(shown)
  if (typeof shown === 'string') throw new Error(shown)
  return shown.map(({ line }) => line)
}

const subscription = (messages: readonly string[], messageType = 'DATA_MESSAGE') =>
  JSON.stringify({
    messageType,
    owner: '123456789010',
    logGroup: 'vpc "flow" {logs}',
    logStream: 'eni-1235b8ca123456789-all',
    subscriptionFilters: ['all'],
    logEvents: messages.map((message, i) => ({ id: String(i), timestamp: 1_418_530_010_000, message })),
  })

test.for([1, 7, 100_000])('Zstandard in pieces of %i bytes is read as what it holds', async pieceBytes => {
  const whole = await lines(sample)
  expect(await lines(packed, pieceBytes)).toEqual(whole)
  expect(await lines(storedFrame(sample), pieceBytes)).toEqual(whole)
  const middle = sample.length >> 1
  const frames = [skippableFrame(sample), storedFrame(sample.subarray(0, middle)), skippableFrame(Buffer.alloc(0))]
  expect(await lines(Buffer.concat([...frames, storedFrame(sample.subarray(middle))]), pieceBytes)).toEqual(whole)
  expect(await lines(gzipSync(gzipSync(packed)), pieceBytes)).toEqual(whole)
})

test('a Zstandard file cut at any place says so, and gives the whole blocks before', async () => {
  const frames = Buffer.concat([storedFrame(sample), packed])
  for (let length = 5; length < frames.length; length += 37) {
    if (length === storedFrame(sample).length) continue
    expect((await lines(frames.subarray(0, length))).at(-1)).toMatchObject({ reason: 'truncated-zstd' })
  }
  const cut = await lines(Buffer.concat([storedFrame(sample), packed.subarray(0, 100)]))
  expect(cut.slice(0, -1)).toEqual(await lines(sample))
})

test('what is no Zstandard behind its magic is corrupt, and what came before is kept', async () => {
  const whole = await lines(sample)
  const bad = [Buffer.from('no frame at all'), storedFrame(sample, 0xff), Buffer.from([...packed.subarray(0, 4), 3, 0])]
  for (const tail of bad) {
    const found = await lines(Buffer.concat([storedFrame(sample), tail, Buffer.alloc(20)]))
    expect(found.slice(0, -1)).toEqual(whole)
    expect(found.at(-1)).toMatchObject({ reason: 'corrupt-zstd' })
  }
})

test('a few bytes of Zstandard that stand for hundreds of megabytes are read in little memory', async () => {
  const before = process.memoryUsage().rss
  const bomb = Buffer.concat([
    storedFrame(Buffer.from(header)),
    repeatedFrame(120, 2400),
    storedFrame(Buffer.from('\n')),
  ])
  const shown = await inColumns(Buffer.concat([bomb, storedFrame(Buffer.from(records[0] ?? ''))]))
  expect(shown).toMatchObject([{ line: { reason: 'line-too-long', line: 1 } }, { line: { kind: 'flow', line: 2 } }])
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20)
})

test('subscription data gives the messages, in the default format, one document after another', async () => {
  const whole = (await lines(sample)).map(line => ({ ...line, line: line.line }))
  const renumbered = whole.map((line, i) => ({ ...line, line: i }))
  const documents = `${subscription(records.slice(0, 3))}${subscription([], 'CONTROL_MESSAGE')}\n ${subscription(records.slice(3))}`
  for (const pieceBytes of [1, 13, 100_000]) {
    expect(await lines(Buffer.from(documents), pieceBytes)).toEqual(renumbered)
    expect(await lines(gzipSync(documents), pieceBytes)).toEqual(renumbered)
  }
  // Firehose puts what CloudWatch has compressed end to end, and may compress it once more.
  const members = Buffer.concat([gzipSync(subscription(records.slice(0, 3))), gzipSync(subscription(records.slice(3)))])
  expect(await lines(gzipSync(members))).toEqual(renumbered)
  const event = JSON.stringify({ awslogs: { data: gzipSync(subscription(records)).toString('base64') } })
  expect(await lines(Buffer.from(event))).toEqual(renumbered)
  const reply = JSON.stringify({ events: records.map(message => ({ message })), searchedLogStreams: [] }, null, 2)
  expect(await lines(Buffer.from(reply))).toEqual(renumbered)
})

test('subscription data is read in a given format', async () => {
  const found = await lines(Buffer.from(subscription(['10.0.0.1 10.0.0.2 9'])), 100, 'srcaddr dstaddr bytes')
  expect(found).toMatchObject([{ kind: 'flow', observed: ['10.0.0.1', '10.0.0.2'], bytes: 9 }])
})

test('a document that is broken is told of, and the next one is read', async () => {
  const good = subscription(records.slice(0, 1))
  const broken = [
    '{"messageType":"DATA_MESSAGE","logEv',
    '{"a":"}{"}',
    '{nonsense}',
    'between',
    '{"awslogs":{"data":"AAAA"}}',
  ]
  for (const bad of broken) {
    for (const pieceBytes of [1, 100_000]) {
      const found = await lines(Buffer.from(`${good}${bad}${good}`), pieceBytes)
      expect(found.map(line => ('reason' in line ? line.reason : line.kind))).toEqual([
        'flow',
        'malformed-envelope',
        'flow',
      ])
      expect(found[1]).toMatchObject({ sample: bad })
    }
  }
  expect(await lines(Buffer.from(`${good}${good.slice(0, 50)}`))).toMatchObject([
    { kind: 'flow' },
    { reason: 'malformed-envelope', detail: 'the document is cut short' },
  ])
})

test('of a document that is cut short before the first line, both readers know no columns yet', async () => {
  const message = '2 1 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 1 1 2 ACCEPT OK'
  const whole = JSON.stringify({ messageType: 'DATA_MESSAGE', logEvents: [{ id: '1', timestamp: 1, message }] })
  const bytes = Buffer.from(`{${whole}`)
  const shown = await inObjects(bytes)
  expect(shown).toMatchObject([
    { columns: [], line: { reason: 'malformed-envelope' } },
    { columns: expect.arrayContaining(['srcaddr']), line: { kind: 'flow' } },
  ])
  expect(await inColumns(bytes)).toEqual(shown)
})
