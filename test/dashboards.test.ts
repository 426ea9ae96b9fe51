import { readFileSync } from 'node:fs'
import { createClient } from '@clickhouse/client'
import { createChdbConnection } from 'chdb/connection'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../src/store/open-store.ts'
import type { Store } from '../src/store/port.ts'
import { temporaryFolder } from './support/clickhouse-folder.ts'
import { end, flow, manifest, progress, recordedReport, testClock } from './support/clickhouse-rows.ts'

const page = readFileSync('docs/dashboards.md', 'utf8')
const queries = [...page.matchAll(/^([^\n]+):\n\n```sql\n(.*?)```$/gms)].map(([, title = '', sql = '']) => ({
  title,
  sql,
}))
/** By view, every column that its table of the page names. */
const documented = [...page.matchAll(/^### (\w+)\n\n(.*?)\n\n(?=###? )/gms)].map(([, view = '', table = '']) => {
  const cells = table
    .split('\n')
    .slice(2)
    .map(line => line.split('|')[1] ?? '')
  return { view, columns: cells.flatMap(cell => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)) }
})

let store: Store
let run: (query: string) => Promise<Record<string, unknown>[]>
beforeAll(async () => {
  const path = await temporaryFolder('dashboards')
  store = await openStore({ driver: 'chdb', path }, { clock: testClock, report: recordedReport().report })
  await store.migrate()
  // chDB declares the same interface against a second copy of the client's types.
  type Given = NonNullable<Parameters<typeof createClient>[0]>
  const connection = createChdbConnection({ path }) as unknown as NonNullable<Given['connection']>
  const client = createClient({ connection } as Given)
  run = async query => (await client.query({ query, format: 'JSONEachRow' })).json<Record<string, unknown>>()

  const startSeconds = Math.floor(Date.now() / 1000) - 5400
  const here = { objectId: 'shown', startSeconds, endSeconds: startSeconds + 60 }
  const write = async (generation: number, application: string) => {
    const records = [
      flow({ ...here, generation, record: 1, source: end({ application }) }),
      flow({
        ...here,
        generation,
        record: 2,
        action: 'REJECT',
        destination: end({ zone: 'us-east-1b', application: 'ledger' }),
      }),
    ]
    await store.insertFlows(records)
    await store.putObject(
      manifest({ objectId: 'shown', generation, state: 'committed', records: 2, updatedAtMs: generation }),
    )
  }
  await write(1, 'nobody-yet')
  await write(2, 'checkout')
  await store.insertChanges([{ change: progress(), partition: 0, offset: 0, loggedAtMs: 0 }])
}, 120_000)
afterAll(() => store?.close())

describe('docs/dashboards.md', () => {
  test('shows queries and columns', () => {
    expect(queries.length).toBeGreaterThanOrEqual(8)
    expect(documented.map(({ view }) => view)).toEqual(['edges_1h', 'edges_1m', 'flow_hours_committed', 'quality_1m'])
  })

  test.each(queries)(
    '$title',
    async ({ sql }) => {
      expect((await run(sql)).length).toBeGreaterThan(0)
    },
    60_000,
  )

  test.each(documented)(
    'names the columns of $view',
    async ({ view, columns }) => {
      const there = (await run(`DESCRIBE TABLE ${view}`)).map(({ name }) => String(name))
      expect(columns.toSorted()).toEqual(there.toSorted())
    },
    60_000,
  )
})
