import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NativeBlock } from '../../src/store/native-block.ts'
import { NATIVE_TABLES } from '../../src/store/native-tables.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { NOON_MS } from '../support/clickhouse-rows.ts'
import type { StoreUnderTest } from './store.ts'

const REASONS = Array.from({ length: 70_000 }, (_, i) => `reason-${i}`)

/** Rows that come as files of Native blocks, as every driver takes them. */
export function storeFilesContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`files of blocks into the store on ${name}`, () => {
    let tested: StoreUnderTest
    let folder: string
    beforeAll(async () => {
      tested = await open()
      await tested.store.migrate()
      folder = await temporaryFolder("blocks 'quoted'")
    })
    afterAll(() => tested?.close())
    const select = async <Row>(query: string): Promise<Row[]> =>
      (await tested.client.query({ query, format: 'JSONEachRow' })).json<Row>()

    test.each(Object.values(NATIVE_TABLES))(
      'the columns of $table are those of the schema',
      async ({ table, columns }) => {
        const found = await select<{ name: string; type: string; default_type: string }>(`DESCRIBE TABLE ${table}`)
        const kept = found.filter(({ default_type }) => default_type === '')
        expect(columns).toEqual(kept.map(({ name, type }) => [name, type]))
      },
    )

    test('every kind of column arrives as it was, whatever types the blocks of a file have', async () => {
      const block = new NativeBlock()
      const blocks: Buffer[] = []
      const put = (
        origins: readonly string[],
        reasons: readonly string[],
        chosen: number,
        samples: Parameters<typeof block.numbers>[1] | readonly string[],
      ) => {
        block.begin(1, 5)
        block.texts('origin', origins)
        block.texts('place', ['files'])
        block.chosen('reason', reasons, Uint32Array.of(chosen))
        if (typeof samples === 'string') block.numbers('sample', samples, Uint32Array.of(0xffffff01))
        else block.texts('sample', samples)
        block.numbers('at_ms', 'Int64', Uint32Array.of(NOON_MS % 2 ** 32, NOON_MS / 2 ** 32))
        blocks.push(Buffer.from(block.finished()))
      }
      put(['a\tä\\'], ['x', '', 'ü'], 2, 'IPv4')
      put(['b'], REASONS.slice(0, 300), 299, ['y'.repeat(300)])
      put(['c'], REASONS, 69_999, ['é'.repeat(100)])
      await writeFile(join(folder, '1'), Buffer.concat(blocks))
      put(['d'], ['x'], 0, [''])
      await writeFile(join(folder, '2'), blocks.at(-1) ?? '')
      const files = [join(folder, '1'), join(folder, '2')]
      await tested.store.insertFiles('dead_letters', files)
      await tested.store.insertFiles('dead_letters', files)
      const rows = await select("SELECT * FROM dead_letters FINAL WHERE place = 'files' ORDER BY origin")
      const place = 'files'
      const at_ms = expect.toSatisfy(value => Number(value) === NOON_MS)
      expect(rows).toEqual([
        { origin: 'a\tä\\', place, reason: 'ü', sample: '255.255.255.1', at_ms },
        { origin: 'b', place, reason: 'reason-299', sample: 'y'.repeat(300), at_ms },
        { origin: 'c', place, reason: 'reason-69999', sample: 'é'.repeat(100), at_ms },
        { origin: 'd', place, reason: 'x', sample: '', at_ms },
      ])
    })

    test('a block that lacks a column is not made', () => {
      const block = new NativeBlock()
      block.begin(1, 2)
      block.texts('origin', ['x'])
      expect(() => block.finished()).toThrow(RangeError)
    })
  })
}
