import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { type CutMoment, startClickHouseHttp } from '../support/clickhouse-http.ts'
import { differencesIn, finalAnswers, rowsIn } from '../support/compared-tables.ts'
import { drawnKills } from '../support/drawn-kills.ts'
import { isDrill, newTopic, note, progress, randomFor } from '../support/faults.ts'
import { hasKafka, startKafkaForTests } from '../support/kafka.ts'
import { type EnricherOutcome, type EnricherRun, enriched } from '../support/killed-enricher.ts'
import { recordedWorld, toldInSteps } from '../support/recorded-world.ts'
import { openStoryLog } from '../support/story-log.ts'
import { killChildren } from '../support/told-child.ts'

const KILLS = isDrill ? Number(process.env['WHOHAD_TEST_KILLS'] ?? 30) : 4
const MINUTES = isDrill ? 22 : 9
const STEPS = isDrill ? 14 : 5
const PARTITIONS = 4
const timeout = isDrill ? 1_500_000 : 480_000

let run: EnricherRun
let uninterrupted: EnricherOutcome
beforeAll(async () => {
  const world = await recordedWorld(1, MINUTES)
  const steps = toldInSteps(world, STEPS, randomFor('late tellings'))
  const folder = await mkdtemp(join(tmpdir(), 'whohad-kills-'))
  run = { world, steps, folder, say: progress }
  uninterrupted = await enriched(run)
}, timeout)
afterEach(killChildren)
afterAll(() => rm(run.folder, { recursive: true, force: true }))

const stepMs = () => uninterrupted.stepMs.reduce((sum, ms) => sum + ms, 0) / uninterrupted.stepMs.length

test('the uninterrupted run has answers of every kind, some of them corrected, and leaves nothing half done', () => {
  const { flows, objects, moved, deadLetters, corrections } = uninterrupted.tables
  expect(uninterrupted.failures).toEqual([])
  const states = new Set(flows.map(row => JSON.parse(row).src_state))
  expect([...states]).toEqual(expect.arrayContaining(['owned', 'ambiguous', 'external']))
  for (const some of [moved, deadLetters, corrections]) expect(some.length).toBeGreaterThan(0)
  expect(objects.filter(row => !row.includes('"committed"'))).toEqual([])
  expect(flows.length).toBeGreaterThan(run.steps.flatMap(({ objects }) => objects).length)
})

test(`kill -9 of the enricher at ${KILLS} points: every table is that of an uninterrupted run, row for row`, {
  timeout,
}, async () => {
  const kills = drawnKills(KILLS, run.steps, stepMs(), randomFor('kills in step'))
  const { tables, deaths, failures } = await enriched({ ...run, kills })
  expect([deaths.length, failures]).toEqual([KILLS, []])
  expect(differencesIn(tables, uninterrupted.tables)).toEqual({})
  note(`in step: ${KILLS} kills, ${rowsIn(tables)} rows compared; ${[...deaths].sort().join(', ')}`)
})

/** Part of the drill alone: it takes a minute more. */
if (isDrill) {
  test('kill -9 while the change stream goes on: once all is settled, the same final answers', {
    timeout,
  }, async () => {
    const count = Math.ceil(KILLS / 2)
    const kills = drawnKills(count, run.steps, stepMs(), randomFor('kills at large'))
    const { tables, deaths, failures } = await enriched({ ...run, kills, atLarge: true })
    expect([deaths.length, failures]).toEqual([count, []])
    const answers = finalAnswers(tables)
    expect(differencesIn(answers, finalAnswers(uninterrupted.tables))).toEqual({})
    note(`at large: ${count} kills, ${rowsIn(answers)} rows compared; ${[...deaths].sort().join(', ')}`)
  })
}

test("the store's connection is cut before, during and after statements, for longer than they are tried again: the same rows", {
  timeout,
}, async () => {
  const clickhouse = await startClickHouseHttp(await temporaryFolder('http'), {
    username: 'whohad',
    password: 'secret',
  })
  const random = randomFor('cuts')
  let cuts = 0
  const onStep = (): void => {
    cuts++
    const moment = random.pick<CutMoment>(['before', 'during', 'after'])
    clickhouse.cut(moment, random.pick([1, 2, 4, 5]), random.integer(0, 30))
  }
  const access = { url: clickhouse.url, username: 'whohad', password: 'secret', database: 'whohad' }
  try {
    const { tables, failures } = await enriched({ ...run, elsewhere: { clickhouse: access }, onStep })
    expect(differencesIn(tables, uninterrupted.tables)).toEqual({})
    note(`the store's connection: ${cuts} cuts, ${rowsIn(tables)} rows compared; ${failures.length} restarts`)
  } finally {
    await clickhouse.close()
  }
})

describe.skipIf(!hasKafka)('on a real broker', () => {
  test('that is killed while the enricher reads, and the enricher too: once all is settled, the same final answers', {
    timeout,
  }, async () => {
    const kafka = await startKafkaForTests()
    const topic = newTopic()
    const place = { brokers: [...kafka.brokers], topic, partitions: PARTITIONS }
    const log = await openStoryLog(place)
    const random = randomFor('broker')
    const killedAt = new Set([1, ...(isDrill ? [STEPS - 2] : [])])
    let isBack: Promise<unknown> | undefined
    const killOnce = async () => {
      await sleep(random.between(0, stepMs()))
      progress('the broker is killed')
      await kafka.halt?.('SIGKILL')
      await sleep(random.between(200, 2_000))
      await kafka.resume?.()
    }
    const onStep = async (step: number) => {
      await isBack
      await log.append(run.steps[step]?.changes ?? [])
      if (killedAt.has(step)) isBack = killOnce()
    }
    try {
      const kills = drawnKills(isDrill ? 4 : 1, run.steps.slice(0, STEPS), stepMs(), randomFor('kills on Kafka'))
      const outcome = await enriched({ ...run, kills, atLarge: true, elsewhere: { kafka: { ...place } }, onStep })
      const answers = finalAnswers(outcome.tables)
      expect(differencesIn(answers, finalAnswers(uninterrupted.tables))).toEqual({})
      const { deaths, failures } = outcome
      note(
        `on Kafka: ${killedAt.size} broker kills, ${deaths.length} kills, ${rowsIn(answers)} rows compared; ${failures.length} restarts`,
      )
    } finally {
      await isBack
      await log.close()
      await kafka.stop()
    }
  })
})
