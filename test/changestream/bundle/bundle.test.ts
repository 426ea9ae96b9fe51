import { existsSync, readdirSync } from 'node:fs'
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readBundle } from '../../../src/changestream/bundle/read-bundle.ts'
import { writeBundle } from '../../../src/changestream/bundle/write-bundle.ts'
import { toWire } from '../../../src/changestream/wire.ts'
import type { Change } from '../../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { claimOf, ownerOf, progressOf, sourceRecordOf } from '../../support/changes.ts'
import { indexOf, prefix, question } from '../../support/estate.ts'
import { histories } from '../../support/histories.ts'
import { propertyRuns, propertyTimeoutMs } from '../../support/property-runs.ts'

const MADE_AT_MS = Date.UTC(2026, 10, 21)

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'whohad-bundle-'))
})
afterAll(() => rm(root, { recursive: true }))

let made = 0
async function written(index: OwnershipIndex): Promise<string> {
  const folder = join(root, `bundle-${made++}`)
  await writeBundle(index, folder, { madeAtMs: MADE_AT_MS, signal: new AbortController().signal })
  return folder
}

const inOrder = (all: readonly unknown[]): readonly string[] => all.map(one => JSON.stringify(one)).sort()

/** Whether a change stream could have it: Avro has one infinity for each bound. */
function isCarried(change: Change): boolean {
  try {
    toWire(change)
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

test('a bundle answers as the index that it was made of', { timeout: propertyTimeoutMs(240_000) }, () =>
  fc.assert(
    fc.asyncProperty(histories({ questions: 30 }), async ({ changes, questions }) => {
      const index = indexOf(changes.filter(isCarried))
      const folder = await written(index)
      const read = await readBundle(folder)
      expect(questions.map(asked => read.ask(asked))).toEqual(questions.map(asked => index.ask(asked)))
      expect(inOrder(read.sources())).toEqual(inOrder(index.sources()))
      expect([...read.claims()]).toEqual([...index.claims()])
      for (const window of [
        { fromMs: 35, untilMs: 36 },
        { fromMs: 0, untilMs: 130 },
      ]) {
        expect(read.interfaceDuring('eni-1', window)).toEqual(index.interfaceDuring('eni-1', window))
      }
      await rm(folder, { recursive: true })
    }),
    propertyRuns(60),
  ),
)

const HOUR_MS = 3_600_000
const hosts = ['10.0.0.7', '10.0.1.7', '10.0.0.9', '2001:db8::7', '2001:db8::9'].map(address => ({
  address,
  host: prefix(`${address}/${address.includes(':') ? 128 : 32}`),
}))

/** Some holders one after another, each from a known instant to another; the last one holds on. And networks below them. */
function estate(): readonly Change[] {
  const watched: Change[] = [
    {
      ...sourceRecordOf('titus/main', 1, 2),
      scope: ['0.0.0.0/0', '::/0'].map(text => ({
        domain: 'd1',
        prefix: prefix(text),
        layers: ['network', 'instance'] as const,
        fromMs: 0,
      })),
      validity: { fromMs: 0, untilMs: Number.POSITIVE_INFINITY },
    },
    ...Array.from({ length: 200 }, (_, i) => ({
      ...progressOf('titus/main', 1, i + 3),
      completeUpToMs: i * 60_000,
      overAtMs: i * 60_000,
      refused: null,
    })),
  ]
  const held = hosts.flatMap(({ host }, h) =>
    [0, 1, 2].map(turn => {
      const [fromMs, untilMs] = [turn * HOUR_MS + h * 60_000, (turn + 1) * HOUR_MS - h * 60_000]
      const isOpen = turn === 2
      return claimOf('titus/main', 1, turn, {
        id: `${host}-${turn}`,
        domain: 'd1',
        prefix: host,
        owners: [ownerOf(`app-${(h + turn) % 4}`, { labels: { 'a "b"': 'ü' } })],
        start: { earliestMs: fromMs, latestMs: fromMs },
        end: { earliestMs: untilMs, latestMs: isOpen ? Number.POSITIVE_INFINITY : untilMs },
        state: isOpen ? 'open' : 'closed',
      })
    }),
  )
  const networks = ['10.0.0.0/24', '2001:db8::/64'].map(text =>
    claimOf('titus/main', 1, 9, {
      id: text,
      domain: 'd1',
      prefix: prefix(text),
      layer: 'network',
      whole: true,
      owners: [ownerOf('network')],
      start: { earliestMs: 0, latestMs: 0 },
    }),
  )
  return [...watched, ...held, ...networks]
}

/** What docs/ownership-bundle.md says how to ask in SQL. */
const WHO_HAD = `
  SELECT application FROM read_parquet('CLAIMS') c LEFT JOIN read_parquet('SOURCES') s USING (source)
  WHERE c.domain = 'd1' AND c.first_address <= $address AND c.last_address >= $address
    AND coalesce(c.start_latest_ms, -9e15) <= $at
    AND $at < coalesce(CASE WHEN c.state = 'open' THEN greatest(c.end_earliest_ms, s.complete_up_to_ms) ELSE c.end_earliest_ms END, 9e15)
  ORDER BY c.prefix_length DESC, c.layer_rank DESC LIMIT 1`

test('DuckDB answers simple questions from it as we do', async () => {
  const index = indexOf(estate())
  const folder = await written(index)
  const database = await DuckDBInstance.create(':memory:', { threads: '1' })
  const duckdb = await database.connect()
  try {
    const sql = WHO_HAD.replace('CLAIMS', join(folder, 'claims.parquet')).replace(
      'SOURCES',
      join(folder, 'sources.parquet'),
    )
    const holders: (string | undefined)[] = []
    for (const { address, host } of hosts) {
      const [row] = (
        await duckdb.runAndReadAll(
          `SELECT first_address FROM read_parquet('${join(folder, 'claims.parquet')}') WHERE prefix = '${host}' LIMIT 1`,
        )
      ).getRows()
      for (const atMs of [30 * 60_000, HOUR_MS + 10 * 60_000, 2 * HOUR_MS + 20 * 60_000, 2 * HOUR_MS + 70 * 60_000]) {
        const ours = index.ask(question(address, atMs, atMs + 1, { nowMs: 5 * HOUR_MS }))
        const found = await duckdb.runAndReadAll(sql, { address: String(row?.[0]), at: atMs })
        expect([address, atMs, ours.state, found.getRows()[0]?.[0]]).toEqual([
          address,
          atMs,
          'owned',
          ours.holding?.owner.application,
        ])
        holders.push(ours.holding?.owner.application ?? undefined)
      }
    }
    expect(new Set(holders).size).toBeGreaterThan(3)
    const blocks = await duckdb.runAndReadAll(
      `SELECT prefix, first_address, last_address, first_ipv4, last_ipv4 FROM read_parquet('${join(folder, 'claims.parquet')}') WHERE layer = 'network' ORDER BY prefix`,
    )
    expect(blocks.getRows()).toEqual([
      ['10.0.0.0/24', '00000000000000000000ffff0a000000', '00000000000000000000ffff0a0000ff', 0x0a000000n, 0x0a0000ffn],
      ['2001:db8::/64', '20010db8000000000000000000000000', '20010db800000000ffffffffffffffff', null, null],
    ])
  } finally {
    duckdb.closeSync()
    database.closeSync()
  }
})

test('a bundle of nothing is one', async () => {
  const read = await readBundle(await written(createOwnershipIndex()))
  expect(read.counts().claims).toBe(0)
})

test('what is no whole bundle is refused', async () => {
  const folder = await written(indexOf(estate()))
  const changed = async (change: (copy: string) => Promise<void>) => {
    const copy = join(root, `copy-${made++}`)
    await cp(folder, copy, { recursive: true })
    await change(copy)
    return readBundle(copy).then(
      () => 'read',
      error => error.code,
    )
  }
  expect(await changed(async () => {})).toBe('read')
  expect(await changed(copy => appendFile(join(copy, 'coverage.parquet'), 'x'))).toBe('WHOHAD_BUNDLE_DAMAGED')
  expect(await changed(copy => rm(join(copy, 'horizons.parquet')))).toBe('WHOHAD_BUNDLE_DAMAGED')
  expect(
    await changed(async copy => {
      const file = join(copy, 'claims.parquet')
      const bytes = await readFile(file)
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
      await writeFile(file, bytes)
    }),
  ).toBe('WHOHAD_BUNDLE_DAMAGED')
  expect(await changed(copy => rm(join(copy, 'bundle.json')))).toBe('WHOHAD_BUNDLE_MISSING')
  expect(await changed(copy => writeFile(join(copy, 'bundle.json'), '{"format":2}'))).toBe(
    'WHOHAD_BUNDLE_OTHER_VERSION',
  )
  await expect(readBundle(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'WHOHAD_BUNDLE_MISSING' })
})

test('nothing is replaced, and nothing is left of what was stopped or failed', async () => {
  const index = indexOf(estate())
  const folder = await written(index)
  const options = { madeAtMs: MADE_AT_MS, signal: new AbortController().signal }
  await expect(writeBundle(index, folder, options)).rejects.toMatchObject({ code: 'WHOHAD_BUNDLE_EXISTS' })
  const stopped = join(root, 'stopped')
  const before = readdirSync(root)
  expect(await writeBundle(index, stopped, { ...options, signal: AbortSignal.abort() })).toBeUndefined()
  const file = join(folder, 'bundle.json')
  await expect(writeBundle(index, join(file, 'below'), options)).rejects.toMatchObject({
    code: 'WHOHAD_BUNDLE_NOT_WRITTEN',
  })
  expect(readdirSync(root)).toEqual(before)
  expect(existsSync(stopped)).toBe(false)
})
