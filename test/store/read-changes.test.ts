import { cp } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectChdb } from '../../src/store/connect.ts'
import { createExecutor } from '../../src/store/executor.ts'
import { applyMigrations, MIGRATIONS_FOLDER } from '../../src/store/migrations.ts'
import { openStore } from '../../src/store/open-store.ts'
import { OwnersMemo } from '../../src/store/owners-memo.ts'
import type { Store, StoredChange } from '../../src/store/port.ts'
import { ReplyRows } from '../../src/store/reply-rows.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { claim, NOON_MS, progress, recordedReport, testClock } from '../support/clickhouse-rows.ts'

const path = await temporaryFolder('read-changes')
const { client } = await connectChdb({ driver: 'chdb', path })
const { report } = recordedReport()
const executor = createExecutor({ client, where: path, clock: testClock, report, concurrency: 2 })
afterAll(() => executor.close())

const readBack = async (store: Store, until: readonly number[]) => {
  const read: StoredChange[] = []
  for await (const batch of store.readChanges([], until, new AbortController().signal)) read.push(...batch)
  return read
}

describe('a store that an earlier version filled', () => {
  let store: Store
  const kept = [
    { change: progress(), partition: 0, offset: 0, loggedAtMs: NOON_MS },
    {
      change: progress({ refused: { reason: 'throttled', detail: '' } }),
      partition: 0,
      offset: 1,
      loggedAtMs: NOON_MS,
    },
  ]

  beforeAll(async () => {
    const earlier = await temporaryFolder('sql-earlier')
    for (const file of ['0001_tables.sql', '0002_views.sql'])
      await cp(new URL(file, MIGRATIONS_FOLDER), `${earlier}/${file}`)
    await applyMigrations(executor, { clock: testClock, report, folder: pathToFileURL(`${earlier}/`) })
    const poll = `ec2/123456789012/us-east-1\t1\t1\t${NOON_MS}\t${NOON_MS + 500}\t12\t3`
    await executor.insert({
      table: 'coverage',
      columns: [
        'source',
        'revision_epoch',
        'revision_sequence',
        'complete_up_to_ms',
        'over_at_ms',
        'addresses',
        'changed',
        'refused_reason',
        'refused_detail',
        'stream_partition',
        'stream_offset',
        'logged_at_ms',
      ],
      lines: [`${poll}\t\t\t0\t0\t${NOON_MS}\n`, `${poll}\tthrottled\t\t0\t1\t${NOON_MS}\n`],
    })
    store = await openStore({ driver: 'chdb', path }, { clock: testClock, report })
    await store.migrate()
  })
  afterAll(() => store?.close())

  test('gives back what it held, and what is added', async () => {
    expect(await readBack(store, [10])).toStrictEqual(kept)
    const added = { change: claim(), partition: 0, offset: 2, loggedAtMs: NOON_MS + 1 }
    await store.insertChanges([added])
    expect(await readBack(store, [10])).toStrictEqual([...kept, added])
  })

  test('finds a page by its place in the stream, also once rows were merged', async () => {
    const placed = Array.from({ length: 1_000 }, (_, i) => ({
      change: claim({ id: `c${(i * 389) % 1_000}` }),
      partition: 1,
      offset: i,
      loggedAtMs: NOON_MS,
    }))
    await store.insertChanges(placed)
    await store.insertChanges(placed)
    await executor.define('OPTIMIZE TABLE claims FINAL')
    const [merged] = await executor.rows('SELECT count() AS rows FROM claims WHERE stream_partition = 1')
    expect(merged).toEqual({ rows: '1000' })
    const plan = await executor.rows<{ explain: string }>(`
      EXPLAIN projections = 1 SELECT claim_id, owners, whole FROM claims
      WHERE stream_partition = 1 AND stream_offset >= 10 AND stream_offset < 20
      ORDER BY stream_partition, stream_offset LIMIT 5`)
    expect(plan.map(({ explain }) => explain).join('\n')).toContain('(by_place)')
    expect(await readBack(store, [0, 2_000])).toStrictEqual(placed)
  })
})

test('a reply that is not made of rows as they are read is an error', async () => {
  const statement = "SELECT -7, 'a\tb', NULL"
  const whole = await executor.reply(statement)
  expect([whole.next(), whole.whole(), whole.text(), whole.textOrNull(), whole.next()]).toEqual([
    true,
    -7,
    'a\tb',
    null,
    false,
  ])
  const failed = expect.objectContaining({ code: 'WHOHAD_STORE_STATEMENT_FAILED' })
  const tooShort = await executor.reply(statement)
  expect([tooShort.next(), tooShort.text(), tooShort.text(), tooShort.text()]).toEqual([true, '-7', 'a\tb', 'N'])
  expect(() => tooShort.text()).toThrow(failed)
  const tooLong = await executor.reply(statement)
  expect([tooLong.next(), tooLong.whole()]).toEqual([true, -7])
  expect(() => tooLong.whole()).toThrow(failed)
  expect(() => tooLong.next()).toThrow(failed)
  expect(() => new ReplyRows(Buffer.from('1\t2\n3'), statement)).toThrow(failed)
})

test('what a column says again is known again by all of its bytes, and by no fewer', () => {
  const rows = ['a\tx', 'a\tx', 'b\tx', 'bb\ty', 'b\\t\tx', 'b\\t\tx', 'ä\tx', '\tx', '\tx']
  const reply = new ReplyRows(Buffer.from(rows.map(row => `${row}\n`).join('')), 'SELECT')
  const read: string[] = []
  while (reply.next()) read.push(`${reply.usualText(0)}|${reply.usualText(1)}`)
  expect(read).toEqual(['a|x', 'a|x', 'b|x', 'bb|y', 'b\t|x', 'b\t|x', 'ä|x', '|x', '|x'])
})

test('owners that come again are the same frozen list, and of very many only the last are kept', () => {
  const memo = new OwnersMemo()
  const { owners } = claim()
  const text = JSON.stringify(owners)
  const first = memo.parsed(text)
  expect(first).toStrictEqual(owners)
  expect(memo.parsed(text)).toBe(first)
  expect(() => Object.assign(first[0] ?? {}, { application: 'other' })).toThrow(TypeError)
  for (let i = 0; i < 20; i++) memo.parsed(JSON.stringify([{ ...owners[0], labels: { a: String(i).repeat(1 << 20) } }]))
  expect(memo.parsed(text)).not.toBe(first)
  expect(memo.parsed(text)).toStrictEqual(owners)
})
