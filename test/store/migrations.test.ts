import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { connectChdb } from '../../src/store/connect.ts'
import { createExecutor } from '../../src/store/executor.ts'
import { applyMigrations } from '../../src/store/migrations.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { recordedReport, testClock } from '../support/clickhouse-rows.ts'

const path = await temporaryFolder('migrations')
const { client } = await connectChdb({ driver: 'chdb', path })
const { report, happenings } = recordedReport()
const executor = createExecutor({ client, where: path, clock: testClock, report, concurrency: 1 })
afterAll(() => executor.close())

let folder: string
beforeEach(async () => {
  for (const table of ['schema_migrations', 'one', 'two', 'three'])
    await executor.define(`DROP TABLE IF EXISTS ${table} SYNC`)
  folder = await temporaryFolder('sql')
  happenings.length = 0
})

const migrate = () => applyMigrations(executor, { clock: testClock, report, folder: pathToFileURL(`${folder}/`) })
const file = (name: string, text: string) => writeFile(join(folder, name), text)
const tables = async () =>
  (
    await executor.rows<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND name != 'schema_migrations' ORDER BY name",
    )
  ).map(row => row.name)
const applied = () => happenings.filter(({ event }) => event === 'migrationApplied').map(happening => happening['file'])
const create = (name: string) => `CREATE TABLE IF NOT EXISTS ${name} (a Int64) ENGINE = MergeTree ORDER BY a\n`

test('migrations run once each, in the order of their numbers, statement by statement', async () => {
  await file('0002_more.sql', `-- a comment; with a semicolon\n${create('three')}`)
  await file('0001_first.sql', `${create('one')}\n-- statement\n-- it's a comment\n${create('two')}`)
  await file('notes.txt', 'not a migration')
  await migrate()
  await migrate()
  expect(applied()).toEqual(['0001_first.sql', '0002_more.sql'])
  expect(await tables()).toEqual(['one', 'three', 'two'])
})

test('a migration that was cut off is run again from its start', async () => {
  await file('0001_first.sql', `${create('one')}\n-- statement\nCREATE NONSENSE\n`)
  await expect(migrate()).rejects.toMatchObject({ code: 'WHOHAD_STORE_STATEMENT_FAILED' })
  expect(applied()).toEqual([])
  await file('0001_first.sql', `${create('one')}\n-- statement\n${create('two')}`)
  await migrate()
  expect(await tables()).toEqual(['one', 'two'])
})

test('an applied migration whose file changed is refused before anything runs', async () => {
  await file('0001_first.sql', create('one'))
  await migrate()
  await file('0001_first.sql', `${create('one')}-- and a word more\n`)
  await file('0002_more.sql', create('two'))
  await expect(migrate()).rejects.toMatchObject({
    code: 'WHOHAD_STORE_MIGRATION_CHANGED',
    message: expect.stringContaining('0001_first.sql'),
  })
  expect(await tables()).toEqual(['one'])
})

test('an applied migration whose file is gone, and a store newer than this program, are refused', async () => {
  await file('0001_first.sql', create('one'))
  await file('0002_more.sql', create('two'))
  await migrate()
  await rm(join(folder, '0002_more.sql'))
  await expect(migrate()).rejects.toMatchObject({ code: 'WHOHAD_STORE_SCHEMA_NEWER' })
  await file('0002_more.sql', create('two'))
  await rm(join(folder, '0001_first.sql'))
  await expect(migrate()).rejects.toMatchObject({ code: 'WHOHAD_STORE_MIGRATION_CHANGED' })
})
