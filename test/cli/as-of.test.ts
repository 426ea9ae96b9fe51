import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { knowingAsOf } from '../../src/api/as-of.ts'
import { writeBundle } from '../../src/changestream/bundle/write-bundle.ts'
import type { LoggedChange } from '../../src/changestream/port.ts'
import { replayed } from '../../src/cli/replayed.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { openStore } from '../../src/store/open-store.ts'
import { testApi } from '../support/api.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { recordedReport, testClock } from '../support/clickhouse-rows.ts'
import { runHere } from '../support/command-line.ts'
import { POLL_MS, polledStory, STORY_START_MS } from '../support/polled-story.ts'
import { storyFolder } from '../support/story-folder.ts'

const POLLS = 24
const story = polledStory(POLLS)
const never = new AbortController().signal

let whole: string
let cut: string
let bundle: string
let url: string
let storedChanges: readonly LoggedChange[]
let close = async () => {}

async function filledStore(path: string, logged: readonly LoggedChange[]) {
  const store = await openStore({ driver: 'chdb', path }, { clock: testClock, report: recordedReport().report })
  await store.migrate()
  await store.insertChanges(logged)
  return store
}

beforeAll(async () => {
  const { data, logged } = await storyFolder(story, { isCut: false })
  whole = data
  cut = (await storyFolder(story, { isCut: true })).data
  const index = await replayed(loadSettings({}, { overrides: { data: { path: whole } } }))
  bundle = join(await temporaryFolder('bundle'), 'owners')
  await writeBundle(index, bundle, { madeAtMs: systemClock.now(), signal: never })
  storedChanges = logged
  const store = await filledStore(join(await temporaryFolder('server'), 'store'), logged)
  const knowAsOf = knowingAsOf({ store, settled: async () => {} })
  const { app } = await testApi({ ask: question => index.ask(question), knowAsOf, index, clock: systemClock })
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  close = async () => {
    close = async () => {}
    await app.close()
    await store.close()
  }
}, 120_000)
afterAll(() => close())

const iso = (poll: number) => new Date(STORY_START_MS + poll * POLL_MS).toISOString()
const ASKED: readonly (readonly string[])[] = [
  ['10.0.0.3', '@', iso(9), 'in', 'vpc-1'],
  ['10.0.0.9', '30 sec ago', 'in', 'vpc-2'],
  ['explain', '10.0.0.3', '@', iso(9), 'in', 'vpc-1'],
  ['explain', '10.0.0.2', '2 min ago', 'in', 'vpc-2'],
  ['history', '10.0.0.3', 'in', 'vpc-1'],
  ['history', '10.0.0.9', 'in', 'vpc-2', '--from', iso(-5)],
]
const MOMENTS = [-1, 4.5, 9.2, 12.4, 23.9].map(iso)

describe('what was known at an earlier moment', () => {
  test.for(ASKED)('is told alike by a server and by the data folder: %j', async words => {
    const told = new Set<string>()
    for (const asOf of MOMENTS) {
      const here = await runHere([...words, '--as-of', asOf, '--data', whole])
      expect(here.stdout).toMatch(/^\{.+\}\n$/s)
      expect(here.stdout).toContain(`"asOf":{"iso":"${asOf}"`)
      expect(await runHere([...words, '--as-of', asOf, '--url', url])).toEqual(here)
      told.add(here.stdout.replace(/"asOf":\{[^}]*\}/, ''))
    }
    expect(told.size).toBeGreaterThan(3)
  })

  test('is what was answered then: what is owned by what is known now was not by what was known before the poll', async () => {
    const question = ['10.0.0.1', '@', iso(9), 'in', 'vpc-1']
    const answered = async (...more: string[]) => {
      const { code, stdout } = await runHere([...question, ...more, '--data', whole])
      const { state, reason, final } = JSON.parse(stdout)
      return [code, state, reason, final]
    }
    expect(await answered('--as-of', iso(9.01))).toEqual([3, 'unknown', 'not-yet', false])
    expect(await answered('--as-of', iso(23.06))).toEqual([0, 'owned', 'sighted', true])
    // The horizon that came with retention is newer.
    expect(await answered()).toEqual([3, 'unknown', 'expired', true])
  })

  test('says on a terminal as of when it is', async () => {
    const asOf = iso(12.4)
    for (const words of [ASKED[0], ASKED[2], ASKED[4]]) {
      const { stdout } = await runHere([...(words ?? []), '--as-of', asOf, '--data', whole], { isTerminal: true })
      expect(stdout.split('\n')[0]).toMatch(new RegExp(`^\\S*10\\.0\\.0\\.3.* in vpc-1.*, as known at ${asOf}$`))
      const now = await runHere([...(words ?? []), '--data', whole], { isTerminal: true })
      expect(now.stdout).not.toContain('as known at')
    }
  })
})

describe('is refused', () => {
  test.for([
    [['10.0.0.3', 'in', 'vpc-1', '--as-of', 'noon'], 'WHOHAD_TIME_MALFORMED: "noon"'],
    [['history', '10.0.0.3', 'in', 'vpc-1', '--as-of', '2100-01-01T00:00Z'], 'WHOHAD_AS_OF_AHEAD'],
    [['10.0.0.3', 'in', 'vpc-1', '--as-of', '2100-01-01T00:00Z'], 'WHOHAD_AS_OF_AHEAD'],
  ] as const)('%j', async ([words, code]) => {
    for (const place of [
      ['--data', whole],
      ['--url', url],
    ]) {
      const told = await runHere([...words, ...place])
      expect(told).toMatchObject({ code: 2, stdout: '' })
      expect(told.stderr).toContain(code)
    }
  })

  test.for([[], ['explain'], ['history']])('by a bundle, which has no past: %j', async command => {
    const told = await runHere([...command, '10.0.0.3', 'in', 'vpc-1', '--as-of', iso(9), '--claims', bundle])
    expect(told).toMatchObject({ code: 2, stdout: '' })
    expect(told.stderr).toMatch(/^WHOHAD_BUNDLE_WITHOUT_PAST: .*Leave --claims out/)
  })
})

test('what retention has let go of is told by a store that has all of it and can be opened', async () => {
  const on = (data: string, asOf: string, poll: number) =>
    runHere(['explain', '10.0.0.3', '@', iso(poll), 'in', 'vpc-1', '--as-of', asOf, '--data', data])
  const late = await on(cut, iso(30), 21.5)
  expect(late).toEqual(await on(whole, iso(30), 21.5))
  expect(JSON.parse(late.stdout).timeline).toHaveLength(2)

  const path = join(cut, 'store')
  const refused = async (reason: RegExp) => {
    const told = await on(cut, iso(12.4), 9)
    expect(told).toMatchObject({ code: 1, stdout: '' })
    expect(told.stderr).toMatch(new RegExp(`^WHOHAD_PAST_OUT_OF_REACH: .* as of ${iso(12.4)}: retention .*--url`))
    expect(told.stderr).toMatch(reason)
  }
  await refused(/ holds no store\./)
  mkdirSync(path)
  // A process has one embedded store open at a time: now the server's.
  await refused(/The store cannot be opened in /)
  await close()
  const [half, all] = [storedChanges.filter(({ loggedAtMs }) => loggedAtMs < Date.parse(iso(10))), storedChanges]
  await (await filledStore(path, half)).close()
  await refused(/ the store ends at offset \d+, before \d+\./)
  await (await filledStore(path, all)).close()
  const early = await on(cut, iso(12.4), 9)
  expect(early).toEqual(await on(whole, iso(12.4), 9))
  expect(JSON.parse(early.stdout).answer.state).toBe('ambiguous')
}, 120_000)
