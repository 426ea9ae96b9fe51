import { afterAll, describe, expect, test } from 'vitest'
import { measureAccuracy } from '../../src/cli/demo-accuracy.ts'
import { simulatedSettings } from '../../src/cli/demo-settings.ts'
import { openDemoWorld } from '../../src/cli/demo-world.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { createTelemetry } from '../../src/cli/telemetry.ts'
import { startSimulatedCloud } from '../../src/simulator/cloud.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { startClickHouseHttp } from '../support/clickhouse-http.ts'
import { hasKafka, startKafkaForTests } from '../support/kafka.ts'

describe.skipIf(!hasKafka)('the whole path on Kafka and on ClickHouse by URL', () => {
  const closing: (() => Promise<unknown>)[] = []
  afterAll(async () => {
    for (const close of closing.reverse()) await close()
  })

  test('attributes a simulated quarter of an hour without a wrong answer, and answers the same after a restart', async () => {
    const broker = await startKafkaForTests()
    closing.push(() => broker.stop())
    const clickhouse = await startClickHouseHttp(await temporaryFolder('http'), {
      username: 'whohad',
      password: 'secret',
    })
    closing.push(() => clickhouse.close())
    const cloud = await startSimulatedCloud({ seed: 11, startMs: Date.UTC(2026, 0, 1), connectionsPerMinute: 80 })
    closing.push(() => cloud.close())
    const defaults = loadSettings({})
    const settings = {
      ...simulatedSettings(defaults, cloud),
      kafka: { ...defaults.kafka, brokers: [...broker.brokers], partitions: 4 },
      clickhouse: { url: clickhouse.url, username: 'whohad', password: 'secret', database: 'whohad' },
    }
    const telemetry = createTelemetry({ level: 'error', version: 'test' })
    const open = () => openDemoWorld(cloud, settings, { telemetry, threadPoolSize: 16 })

    const world = await open()
    await world.fastForward(15, () => {}, new AbortController().signal)
    const keys = new Map<string, string>()
    for (const id of await world.pipeline.store.committedObjects()) {
      const object = await world.pipeline.store.findObject(id)
      if (object) keys.set(id, object.key)
    }
    const { records, wrong, managed } = await measureAccuracy(world.pipeline.store, cloud, keys)
    expect(wrong).toBe(0)
    expect(records).toBeGreaterThan(1000)
    expect(managed.owned.flows).toBeGreaterThan(records)

    const { ip, atMs, vpc } = cloud.sampleQuestion()
    const domain = cloud.vpcs.find(other => other.vpc === vpc)?.name ?? ''
    const question = {
      ip: ip as Parameters<typeof world.pipeline.ask>[0]['ip'],
      domain,
      fromMs: atMs,
      untilMs: atMs + 1,
    }
    const nowMs = cloud.clock.now()
    const before = await world.pipeline.ask({ ...question, nowMs })
    await world.close()

    const again = await open()
    closing.push(() => again.close())
    await again.pipeline.materialiser.caughtUp
    expect(before.state).toBe('owned')
    expect(await again.pipeline.ask({ ...question, nowMs })).toEqual(before)
  }, 180_000)
})
