import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newApiKey } from '../../src/api/security/api-key.ts'
import { loginBy } from '../../src/api/security/login.ts'
import { answers } from '../support/answers.ts'
import { testApi } from '../support/api.ts'
import { hasChromium, type ServedPage, servedPage } from '../support/chromium.ts'

const made = newApiKey('people', null, 0)
const keys = { find: (text: string) => (text === made.text ? made.key : undefined) }
const QUESTION = '52.11.120.97 @ 1495670748 in inet.0'

describe.skipIf(!hasChromium())('the page of a server with a login, in Chromium', () => {
  let page: Page
  let base: string
  const urls: string[] = []
  let complaints: string[]
  let served: ServedPage | undefined
  let asked = 0

  beforeAll(async () => {
    const { app } = await testApi({
      ask(question) {
        asked++
        return answers.owned(question)
      },
      security: {
        login: loginBy({ keys, tokens: undefined }),
        openMetrics: false,
        openPage: true,
        requestsPerMinute: 0,
        corsOrigins: [],
        audit: false,
        report: { requestRefused: () => {}, lookedUp: () => {} },
      },
    })
    served = await servedPage(app)
    ;({ page, base, complaints } = served)
    page.on('request', request => urls.push(request.url()))
  }, 60_000)
  afterAll(() => served?.close())

  const answerSays = async (pattern: RegExp) => {
    const answer = page.getByRole('region', { name: 'Answer', exact: true })
    await answer.getByText(pattern).first().waitFor()
    // biome-ignore lint/performance/useDomNodeTextContent: what a person reads
    return answer.innerText()
  }
  const use = async (key: string) => {
    await page.getByLabel('Your API key or token').fill(key)
    await page.keyboard.press('Enter')
  }
  const stored = () => page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])')

  test('asks for a key, keeps it in its tab alone, and forgets it when it is told to', async () => {
    await page.goto(`${base}/?q=${encodeURIComponent(QUESTION)}`)
    await answerSays(/answers only callers that it knows/)
    const box = page.getByLabel('Your API key or token')
    expect([await box.getAttribute('type'), await box.getAttribute('name')]).toEqual(['password', null])
    expect(await page.evaluate('document.activeElement.id')).toBe('key')
    await use('no key at all')
    await page.getByText(/That is no key/).waitFor()
    expect(await stored()).toBe('[{},{},""]')
    await use(`${made.text}0`)
    await answerSays(/does not take this key/)
    expect(await stored()).toBe('[{},{},""]')
    expect(asked).toBe(0)
    await use(made.text)
    await answerSays(/checkout \(container task-1/)
    expect(await stored()).toBe(`[{},{"whohad-key":"${made.text}"},""]`)
    await page.getByText('This answer as JSON').click()
    await page.getByText('"application": "checkout"').first().waitFor()
    await page.reload()
    await answerSays(/checkout \(container task-1/)
    await page.getByRole('button', { name: 'Forget the key' }).click()
    await answerSays(/answers only callers that it knows/)
    expect(await stored()).toBe('[{},{},""]')
    expect(urls.some(url => url.includes('/v1/whohad?q='))).toBe(true)
    expect(urls.join() + page.url()).not.toContain('whk_')
    expect(complaints).toEqual([])
  }, 60_000)

  test.for([429, 503])('asks again by itself after the time that a %d names', async status => {
    let refusals = 1
    await page.route('**/v1/whohad*', route => {
      if (refusals-- <= 0) return route.fulfill({ status: 403, json: { detail: 'Not for this caller.' } })
      const headers = { 'retry-after': '1' }
      return route.fulfill({ status, headers, json: { detail: 'More than 3 requests within a minute.' } })
    })
    await page.goto(`${base}/?q=${encodeURIComponent(QUESTION)}`)
    await answerSays(/More than 3 requests within a minute\. This page asks again by itself in 1 s\./)
    await answerSays(/^Not for this caller\.$/)
    await page.unroute('**/v1/whohad*')
  })
})
