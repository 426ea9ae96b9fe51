import { randomUUID } from 'node:crypto'
import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { examineKafka } from '../../src/changestream/kafka/examine.ts'
import { type KafkaLogOptions, openKafkaLog } from '../../src/changestream/kafka/kafka-log.ts'
import { hasKafka, keptReport } from '../support/kafka.ts'
import { kafkaWithAdmin } from '../support/kafka-with-admin.ts'

const PARTITIONS = 2
const DAY_MS = 24 * 3600 * 1000

describe.skipIf(!hasKafka)('the topic on a real broker', () => {
  const broker = kafkaWithAdmin()

  const open = async (topic: string, options: Partial<KafkaLogOptions> = {}, kept = keptReport()) => {
    const log = await openKafkaLog({
      brokers: broker.kafka.brokers,
      topic,
      partitions: PARTITIONS,
      report: kept.report,
      ...options,
    })
    await log.close()
    return kept
  }
  const make = async (config: Readonly<Record<string, string>>, numPartitions = PARTITIONS) => {
    const topic = `whohad.test.${randomUUID()}`
    const all = {
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'message.timestamp.type': 'LogAppendTime',
      ...config,
    }
    const configEntries = Object.entries(all).map(([name, value]) => ({ name, value }))
    await broker.admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions, configEntries }] })
    return topic
  }
  const configOf = async (topic: string) => {
    const { resources } = await broker.admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
    })
    const entries = resources[0]?.configEntries ?? []
    return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]))
  }

  test('is examined without anything being made or written', async () => {
    const missing = `whohad.test.${randomUUID()}`
    const examined = async (topic: string, others: readonly string[] = []) =>
      examineKafka({ brokers: broker.kafka.brokers, topic, partitions: PARTITIONS }, others, keptReport().report)
    expect((await examined(missing)).topics).toMatchObject([{ topic: missing, isThere: false }])
    expect(await broker.admin.listTopics()).not.toContain(missing)

    const compacted = await make({ 'cleanup.policy': 'compact' })
    const doubtful = await make({ 'retention.ms': String(DAY_MS) })
    const found = await examined(compacted, [doubtful, missing])
    expect(found.topics.map(({ isThere }) => isThere)).toEqual([true, true, false])
    expect(found.topics[0]?.fatal).toMatchObject([{ setting: 'cleanup.policy', is: 'compact' }])
    const [{ fatal, doubts } = { fatal: [], doubts: [] }] = (await examined(doubtful)).topics
    expect(fatal).toEqual([])
    expect(doubts).toContainEqual(expect.objectContaining({ setting: 'retention.ms', is: String(DAY_MS) }))
  })

  test('is made with settings that keep history and order', async () => {
    const topic = `whohad.test.${randomUUID()}`
    const { doubts } = await open(topic)
    expect(await configOf(topic)).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      'min.insync.replicas': '1',
      'message.timestamp.type': 'LogAppendTime',
      'compression.type': 'producer',
      'unclean.leader.election.enable': 'false',
    })
    const { topics } = await broker.admin.fetchTopicMetadata({ topics: [topic] })
    expect(topics[0]?.partitions.map(({ replicas }) => replicas.length)).toEqual([1, 1]) // as many as there are brokers
    expect(doubts).toEqual([])
  })

  test('is made with the retention that is asked for, and told of where the broker would be first', async () => {
    const topic = `whohad.test.${randomUUID()}`
    const { doubts } = await open(topic, { retentionMs: 7 * DAY_MS, retentionBytes: 1_000_000_000 })
    expect(await configOf(topic)).toMatchObject({ 'retention.ms': '604800000', 'retention.bytes': '1000000000' })
    expect(doubts).toMatchObject([
      {
        setting: 'retention.ms',
        wanted: expect.stringContaining('retention.days is not set'),
        mend: expect.stringMatching(/add-config retention\.ms=-1.*set retention\.days to 5 at most/),
      },
      { setting: 'retention.bytes', mend: expect.stringContaining('add-config retention.bytes=-1') },
    ])
    const inTime = await open(topic, { retentionMs: 7 * DAY_MS, historyMs: 5 * DAY_MS })
    expect(inTime.doubts.map(({ setting }) => setting)).toEqual(['retention.bytes'])
    const tooLate = await open(topic, { retentionMs: 7 * DAY_MS, historyMs: 5 * DAY_MS + 1 })
    expect(tooLate.doubts.find(({ setting }) => setting === 'retention.ms')).toMatchObject({
      wanted: expect.stringContaining('two days more than retention.days'),
      mend: expect.stringContaining('lower retention.days'),
    })
  })

  test.each([
    [
      'a cleanup.policy of compact',
      { 'cleanup.policy': 'compact' },
      /cleanup\.policy compact.*add-config cleanup\.policy=delete/,
    ],
    [
      'one of compact,delete',
      { 'cleanup.policy': 'compact,delete' },
      /cleanup\.policy.*add-config cleanup\.policy=delete/,
    ],
    [
      'its writers’ clocks',
      { 'message.timestamp.type': 'CreateTime' },
      /CreateTime.*add-config message\.timestamp\.type=LogAppendTime/,
    ],
    [
      'more replicas in sync than there are',
      { 'min.insync.replicas': '2' },
      /min\.insync\.replicas 2.*at most 1.*add-config min\.insync\.replicas=1/,
    ],
    [
      'a compression that cannot be read',
      { 'compression.type': 'zstd' },
      /compression\.type zstd.*add-config compression\.type=producer/,
    ],
    [
      'a limit below one poll’s records',
      { 'max.message.bytes': '100000' },
      /max\.message\.bytes 100000.*at least 786432/,
    ],
  ])('is refused with %s, with the command that mends it', async (_, config, sentence) => {
    const topic = await make(config)
    await expect(open(topic)).rejects.toMatchObject({
      code: 'WHOHAD_KAFKA_TOPIC_UNSUITABLE',
      message: expect.stringMatching(sentence),
    })
  })

  test('is refused where partitions were added to it', async () => {
    const topic = await make({})
    await open(topic)
    await broker.admin.createPartitions({ topicPartitions: [{ topic, count: PARTITIONS + 1 }] })
    await expect(open(topic)).rejects.toMatchObject({
      code: 'WHOHAD_KAFKA_TOPIC_UNSUITABLE',
      message: expect.stringMatching(/a partition count of 3.*Set kafka\.partitions to 3/),
    })
  })

  test('that keeps less than is asked for can be used: a poller that does not start loses history now', async () => {
    const topic = await make({ 'retention.ms': '3600000', 'retention.bytes': '5000000' })
    const { doubts } = await open(topic, { retentionBytes: 6_000_000 })
    expect(doubts.slice(0, 2)).toMatchObject([
      { topic, setting: 'retention.ms', is: '3600000', mend: expect.stringContaining('add-config retention.ms=-1') },
      { setting: 'retention.bytes', is: '5000000', mend: expect.stringContaining('retention.bytes=6000000') },
    ])
    const enough = await open(topic, { retentionMs: 3_600_000, retentionBytes: 5_000_000 })
    expect(enough.doubts.filter(({ mend }) => mend.includes('kafka.retention'))).toEqual([])
  })

  test('with fewer replicas than asked for, or unclean elections, can be used, and is told of', async () => {
    const topic = await make({ 'unclean.leader.election.enable': 'true' })
    const { doubts } = await open(topic, { replicationFactor: 3, minInsyncReplicas: 2 })
    expect(doubts.map(({ setting, is }) => [setting, is])).toEqual([
      ['a replication factor of', '1'],
      ['min.insync.replicas', '1'],
      ['unclean.leader.election.enable', 'true'],
    ])
  })
})
