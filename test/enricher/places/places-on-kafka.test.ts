import kafkajs, { type Producer } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sharedTopic } from '../../../src/changestream/kafka/shared-topic.ts'
import type { FlowObjectRef } from '../../../src/enricher/flowlogs/object-ref.ts'
import { messagePlace } from '../../../src/enricher/places/message-place.ts'
import type { PlaceReport, UnreadableMessage } from '../../../src/enricher/places/object-place.ts'
import { topicSource } from '../../../src/enricher/places/topic.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { objectPlaceContract } from '../../contract/object-place.ts'
import { collect } from '../../support/byte-streams.ts'
import { hasKafka, keptReport } from '../../support/kafka.ts'
import { kafkaWithAdmin } from '../../support/kafka-with-admin.ts'

const BUCKET = 'logs'
const PARTITIONS = 4

let number = 0

describe.skipIf(!hasKafka)('places on Kafka', () => {
  const running = kafkaWithAdmin()
  let producer: Producer
  beforeAll(async () => {
    producer = running.client().producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
    await producer.connect()
  })
  afterAll(() => producer.disconnect())

  const makeTopic = async (partitions = PARTITIONS) => {
    const topic = `object-names-${number++}`
    await running.admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions }] })
    const send = (value: string | null, partition?: number) =>
      producer.send({ topic, messages: [{ value, ...(partition !== undefined && { partition }) }] })
    return { topic, send }
  }
  const placeOn = (topic: string) => {
    const letters: UnreadableMessage[] = []
    const told: string[] = []
    const kept = keptReport()
    const report: PlaceReport = {
      messageRead: ({ result }) => told.push(result),
      messagesDone: ({ messages }) => told.push(`done ${messages}`),
      messagesLost: ({ messages }) => told.push(`lost ${messages}`),
      messagesWaiting: () => {},
    }
    const shared = sharedTopic({
      brokers: running.kafka.brokers,
      topic,
      group: `group of ${topic}`,
      report: kept.report,
    })
    const place = messagePlace(topicSource(shared), {
      name: 'topic test',
      bucket: BUCKET,
      prefix: '',
      find: async key => ({ bucket: BUCKET, key, etag: 'found', sizeBytes: 1 }),
      onUnreadable: async letter => void letters.push(letter),
      passMs: 1_000,
      clock: systemClock,
      report,
    })
    return { place, letters, told, ...kept }
  }
  /** A broker that has just started may still be busy with its groups: that is an error of one pass. */
  const passOf = async ({ place }: Pick<ReturnType<typeof placeOn>, 'place'>): Promise<readonly FlowObjectRef[]> => {
    const given: FlowObjectRef[] = []
    try {
      for await (const object of place.list()) given.push(object)
    } catch (error) {
      expect(error).toMatchObject({ code: 'WHOHAD_KAFKA_FAILED' })
    }
    return given
  }
  const committed = async (topic: string): Promise<number> => {
    const [found] = await running.admin.fetchOffsets({ groupId: `group of ${topic}`, topics: [topic] })
    return (found?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0)
  }

  objectPlaceContract('a Kafka topic of names', async () => {
    const { topic, send } = await makeTopic()
    return {
      async put(key) {
        const object = { bucket: BUCKET, key, etag: `e${number++}`, sizeBytes: 7 }
        await send(JSON.stringify({ ...object, size: 7 }))
        return object
      },
      open: async () => placeOn(topic).place,
      dispose: async () => {},
    }
  })

  test('nothing is committed past a message that is not done, and what cannot be read is passed after it was kept', async () => {
    const { topic, send } = await makeTopic(1)
    for (const value of ['{"bucket":"logs","key":"a"}', 'no JSON', null, '{"bucket":"logs","key":"b"}'])
      await send(value)
    const { place, letters } = placeOn(topic)
    const given = []
    for (let pass = 0; pass < 20 && given.length < 2; pass++) given.push(...(await passOf({ place })))
    const [first, second] = given
    if (first === undefined || second === undefined) throw new Error('two objects were expected')
    expect(letters.map(({ place: where }) => where.slice(0, 21))).toEqual([
      'partition 0, offset 1',
      'partition 0, offset 2',
    ])
    await place.acknowledge(second)
    await collect(place.list())
    expect(await committed(topic)).toBe(0)
    await place.acknowledge(first)
    await collect(place.list())
    expect(await committed(topic)).toBe(4)
    await place.close()
  })

  test('another member takes over what is not done of the partitions that it gets, and both finish their own', async () => {
    const { topic, send } = await makeTopic()
    const keys = Array.from({ length: 12 }, (_, n) => `k${n}`)
    for (const [n, key] of keys.entries()) await send(JSON.stringify({ bucket: BUCKET, key }), n % PARTITIONS)
    const pass = async (one: ReturnType<typeof placeOn>) => (await passOf(one)).map(({ key }) => key)
    const first = placeOn(topic)
    for (let tried = 0; tried < 20 && (await pass(first)).length < keys.length; tried++);
    expect((await pass(first)).toSorted()).toEqual(keys.toSorted())
    const second = placeOn(topic)
    let has: readonly (readonly string[])[] = []
    for (let tried = 0; tried < 30 && !(has[0]?.length === 6 && has[1]?.length === 6); tried++)
      has = await Promise.all([pass(first), pass(second)])
    expect(has.map(({ length }) => length)).toEqual([6, 6])
    expect(has.flat().toSorted()).toEqual(keys.toSorted())
    expect(first.told.filter(what => what.startsWith('lost'))).toEqual(['lost 6'])
    for (const { place } of [first, second]) {
      for await (const object of place.list()) await place.acknowledge(object)
      await place.close()
    }
    expect(await committed(topic)).toBe(keys.length)
  })

  test('a topic that is not there is said to be missing at every pass, and read once it is', async () => {
    const topic = `object-names-${number++}`
    const { place } = placeOn(topic)
    for (let pass = 0; pass < 2; pass++)
      await expect(collect(place.list())).rejects.toMatchObject({
        code: 'WHOHAD_KAFKA_SHARED_TOPIC_MISSING',
        retriable: true,
      })
    await running.admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] })
    await producer.send({ topic, messages: [{ value: '{"bucket":"logs","key":"a"}' }] })
    let given = 0
    for (let pass = 0; pass < 20 && given === 0; pass++) given += (await collect(place.list())).length
    expect(given).toBe(1)
    await place.close()
  })

  test('names that the topic let go of before they were read are told of', async () => {
    const { topic, send } = await makeTopic(1)
    await send('{"bucket":"logs","key":"a"}')
    const first = placeOn(topic)
    for (let pass = 0; pass < 20 && (await committed(topic)) === 0; pass++)
      for await (const object of first.place.list()) await first.place.acknowledge(object)
    await first.place.close()
    for (const key of ['b', 'c', 'd']) await send(JSON.stringify({ bucket: BUCKET, key }))
    await running.admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] })
    const { place, faults } = placeOn(topic)
    const keys: string[] = []
    for (let pass = 0; pass < 20 && keys.length === 0; pass++) for await (const { key } of place.list()) keys.push(key)
    expect(keys).toEqual(['d'])
    expect(faults).toEqual([
      {
        fault: 'position-lost',
        detail: `partition 0 of ${topic}: the group had read up to 1, and the topic begins at 3`,
      },
    ])
    await place.close()
  })
})
