import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { storeErrors } from '../../src/store/errors.ts'
import type { CaptureGap, GapQuery } from '../../src/store/port.ts'
import { testApi } from '../support/api.ts'
import { hasChromium, type ServedPage, servedPage } from '../support/chromium.ts'
import { owner, TestSource } from '../support/estate.ts'

const START_MS = Date.UTC(2026, 0, 1)
const at = (seconds: number) => START_MS + seconds * 1000
const iso = (seconds: number) => new Date(at(seconds)).toISOString()

const gap = (recorder: string, status: CaptureGap['status'], from: number, until: number): CaptureGap => ({
  ...{ recorder, status, fromMs: at(from), untilMs: at(until) },
  ...{ account: '123456789012', domains: ['d1'], lines: 1 },
})
const GAPS = [
  gap('<img src=x onerror="document.title=1">', 'SKIPDATA', 100, 200),
  gap('eni-1', 'SKIPDATA', 600, 900),
  gap('eni-1', 'NODATA', 300, 400),
]

describe.skipIf(!hasChromium())('the coverage page in Chromium', () => {
  let page: Page
  let base: string
  let answerGaps: (query: GapQuery) => Promise<readonly CaptureGap[]>
  let complaints: string[]
  let served: ServedPage | undefined

  beforeAll(async () => {
    const index = createOwnershipIndex()
    const bounds = { longestGapMs: 150_000 }
    const source = new TestSource(index, { bounds, covered: ['d1 10.0.0.0/8'] })
    for (const seconds of [0, 100, 200, 300, 400, 500, 800, 900]) {
      source.poll(at(seconds), at(seconds) + 50, [{ address: '10.0.0.5', owner: owner('api', 'i-1') }])
    }
    const clock = { now: () => at(1000), sleep: systemClock.sleep }
    const store = { traffic: async () => [], captureGaps: (query: GapQuery) => answerGaps(query) }
    const { app } = await testApi({ index, clock, store })
    served = await servedPage(app)
    ;({ page, base, complaints } = served)
  }, 60_000)
  afterAll(() => served?.close())

  /** What the page says of a thousand seconds. */
  async function shown(query: Record<string, string> = {}): Promise<string> {
    await page.goto(`${base}/coverage.html?${new URLSearchParams({ from: iso(0), to: iso(1000), ...query })}`)
    await page.locator('#answer[aria-busy="false"] > *').first().waitFor()
    // biome-ignore lint/performance/useDomNodeTextContent: what a person reads
    return page.locator('#answer').innerText()
  }
  /** Kind, begin and width of what a strip draws, in thousandths of the span. */
  const drawn = async (label: string): Promise<readonly string[]> => {
    const rects = await page.locator(`svg[aria-label^="${label}"] rect`).all()
    return Promise.all(
      rects.map(async rect => {
        const told = await Promise.all(['class', 'x', 'width'].map(name => rect.getAttribute(name)))
        return told.join(' ')
      }),
    )
  }

  test('draws windows of polls and of flow logs as windows, and says them in words', async () => {
    answerGaps = async ({ status }) => GAPS.filter(one => one.status === status)
    const said = await shown({ nodata: 'true' })
    expect(said).toMatch(
      /test\/one\s+Watches d1\. Known up to 2026-01-01 00:15:00 UTC\. .* over 60\.0 % of the time \(green\)\./,
    )
    expect(await drawn('Polls stood')).toEqual([
      'covered 0 500',
      'covered 800 100',
      'missing 500 300',
      'missing 900 100',
    ])
    expect(said).toMatch(/eni-1\. AWS lost records \(SKIPDATA\): once; no traffic \(NODATA\): once\./)
    expect(await drawn('eni-1')).toEqual(['quiet 300 100', 'lost 600 300'])
    await page.getByText('Where flow logs have no records').click()
    const rows = await page.locator('#answer table:visible tbody tr').allInnerTexts()
    expect(rows.map(row => row.split(/\t|\n/).filter(Boolean))).toEqual([
      ['eni-1', 'd1', '2026-01-01 00:10:00 UTC', '2026-01-01 00:15:00 UTC', 'AWS lost records (SKIPDATA)'],
      ['eni-1', 'd1', '2026-01-01 00:05:00 UTC', '2026-01-01 00:06:40 UTC', 'no traffic (NODATA)'],
      [expect.stringContaining('<img'), 'd1', expect.any(String), expect.any(String), 'AWS lost records (SKIPDATA)'],
    ])
    expect([await page.locator('#answer img').count(), await page.title()]).toEqual([0, 'Coverage · whohad'])
    expect(complaints).toEqual([])
  }, 60_000)

  test('without gaps, without a store, without a source: it says so', async () => {
    answerGaps = async () => []
    expect(await shown()).toContain('Flow logs tell of no records that are missing.')
    answerGaps = async () => Array.from({ length: 23 }, (_, i) => gap(`eni-${i}`, 'SKIPDATA', 10 * i, 10 * i + 5))
    expect(await shown()).toMatch(/eni-19\. AWS lost records[\s\S]*And 3 more interfaces\.[\s\S]*the first 20 of 23/)
    answerGaps = () => Promise.reject(storeErrors.statementFailed({ statement: 'SELECT', reason: 'down' }))
    expect(await shown()).toContain('The store cannot tell of gaps in flow logs now.')
    expect(await shown({ domain: 'elsewhere' })).toContain('No source watches this.')
    expect(await shown({ from: 'noon' })).toContain('"noon" is not a time')
    expect(complaints).toEqual([])
  }, 60_000)

  test('is reached from the first page, and its form leads to what can be shared', async () => {
    answerGaps = async ({ status }) => GAPS.filter(one => one.status === status)
    await page.goto(base)
    await page.getByRole('link', { name: 'what is watched' }).click()
    await page.getByLabel('Routing domain').fill('d1')
    await page.getByLabel('From').fill(iso(0))
    await page.getByLabel(/interface had no traffic/).check()
    await page.keyboard.press('Enter')
    await page.getByText('Known up to').waitFor()
    const { searchParams } = new URL(page.url())
    expect(Object.fromEntries(searchParams)).toEqual({ domain: 'd1', from: iso(0), to: '', nodata: 'true' })
    expect(await page.getByLabel('Routing domain').inputValue()).toBe('d1')
    await page.setViewportSize({ width: 390, height: 844 })
    await shown({ nodata: 'true' })
    await page.getByText('Where flow logs have no records').click()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
  }, 60_000)
})
