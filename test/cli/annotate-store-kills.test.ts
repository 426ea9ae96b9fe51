import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { loadSettings } from '../../src/cli/settings.ts'
import { buildWhohadFirst, eventually, PROJECT, startWhohad, whohad } from '../support/cli.ts'
import { dataFolder } from '../support/cli-data.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { randomFor } from '../support/faults.ts'
import { sampleChanges } from '../support/flow-log-inventory.ts'
import { HOURS_AND_FLOWS } from '../support/hours-of-flows.ts'
import { storedRows } from '../support/stored-tables.ts'

buildWhohadFirst()

const KILLS = 4
/** More rows than are stored at once, so that some objects are committed while others are not. */
const OBJECTS = 11
const LINES_EACH = 30_000

const [HEADER = '', ...LINES] = readFileSync(join(PROJECT, 'test/golden/flow-logs/v3-tcp-flags.log'), 'utf8')
  .trimEnd()
  .split('\n')

/** Each with a line that is no record, which becomes a dead letter. */
const logOf = (object: number): Buffer =>
  gzipSync(
    [HEADER, 'too few', ...Array.from({ length: LINES_EACH }, (_, i) => LINES[(object + i) % LINES.length]), ''].join(
      '\n',
    ),
  )

/** What counts; without the generation, as an object that was begun anew has another. Hashes are of all other columns. */
const COUNTED = {
  flows: `SELECT object_id, count() AS rows, sum(cityHash64(* EXCEPT (generation))) AS hash
          FROM flows_committed GROUP BY object_id ORDER BY object_id`,
  letters: 'SELECT origin, place, reason FROM dead_letters FINAL ORDER BY origin, place, reason',
  edges: 'SELECT * FROM edges_1m ORDER BY ALL',
  hours: HOURS_AND_FLOWS.hours,
  hoursOfFlows: HOURS_AND_FLOWS.flows,
} as const

const whatCounts = (data: string) => storedRows(loadSettings({}, { overrides: { data: { path: data } } }), COUNTED)

test(`annotate --as clickhouse, killed ${KILLS} times and started again: the rows of a run that nobody killed, once`, {
  timeout: 300_000,
}, async () => {
  const logs = join(await temporaryFolder('killed-logs'), 'logs')
  await mkdir(logs)
  for (let i = 0; i < OBJECTS; i++) await writeFile(join(logs, `${i}.log.gz`), logOf(i))
  const [killed, whole] = [await dataFolder(sampleChanges()), await dataFolder(sampleChanges())]
  const args = (data: string) => ['annotate', logs, '--as', 'clickhouse', '--jobs', '2', '--data', data]
  const staged = () => {
    try {
      return readdirSync(join(killed, 'staging'), { recursive: true }).filter(name => `${name}`.endsWith('.rows'))
        .length
    } catch {
      return 0
    }
  }

  const random = randomFor('kills of annotate')
  let deaths = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const left = staged()
    const run = startWhohad(args(killed), { withinMs: 120_000 })
    const isOver = run.ended.then(() => true)
    await Promise.race([isOver, eventually(async () => (staged() > left ? true : undefined))])
    await Promise.race([isOver, sleep(random.between(0, 700))])
    run.kill('SIGKILL')
    if ((await run.ended).signal === 'SIGKILL') deaths++
  }
  expect(deaths).toBeGreaterThan(0)
  // 5 where dead letters are among what was left to do.
  expect([0, 5]).toContain((await whohad(args(killed), { withinMs: 120_000 })).code)
  expect(readdirSync(join(killed, 'staging'))).toEqual([])

  expect((await whohad(args(whole), { withinMs: 120_000 })).code).toBe(5)
  const counted = await whatCounts(whole)
  for (const rows of Object.values(counted)) expect(rows.length).toBeGreaterThan(0)
  expect(counted.flows).toHaveLength(OBJECTS)
  expect(counted.hours).toEqual(counted.hoursOfFlows)
  expect(await whatCounts(killed)).toEqual(counted)
})
