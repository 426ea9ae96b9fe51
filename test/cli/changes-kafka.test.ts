import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { RunningKafka } from '../../scripts/kafka.mjs'
import { encodeChange } from '../../src/changestream/codec.ts'
import { openEmbeddedReader } from '../../src/changestream/embedded/embedded-log.ts'
import { openKafkaLog } from '../../src/changestream/kafka/kafka-log.ts'
import type { LoggedChange } from '../../src/changestream/port.ts'
import { type Change, sourceOf } from '../../src/ownership/claim.ts'
import { claimOf, progressOf } from '../support/changes.ts'
import { buildWhohadFirst, type RunOptions, startWhohad, whohad } from '../support/cli.ts'
import { dataFolder } from '../support/cli-data.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { hasKafka, keptReport, startKafkaForTests } from '../support/kafka.ts'
import { polledStory } from '../support/polled-story.ts'
import { readAll } from '../support/retained-state.ts'

const STORY: readonly Change[] = [
  ...polledStory(60).flatMap(({ changes }) => changes),
  claimOf('ec2/one', 1, 1, { id: 'late' }), // fenced off: half way through, epoch 2 took over
  { record: 'horizon', domain: 'vpc-1', beforeMs: 1_000 },
]
const PARTITIONS = 5

/** The records of each key in their order, as bytes. */
function bytesByKey(records: readonly LoggedChange[]): Readonly<Record<string, readonly string[]>> {
  const byKey: Record<string, string[]> = {}
  for (const { change } of records) {
    const key = sourceOf(change)
    byKey[key] ??= []
    byKey[key].push(encodeChange(change).toString('hex'))
  }
  return byKey
}

describe.skipIf(!hasKafka)('with a real broker', () => {
  buildWhohadFirst()
  let kafka: RunningKafka
  let data: string
  let folder: string
  beforeAll(async () => {
    kafka = await startKafkaForTests()
    data = await dataFolder(STORY)
    folder = await temporaryFolder('changes-kafka')
  }, 180_000)
  afterAll(() => kafka?.stop())

  const onTopic = (topic: string, options: RunOptions = {}): RunOptions => ({
    ...options,
    env: {
      WHOHAD_KAFKA__BROKERS: kafka.brokers.join(','),
      WHOHAD_KAFKA__TOPIC: topic,
      WHOHAD_KAFKA__PARTITIONS: String(PARTITIONS),
    },
  })
  const open = (topic: string) =>
    openKafkaLog({ brokers: kafka.brokers, topic, partitions: PARTITIONS, report: keptReport().report })
  const newTopic = () => `whohad.test.${randomUUID()}`

  test('an embedded stream goes to Kafka and back, byte for byte but for times and places', async () => {
    const topic = newTopic()
    const [there, back] = [join(folder, 'there.avro'), join(folder, 'back.avro')]
    const target = join(folder, 'back')
    const steps = [
      await whohad(['changes', 'export', '--data', data, '--out', there]),
      await whohad(['changes', 'import', there], onTopic(topic)),
      await whohad(['changes', 'export', '--out', back], onTopic(topic)),
      await whohad(['changes', 'import', back, '--data', target]),
    ]
    for (const { code, stderr } of steps)
      expect([code, stderr]).toEqual([0, expect.stringContaining(`${STORY.length.toLocaleString('en-US')} records`)])

    const log = await open(topic)
    const [first, onKafka, last] = [
      await readAll(await openEmbeddedReader(join(data, 'changes'))),
      await readAll(log),
      await readAll(await openEmbeddedReader(join(target, 'changes'))),
    ]
    await log.close()
    expect(new Set(onKafka.map(({ partition }) => partition)).size).toBeGreaterThan(1)
    expect(bytesByKey(onKafka)).toEqual(bytesByKey(first))
    expect(bytesByKey(last)).toEqual(bytesByKey(first))

    const state = (options?: RunOptions, place: readonly string[] = []) =>
      whohad(['changes', 'export', '--state', ...place], options)
    const states = [await state({}, ['--data', data]), await state(onTopic(topic)), await state({}, ['--data', target])]
    expect(states[0]?.stdout.split('\n').length).toBeGreaterThan(20)
    for (const { stdout } of states.slice(1)) expect(stdout).toBe(states[0]?.stdout)
  }, 240_000)

  test('a topic with records is not imported into', async () => {
    const topic = newTopic()
    const log = await open(topic)
    await log.append([progressOf('ec2/a', 1, 1)])
    await log.close()
    const file = join(folder, 'refused.avro')
    await whohad(['changes', 'export', '--data', data, '--out', file])
    const { code, stderr } = await whohad(['changes', 'import', file], onTopic(topic))
    expect(stderr).toContain(`WHOHAD_IMPORT_TARGET_NOT_EMPTY: Kafka topic "${topic}" has 1 records already`)
    expect(code).toBe(2)
  }, 120_000)

  test('a topic is followed until Ctrl-C', async () => {
    const topic = newTopic()
    const log = await open(topic)
    await log.append([progressOf('ec2/a', 1, 1)])
    const running = startWhohad(['changes', '--follow'], onTopic(topic))
    await running.said(/"sequence":1\}/)
    await log.append([claimOf('ec2/a', 1, 2), progressOf('ec2/a', 1, 2)])
    await running.said(/"record":"progress".*"sequence":2\}/)
    await log.close()
    running.kill('SIGINT')
    const { code, stdout } = await running.ended
    expect(stdout.trim().split('\n')).toHaveLength(3)
    expect(code).toBe(0)
  }, 120_000)

  test('what retention has removed is told of, and the export is not whole: exit code 5', async () => {
    const topic = newTopic()
    const log = await open(topic)
    await log.append([1, 2, 3].map(sequence => progressOf('ec2/a', 1, sequence)))
    const [{ partition = 0 } = {}] = await readAll(log)
    const client = new kafkajs.Kafka({ brokers: [...kafka.brokers], logLevel: kafkajs.logLevel.NOTHING })
    const admin = client.admin()
    await admin.connect()
    await admin.fetchTopicOffsets(topic) // the client deletes only from partitions whose leader it has met
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: '2' }] })
    await admin.disconnect()
    await log.close()
    const file = join(folder, 'short.avro')
    const { code, stderr } = await whohad(['changes', 'export', '--out', file], onTopic(topic))
    expect(stderr).toContain('retention has removed what was before')
    expect(stderr).toContain('Exported 1 records')
    expect(code).toBe(5)
  }, 120_000)

  test('the topic that is made has the settings that the AsyncAPI document states', async () => {
    const topic = newTopic()
    await (await open(topic)).close()
    const client = new kafkajs.Kafka({ brokers: [...kafka.brokers], logLevel: kafkajs.logLevel.NOTHING })
    const admin = client.admin()
    await admin.connect()
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
    })
    await admin.disconnect()
    const found = Object.fromEntries(
      (resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]),
    )
    const document = parse(readFileSync('schemas/asyncapi.yaml', 'utf8'))
    const stated = Object.entries(document.channels.changes.bindings.kafka.topicConfiguration)
    // The document is for three brokers or more; here there is one.
    const here = stated.map(([name, value]) => [name, name === 'min.insync.replicas' ? '1' : String(value)])
    expect(found).toMatchObject(Object.fromEntries(here))
  }, 60_000)
})
