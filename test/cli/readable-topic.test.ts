import { randomUUID } from 'node:crypto'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { encodeChange } from '../../src/changestream/codec.ts'
import { openKafkaLog } from '../../src/changestream/kafka/kafka-log.ts'
import { openExport } from '../../src/changestream/transfer/export-reader.ts'
import { exportChanges } from '../../src/cli/export-command.ts'
import { replayed, replayedAsOf } from '../../src/cli/replayed.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { openStore } from '../../src/store/open-store.ts'
import { recordedReport, testClock } from '../support/clickhouse-rows.ts'
import { deleteBefore } from '../support/faults.ts'
import { hasKafka, keptReport } from '../support/kafka.ts'
import { kafkaWithAdmin } from '../support/kafka-with-admin.ts'
import { polledStory } from '../support/polled-story.ts'
import { readAll } from '../support/retained-state.ts'

const STORY = polledStory(20).flatMap(({ changes }) => changes)
const PARTITIONS = 3
const signal = new AbortController().signal

describe.skipIf(!hasKafka)('a topic that is only read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'whohad-readable-'))
  const broker = kafkaWithAdmin()
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  afterEach(() => void vi.restoreAllMocks())

  const settingsOf = (topic: string, data = join(folder, 'nothing')) =>
    loadSettings(
      {
        WHOHAD_KAFKA__BROKERS: broker.kafka.brokers.join(','),
        WHOHAD_KAFKA__TOPIC: topic,
        WHOHAD_KAFKA__PARTITIONS: String(PARTITIONS),
        WHOHAD_DATA__PATH: data,
      },
      { config: '/dev/null' },
    )
  const listen = () => {
    const said: string[] = []
    vi.spyOn(process.stderr, 'write').mockImplementation(text => said.push(String(text)) > 0)
    return () => said.join('')
  }
  const changesIn = async (file: string): Promise<readonly Change[]> => {
    const found: Change[] = []
    for await (const { changes } of await openExport(createReadStream(file))) found.push(...changes)
    return found
  }
  const sorted = (changes: readonly Change[]) => changes.map(change => encodeChange(change).toString('hex')).sort()

  test('is not made where it is missing, by an export or a question: both say so', async () => {
    const topic = `whohad.test.${randomUUID()}`
    const missing = { code: 'WHOHAD_KAFKA_TOPIC_MISSING', message: expect.stringContaining(topic) }
    const out = join(folder, 'never.avro')
    await expect(exportChanges(settingsOf(topic), { out, state: false, signal })).rejects.toMatchObject(missing)
    await expect(replayed(settingsOf(topic))).rejects.toMatchObject(missing)
    expect(await broker.admin.listTopics()).not.toContain(topic)
  }, 60_000)

  test('is read through the store where retention has removed its beginning, and says so where there is none', async () => {
    const topic = `whohad.test.${randomUUID()}`
    const log = await openKafkaLog({
      brokers: broker.kafka.brokers,
      topic,
      partitions: PARTITIONS,
      report: keptReport().report,
    })
    const begunMs = Date.now()
    await log.append(STORY)
    const data = join(folder, 'data')
    const store = await openStore(
      { driver: 'chdb', path: join(data, 'store') },
      { clock: testClock, report: recordedReport().report },
    )
    await store.migrate()
    await store.insertChanges(await readAll(log))
    await store.close()
    const end = await log.end()
    await deleteBefore(
      broker.admin,
      topic,
      end.map(offset => Math.floor(offset / 2)),
    )
    await log.close()

    const [short, whole] = [join(folder, 'short.avro'), join(folder, 'whole.avro')]
    const said = listen()
    expect(await exportChanges(settingsOf(topic), { out: short, state: false, signal })).toBe(5)
    expect(said()).toMatch(/begins at offset \d+, \d+, \d+ by partition.*holds no store/)
    expect((await changesIn(short)).length).toBeLessThan(STORY.length)
    await expect(replayed(settingsOf(topic))).rejects.toMatchObject({ code: 'WHOHAD_HISTORY_OUT_OF_REACH' })

    expect(await exportChanges(settingsOf(topic, data), { out: whole, state: false, signal })).toBe(0)
    expect(sorted(await changesIn(whole))).toEqual(sorted(STORY))
    const now = await replayed(settingsOf(topic, data))
    expect(now.counts().claims).toBeGreaterThan(0)

    const [before, after] = [begunMs - 60_000, Date.now() + 60_000]
    await expect(replayedAsOf(settingsOf(topic), after)).rejects.toMatchObject({ code: 'WHOHAD_HISTORY_OUT_OF_REACH' })
    const then = await replayedAsOf(settingsOf(topic, data), after)
    expect([then.index.counts(), then.position, then.isWhole]).toEqual([now.counts(), end, true])
    const nothing = await replayedAsOf(settingsOf(topic, data), before)
    expect([nothing.index.counts().claims, nothing.position, nothing.isWhole]).toEqual([0, [0, 0, 0], true])
  }, 120_000)
})
