import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { openKafkaLog } from '../../src/changestream/kafka/kafka-log.ts'
import { partitionOf } from '../../src/changestream/kafka/partition.ts'
import type { KafkaReport } from '../../src/changestream/report.ts'
import { changeLogContract } from '../contract/change-log.ts'
import { forgettingContract } from '../contract/forgetting.ts'
import { progressOf } from '../support/changes.ts'
import { hasKafka } from '../support/kafka.ts'
import { kafkaWithAdmin } from '../support/kafka-with-admin.ts'

const PARTITIONS = 3
const report: KafkaReport = {
  kafkaClientSaid: () => {},
  kafkaReaderRestarted: () => {},
  kafkaFault: () => {},
  kafkaTopicDoubtful: () => {},
}

test('a key keeps its partition for ever: FNV-1a of its bytes', () => {
  // Vectors of the FNV authors (draft-eastlake-fnv, appendix): 32-bit FNV-1a of "", "a" and "foobar".
  expect(partitionOf('', 2 ** 32)).toBe(0x811c9dc5)
  expect(partitionOf('a', 2 ** 32)).toBe(0xe40c292c)
  expect(partitionOf('foobar', 2 ** 32)).toBe(0xbf9cf968)
  expect(partitionOf('ec2/123456789012/us-east-1', 12)).toBeLessThan(12)
})

test('no broker: a sentence with the address and the key to correct', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  await new Promise(resolve => server.close(resolve))
  const brokers = [`127.0.0.1:${port}`]
  await expect(openKafkaLog({ brokers, partitions: 1, report })).rejects.toMatchObject({
    code: 'WHOHAD_KAFKA_UNREACHABLE',
    message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port}.*kafka\\.brokers`)),
  })
})

describe.skipIf(!hasKafka)('with a real broker', () => {
  const broker = kafkaWithAdmin()

  const newTopic = () => `whohad.test.${randomUUID()}`
  const open = (topic: string, partitions = PARTITIONS) =>
    openKafkaLog({ brokers: broker.kafka.brokers, topic, partitions, report, retentionStepMs: 0 })

  const create = async () => {
    const topic = newTopic()
    return {
      open: () => open(topic),
      async writeForeign() {
        const producer = broker.client().producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
        await producer.connect()
        const value = JSON.stringify({ hello: 'from another team' })
        await producer.send({ topic, messages: [{ value, partition: partitionOf('ec2/a', PARTITIONS) }] })
        await producer.disconnect()
      },
      async dispose() {
        const topics = (await broker.admin.listTopics()).filter(name => name.startsWith(topic))
        await broker.admin.deleteTopics({ topics })
      },
    }
  }
  changeLogContract('Kafka', create)
  forgettingContract('Kafka', create)

  test('makes the topic with the settings that keep history', async () => {
    const topic = newTopic()
    await (await open(topic)).close()
    const { resources } = await broker.admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
    })
    const settings = Object.fromEntries(
      (resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]),
    )
    expect(settings).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'message.timestamp.type': 'LogAppendTime',
    })
  })

  test('two processes that make the topic at once both get it', async () => {
    const topic = newTopic()
    const logs = await Promise.all([open(topic), open(topic)])
    await Promise.all(logs.map(log => log.close()))
  })

  test('refuses a compacted topic, and says how to mend it', async () => {
    const topic = newTopic()
    const configEntries = [{ name: 'cleanup.policy', value: 'compact' }]
    await broker.admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions: PARTITIONS, configEntries }],
    })
    await expect(open(topic)).rejects.toMatchObject({
      code: 'WHOHAD_KAFKA_TOPIC_UNSUITABLE',
      message: expect.stringMatching(/cleanup\.policy compact.*kafka-configs/),
    })
  })

  test('refuses a topic with another partition count', async () => {
    const topic = newTopic()
    await (await open(topic)).close()
    await expect(open(topic, PARTITIONS + 1)).rejects.toMatchObject({
      code: 'WHOHAD_KAFKA_TOPIC_UNSUITABLE',
      message: expect.stringContaining(`a partition count of ${PARTITIONS}`),
    })
  })

  test('refuses a position that retention has removed', async () => {
    const topic = newTopic()
    const log = await open(topic, 1)
    await log.append([1, 2, 3, 4].map(sequence => progressOf('ec2/a', 1, sequence)))
    await broker.admin.fetchTopicOffsets(topic) // the client deletes only from partitions whose leader it has met
    await broker.admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] })
    const read = async (from?: number[]) => {
      const offsets: number[] = []
      const signal = new AbortController().signal
      for await (const batch of log.read({ follow: false, signal, ...(from && { from }) })) {
        offsets.push(...batch.map(({ offset }) => offset))
      }
      return offsets
    }
    await expect(read([1])).rejects.toMatchObject({ code: 'WHOHAD_STREAM_POSITION_GONE' })
    expect(await read()).toEqual([3])
    expect(await read([3])).toEqual([3])
    await log.close()
  })

  test('a follower that is slower than the producer gets everything in order', async () => {
    const log = await open(newTopic(), 1)
    const stop = new AbortController()
    const seen: number[] = []
    const writing = (async () => {
      for (let i = 0; i < 20; i++) await log.append([progressOf('ec2/a', 1, i)])
    })()
    for await (const batch of log.read({ follow: true, signal: stop.signal })) {
      await new Promise(resolve => setTimeout(resolve, 20))
      for (const { change } of batch) if (change.record === 'progress') seen.push(change.revision.sequence)
      if (seen.length === 20) stop.abort()
    }
    await writing
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i))
    await log.close()
  })
})
