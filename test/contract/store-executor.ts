import type { ClickHouseClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createExecutor, type ExecutorOptions } from '../../src/store/executor.ts'
import { type Happening, NOON_MS, recordedReport, testClock } from '../support/clickhouse-rows.ts'

/** A client on an empty database, closed by the executor. */
export type ExecutorUnderTest = { connect(): Promise<ClickHouseClient>; close(): Promise<void> }

/** The traps of the two drivers (docs/decisions/0003-embedded-store.md), each met through the executor. */
export function executorContract(name: string, open: () => Promise<ExecutorUnderTest>): void {
  describe(`the statement executor on ${name}`, () => {
    let tested: ExecutorUnderTest
    const happenings: Happening[] = []

    beforeAll(async () => {
      tested = await open()
    })
    afterAll(() => tested?.close())

    const executorWith = async (given: Partial<ExecutorOptions> = {}) => {
      const { report, happenings: heard } = recordedReport()
      happenings.length = 0
      const executor = createExecutor({
        client: await tested.connect(),
        where: name,
        clock: testClock,
        report: { ...report, inserted: d => happenings.push({ event: 'inserted', ...d }) },
        concurrency: 2,
        ...given,
      })
      return { executor, heard }
    }
    const table = async (tableName: string) => {
      const { executor } = await executorWith()
      await executor.define(`
        CREATE TABLE IF NOT EXISTS ${tableName} (a Int64, b String) ENGINE = MergeTree ORDER BY a
        SETTINGS non_replicated_deduplication_window = 100`)
      const rowsOf = () => executor.rows<{ a: string; b: string }>(`SELECT a, b FROM ${tableName} ORDER BY a, b`)
      const into = { table: tableName, columns: ['a', 'b'] }
      return { executor, rowsOf, into }
    }

    test('a deduplication token drops the repeat and does not stick to the next insert', async () => {
      const { executor, rowsOf, into } = await table('sticky')
      await executor.insert({ ...into, lines: ['1\tx\n'], token: 'v1:t:0:0-1' })
      await executor.insert({ ...into, lines: ['1\tx\n'], token: 'v1:t:0:0-1' })
      await executor.insert({ ...into, lines: ['2\ty\n'] })
      expect(await rowsOf()).toEqual([
        { a: '1', b: 'x' },
        { a: '2', b: 'y' },
      ])
      await executor.close()
    })

    test('a token that could end its quotes is refused, and the table that it would drop is there', async () => {
      const { executor, rowsOf, into } = await table('victim')
      await executor.insert({ ...into, lines: ['1\tx\n'] })
      const tokens = ["x\\'; DROP TABLE victim; --", "x'y", 'a b', 'a\n', '', 'é', 'x'.repeat(201)]
      for (const token of tokens)
        await expect(executor.insert({ ...into, lines: ['2\ty\n'], token })).rejects.toMatchObject({
          code: 'WHOHAD_STORE_STATEMENT_REFUSED',
        })
      expect(await rowsOf()).toEqual([{ a: '1', b: 'x' }])
      await executor.close()
    })

    test('a time bound as integer milliseconds keeps them, and a Date is refused', async () => {
      const { executor } = await executorWith()
      const statement = "SELECT toString(fromUnixTimestamp64Milli({at:Int64}, 'UTC')) AS at, {at:Int64} AS at_ms"
      const time = new Date(NOON_MS).toISOString().slice(0, -1).replace('T', ' ')
      expect(await executor.rows(statement, { at: NOON_MS })).toEqual([{ at: time, at_ms: String(NOON_MS) }])
      const date = { at: new Date(NOON_MS) } as unknown as Record<string, number>
      await expect(executor.rows(statement, date)).rejects.toMatchObject({ code: 'WHOHAD_STORE_STATEMENT_REFUSED' })
      for (const at of [1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
        await expect(executor.rows(statement, { at })).rejects.toMatchObject({ code: 'WHOHAD_STORE_STATEMENT_REFUSED' })
      await executor.close()
    })

    test('a second statement behind a semicolon is refused before the first one runs', async () => {
      const { executor, rowsOf, into } = await table('multiple')
      await executor.insert({ ...into, lines: ['1\tx\n'] })
      for (const statement of ['SELECT 1; DROP TABLE multiple', 'SELECT 1;'])
        for (const run of [executor.rows, executor.define])
          await expect(run(statement)).rejects.toMatchObject({ code: 'WHOHAD_STORE_STATEMENT_REFUSED' })
      expect((await rowsOf()).length).toBe(1)
      await executor.close()
    })

    test('names of tables and columns are plain words', async () => {
      const { executor, into } = await table('names')
      const lines = ['1\tx\n']
      for (const bad of [
        { ...into, table: 'names (a) SELECT 1 --' },
        { ...into, columns: ['a', 'b) FORMAT CSV --'] },
      ])
        await expect(executor.insert({ ...bad, lines })).rejects.toMatchObject({
          code: 'WHOHAD_STORE_STATEMENT_REFUSED',
        })
      await executor.close()
    })

    test('text that looks like SQL stays text, in rows and in parameters', async () => {
      const { executor, rowsOf, into } = await table('inert')
      const text = "'; DROP TABLE inert -- {a:String}"
      await executor.insert({ ...into, lines: [`1\t${text.replaceAll("'", "\\'")}\n`, '2\t;\n'] })
      expect(await rowsOf()).toEqual([
        { a: '1', b: text },
        { a: '2', b: ';' },
      ])
      const nasty = 'a\tb\nc\\d\'e;\r\0\u00e9\u{1f600}{x:String}`"'
      const echo = await executor.rows('SELECT {s:String} AS s, {list:Array(String)} AS list, {n:Array(Int64)} AS n', {
        s: nasty,
        list: ["it's", 'a,b', '[', 'tab\t'],
        n: [1, -2],
      })
      expect(echo).toEqual([{ s: nasty, list: ["it's", 'a,b', '[', 'tab\t'], n: ['1', '-2'] }])
      await executor.close()
    })

    test('64-bit integers arrive to the last digit', async () => {
      const { executor } = await executorWith()
      expect(await executor.rows("SELECT toUInt64('18446744073709551615') AS n")).toEqual([
        { n: '18446744073709551615' },
      ])
      await executor.close()
    })

    test('every statement has a time limit', async () => {
      const { executor } = await executorWith({ maxExecutionSeconds: 1 })
      await expect(executor.rows('SELECT max(number) AS n FROM system.numbers')).rejects.toMatchObject({
        code: 'WHOHAD_STORE_BUSY',
        retriable: true,
      })
      await executor.close()
    })

    test('a large insert is split, counted by us, and loses nothing', async () => {
      const { into, rowsOf } = await table('split')
      const { executor } = await executorWith({ bodyLimitBytes: 100 })
      const lines = Array.from({ length: 50 }, (_, i) => `${i}\té${'x'.repeat(i % 7)}\n`)
      expect(await executor.insert({ ...into, lines, token: 'split' })).toBe(50)
      expect((await rowsOf()).length).toBe(50)
      const inserted = happenings.filter(happening => happening.event === 'inserted')
      expect(inserted.length).toBeGreaterThan(3)
      expect(inserted.every(happening => Number(happening['bytes']) <= 100)).toBe(true)
      expect(inserted.reduce((sum, happening) => sum + Number(happening['rows']), 0)).toBe(50)
      await expect(executor.insert({ ...into, lines: [`1\t${'x'.repeat(200)}\n`] })).rejects.toMatchObject({
        code: 'WHOHAD_STORE_STATEMENT_REFUSED',
      })
      await executor.close()
    })

    test('an error of the engine says which statement and why', async () => {
      const { executor } = await executorWith()
      await expect(executor.rows('SELECT nothing FROM nowhere')).rejects.toMatchObject({
        code: 'WHOHAD_STORE_STATEMENT_FAILED',
        message: expect.stringMatching(/"SELECT nothing FROM nowhere".*UNKNOWN_TABLE/s),
      })
      await executor.close()
    })

    test('after closing, statements are refused', async () => {
      const { executor } = await executorWith()
      const last = executor.rows('SELECT 1 AS one')
      await executor.close()
      await expect(last).resolves.toEqual([{ one: 1 }])
      await expect(executor.ping()).rejects.toMatchObject({ code: 'WHOHAD_STORE_CLOSED' })
    })
  })
}
