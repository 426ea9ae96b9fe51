import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import kafkajs, { type KafkaMessage } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { encodeChange } from '../../src/changestream/codec.ts'
import { crc32c } from '../../src/changestream/kafka/crc32c.ts'
import { openKafkaLog } from '../../src/changestream/kafka/kafka-log.ts'
import { batchesIn, encodeBatch, unpackedRecords, visitRecords } from '../../src/changestream/kafka/record-batch.ts'
import { inRequests, packed, REQUEST_BYTES, type Request } from '../../src/changestream/kafka/requests.ts'
import type { DeadLetter, LoggedChange } from '../../src/changestream/port.ts'
import { progressOf } from '../support/changes.ts'
import { hasKafka, keptReport } from '../support/kafka.ts'
import { kafkaWithAdmin } from '../support/kafka-with-admin.ts'

const anyRecord = fc.record({
  key: fc.string({ maxLength: 300, unit: 'grapheme' }),
  value: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(63, 64, 8191, 8192, 70_000).map(length => new Uint8Array(length)),
  ),
})

test('a batch gives back its records in their order, whatever their lengths, compressed or not', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRecord, { minLength: 1, maxLength: 200 }),
      fc.constantFrom('none', 'gzip'),
      async (records, compression) => {
        const values = records.map(({ value }) => Buffer.from(value))
        const bytes = await encodeBatch(
          records.map(({ key }, i) => ({ key, value: values[i] ?? Buffer.alloc(0) })),
          compression as 'none' | 'gzip',
        )
        const [batch, ...others] = batchesIn(Buffer.concat([bytes, bytes.subarray(0, bytes.length - 1)]))
        expect(others).toEqual([]) // cut off: it comes again
        const seen: [number, Buffer][] = []
        if (batch) visitRecords(batch, await unpackedRecords(batch), (offset, _, value) => seen.push([offset, value]))
        expect(batch?.lastOffset).toBe(records.length - 1)
        expect(seen.map(([offset]) => offset)).toEqual(records.map((_, i) => i))
        expect(seen.every(([offset, value]) => value.equals(values[offset] ?? Buffer.alloc(1)))).toBe(true)
      },
    ),
    { numRuns: 100 },
  )
})

test('a batch whose records are damaged is an error, not a loop and not other records', async () => {
  const bytes = await encodeBatch([{ key: 'ec2/a', value: Buffer.alloc(50) }], 'none')
  for (let at = 61; at < bytes.length; at++) {
    for (const wrong of [0x00, 0x7f, 0xff]) {
      const damaged = Buffer.from(bytes)
      damaged[at] = wrong
      const [batch] = batchesIn(damaged)
      let visited = 0
      try {
        if (batch) visitRecords(batch, await unpackedRecords(batch), () => visited++)
      } catch (error) {
        expect((error as Error).message).toMatch(/cut short/)
      }
      expect(visited).toBeLessThanOrEqual(1)
    }
  }
})

test('the checksum is CRC-32C, of any length and beginning', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  const theirs: (bytes: Buffer) => number = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/crc32C')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 9 }), (bytes, from) => {
      const part = Buffer.from(bytes).subarray(from)
      expect(crc32c(part)).toBe(theirs(part))
    }),
  )
})

test('a request is begun to be packed before the next is made; what cannot be made ends all before anything is sent', async () => {
  const seen: number[] = []
  function* requests(): Generator<Request> {
    for (const i of [0, 1, 2]) {
      seen.push(i)
      yield new Map([[0, [{ key: 'ec2/a', value: Buffer.of(i) }]]])
    }
  }
  const begun = packed(requests(), 'gzip')
  expect(seen).toEqual([0, 1, 2])
  const batches = (await Promise.all(begun)).flat().flatMap(({ batch }) => batchesIn(batch))
  const values: number[] = []
  for (const batch of batches) {
    visitRecords(batch, await unpackedRecords(batch), (_, __, value) => values.push(...value))
  }
  expect(values).toEqual([0, 1, 2])
  function* failing(): Generator<Request> {
    yield* requests()
    throw new Error('it does not fit')
  }
  expect(() => packed(failing(), 'gzip')).toThrow('it does not fit')
})

test('requests keep order and stay below what a broker takes by default', async () => {
  const records = Array.from({ length: 3000 }, (_, i) => ({
    key: 'ec2/a',
    value: Buffer.alloc(1000, i % 251),
    partition: i % 3,
  }))
  const requests = [...inRequests(records)]
  for (const request of requests) {
    const bytes = [...request.values()].flat().reduce((sum, { value }) => sum + value.length, 0)
    expect(bytes).toBeLessThanOrEqual(REQUEST_BYTES.soft)
  }
  for (const partition of [0, 1, 2]) {
    const sent = requests.flatMap(request => request.get(partition) ?? [])
    expect(sent).toEqual(records.filter(record => record.partition === partition))
  }
  let batches = 0
  for await (const bundles of packed(requests, 'none')) {
    for (const { batch } of bundles) expect(batch.length).toBeLessThan(REQUEST_BYTES.atLeast)
    batches += bundles.length
  }
  expect(batches).toBe(requests.length * 3)
})

describe.skipIf(!hasKafka)('on a real broker', () => {
  const broker = kafkaWithAdmin()
  const open = (topic: string, compression: 'gzip' | 'none') =>
    openKafkaLog({ brokers: broker.kafka.brokers, topic, partitions: 1, compression, report: keptReport().report })

  test.each(['gzip', 'none'] as const)('what is written with %s, another client of the process reads', async kind => {
    const topic = `whohad.test.${randomUUID()}`
    const log = await open(topic, kind)
    const changes = Array.from({ length: 300 }, (_, i) => progressOf('ec2/ä', 1, i))
    await log.append(changes)
    await log.close()
    const consumer = broker.client().consumer({ groupId: topic, maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    const messages: KafkaMessage[] = []
    await new Promise<void>(resolve => {
      const eachMessage = async ({ message }: { message: KafkaMessage }) => {
        messages.push(message)
        if (messages.length === changes.length) resolve()
      }
      void consumer.run({ eachMessage })
    })
    await consumer.disconnect()
    expect(messages.map(({ value }) => value)).toEqual(changes.map(encodeChange))
    expect(new Set(messages.map(({ key }) => key?.toString()))).toEqual(new Set(['ec2/ä']))
    expect(Number(messages[0]?.timestamp)).toBeGreaterThan(Date.UTC(2020, 0))
  })

  test('what another client has written is read: headers, no key, no value, several batches in one fetch', async () => {
    const topic = `whohad.test.${randomUUID()}`
    const log = await open(topic, 'gzip')
    const value = (sequence: number) => encodeChange(progressOf('ec2/a', 1, sequence))
    const producer = broker.client().producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
    await producer.connect()
    const headers = { trace: 'x'.repeat(200), several: ['a', 'b'] }
    await producer.send({ topic, messages: [{ key: 'ec2/a', value: value(1), headers }, { value: value(2) }] })
    await producer.send({ topic, messages: [{ key: 'ec2/a', value: null }] })
    await producer.send({
      topic,
      compression: kafkajs.CompressionTypes.GZIP,
      messages: [
        { key: 'ec2/a', value: value(4), timestamp: '5000' },
        { key: 'ec2/a', value: value(5), timestamp: '1000' },
      ],
    })
    const newer = { __value_schema_id: Buffer.concat([Buffer.of(1), Buffer.alloc(16, 9)]), trace: 'x' }
    await producer.send({ topic, messages: [{ value: value(6).subarray(10), headers: { a: 'b', ...newer } }] })
    await producer.disconnect()
    const letters: DeadLetter[] = []
    const read: LoggedChange[] = []
    const signal = new AbortController().signal
    for await (const batch of log.read({ follow: false, signal, onDeadLetter: letter => letters.push(letter) }))
      read.push(...batch)
    await log.close()
    expect(read.map(({ change, offset }) => [change, offset])).toEqual(
      [1, 2, 4, 5].map(sequence => [progressOf('ec2/a', 1, sequence), sequence - 1]),
    )
    expect(letters).toMatchObject([
      { partition: 0, offset: 2, reason: expect.stringContaining('header') },
      { partition: 0, offset: 5, reason: expect.stringMatching(/__value_schema_id.*PrefixSchemaIdSerializer/) },
    ])
    expect(letters[0]?.reason).not.toContain('__value_schema_id')
    // The log's clock, not the writer's.
    for (const { loggedAtMs } of read) expect(loggedAtMs).toBeGreaterThan(Date.UTC(2020, 0))
  })
})
