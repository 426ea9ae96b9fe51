import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeBundle } from '../../src/changestream/bundle/write-bundle.ts'
import { replayed } from '../../src/cli/replayed.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store, StoredGap } from '../../src/store/port.ts'
import { testApi } from '../support/api.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { manifest, recordedReport, testClock } from '../support/clickhouse-rows.ts'
import { runHere } from '../support/command-line.ts'
import { POLL_MS, polledStory, STORY_START_MS } from '../support/polled-story.ts'
import { storyFolder } from '../support/story-folder.ts'

/** The first of them vouches for what was before the span. */
const POLLS = 24
const iso = (poll: number) => new Date(STORY_START_MS + poll * POLL_MS).toISOString()
const SPAN = ['--from', iso(0), '--to', iso(POLLS + 6)]

const gapAt = (record: number, poll: number, given: Partial<StoredGap>): StoredGap => ({
  ...({ objectId: 'o', record, generation: 1, status: 'SKIPDATA', account: '123456789012' } as const),
  ...{ recorder: 'eni-1', domains: ['vpc-1'] },
  ...{ fromMs: STORY_START_MS + poll * POLL_MS, untilMs: STORY_START_MS + (poll + 1) * POLL_MS },
  ...given,
})
const GAPS = [
  gapAt(1, 3, {}),
  gapAt(2, 4, {}),
  gapAt(3, 9, { recorder: 'eni-2', domains: ['vpc-2'] }),
  gapAt(4, 11, { status: 'NODATA' }),
]

let data: string
let bundle: string
let url: string
let store: Store
let app: Awaited<ReturnType<typeof testApi>>['app']
/** The server's store is the folder's own: within one process both may have it open. */
beforeAll(async () => {
  const folder = await storyFolder(polledStory(POLLS), { isCut: false })
  data = folder.data
  const index = await replayed(loadSettings({}, { overrides: { data: { path: data } } }))
  bundle = join(await temporaryFolder('bundle'), 'owners')
  await writeBundle(index, bundle, { madeAtMs: systemClock.now(), signal: new AbortController().signal })
  const path = join(data, 'store')
  store = await openStore({ driver: 'chdb', path }, { clock: testClock, report: recordedReport().report })
  await store.migrate()
  await store.insertGaps(GAPS)
  await store.putObject(manifest({ objectId: 'o', generation: 1, state: 'committed' }))
  const api = await testApi({ index, store, clock: systemClock })
  app = api.app
  url = await app.listen({ host: '127.0.0.1', port: 0 })
}, 120_000)
afterAll(async () => {
  await app?.close()
  await store?.close()
})

const linesIn = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

describe('in a pipe', () => {
  test.for([[], ['--domain', 'vpc-2'], ['--nodata'], ['--source', 'ec2/one']].map(more => [more] as const))(
    'the data folder says what a server says: %j',
    async ([more]) => {
      const here = await runHere(['coverage', ...SPAN, ...more, '--data', data])
      expect(here).toMatchObject({ code: 0, stderr: '' })
      expect(await runHere(['coverage', ...SPAN, ...more, '--url', url])).toEqual(here)
    },
  )

  test('a line for each source, with its watermark and gaps, and for each gap of a flow log', async () => {
    const { stdout } = await runHere(['coverage', ...SPAN, '--data', data])
    const lines = linesIn(stdout)
    expect(lines.map(({ record, source, interface: recorder }) => [record, source ?? recorder])).toEqual([
      ['source', 'ec2/one'],
      ['source', 'ec2/two'],
      ['capture-gap', 'eni-2'],
      ['capture-gap', 'eni-1'],
    ])
    const watermark = { ms: STORY_START_MS + (POLLS - 1) * POLL_MS - 5_500 }
    expect(lines[0]).toMatchObject({ watermark, late: true, polls: POLLS - 1, refused: null })
    expect(lines[0].gaps.at(-1)).toMatchObject({ from: watermark, until: { iso: iso(POLLS + 6) } })
    expect(lines[3]).toMatchObject({
      status: 'SKIPDATA',
      during: { from: { iso: iso(3) }, until: { iso: iso(5) } },
      lines: 2,
    })
    const withNoData = linesIn((await runHere(['coverage', ...SPAN, '--nodata', '--data', data])).stdout)
    expect(withNoData.map(({ status }) => status)).toEqual([undefined, undefined, 'SKIPDATA', 'SKIPDATA', 'NODATA'])
    const ofOne = linesIn((await runHere(['coverage', ...SPAN, '--domain', 'vpc-2', '--data', data])).stdout)
    expect(ofOne.map(({ source, interface: recorder }) => source ?? recorder)).toEqual(['ec2/two', 'eni-2'])
  })

  test('a bundle tells of sources, and that it holds no flow logs', async () => {
    const { code, stdout, stderr } = await runHere(['coverage', ...SPAN, '--claims', bundle])
    expect(linesIn(stdout).map(({ record, polls }) => [record, polls])).toEqual([
      ['source', POLLS - 1],
      ['source', POLLS - 1],
    ])
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^Gaps of flow logs are not known here\. .*holds no store/),
    ])
  })
})

describe('on a terminal', () => {
  test('tables in words', async () => {
    const told = await runHere(['coverage', ...SPAN, '--nodata', '--data', data], { isTerminal: true })
    expect(told.code).toBe(0)
    const stdout = stripVTControlCharacters(told.stdout)
    expect(stdout).toMatch(/ec2\/one +│ vpc-1 +│ 2026-01-01T00:22:54\.500Z +│ 23 +│ 7\d\.\d % +│ late/)
    expect(stdout).toMatch(
      /Where polls do not tell of absence[\s\S]*ec2\/two +│ 2026-01-01T00:22:54\.500Z │ 2026-01-01T00:30:00\.000Z │ 7 min/,
    )
    expect(stdout).toMatch(
      /Where flow logs have no records[\s\S]*eni-1 +│ 123456789012 +│ vpc-1 +│ 2026-01-01T00:03:00\.000Z │ 2026-01-01T00:05:00\.000Z │ 2 min +│ records lost \(SKIPDATA\)/,
    )
    expect(stdout).toContain('no traffic (NODATA)')
  })

  test('and in words, too, where there is nothing', async () => {
    const span = ['--from', iso(-60), '--to', iso(-30)]
    const { stdout } = await runHere(['coverage', ...span, '--data', data], { isTerminal: true })
    expect(stdout).toContain('0.0 %')
    expect(stdout).toContain('Flow logs tell of no records that are missing.')
    const unknown = await runHere(['coverage', ...span, '--domain', 'nowhere', '--data', data], { isTerminal: true })
    expect(unknown.stdout).toContain('No source watches anything here.')
  })
})

describe('exit codes', () => {
  const nothing = async () => join(await temporaryFolder('nothing'), 'data')
  test('2 for what is no time, 1 where nothing was ever polled, 4 without a server', async () => {
    expect(await runHere(['coverage', '--from', 'noon', '--data', data])).toMatchObject({ code: 2, stdout: '' })
    expect(await runHere(['coverage', '--data', await nothing()])).toMatchObject({ code: 1, stdout: '' })
    expect(await runHere(['coverage', '--url', 'http://127.0.0.1:1'])).toMatchObject({ code: 4, stdout: '' })
  })

  test('0 where there are no flow logs, 5 where there is a store that cannot be read', async () => {
    const { data: other } = await storyFolder(polledStory(3), { isCut: false })
    const without = await runHere(['coverage', ...SPAN, '--data', other])
    expect([without.code, linesIn(without.stdout).length]).toEqual([0, 2])
    expect(without.stderr).toMatch(/^Gaps of flow logs are not known here\. No flow logs were attributed/)
    // The process has the embedded store of another folder open.
    mkdirSync(join(other, 'store'))
    const refused = await runHere(['coverage', ...SPAN, '--data', other])
    expect([refused.code, linesIn(refused.stdout).length]).toEqual([5, 2])
    expect(refused.stderr).toMatch(/^Gaps of flow logs are not known here\. The store cannot be opened/)
  })
})
