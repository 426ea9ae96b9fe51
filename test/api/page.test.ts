import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Answer, Question } from '../../src/ownership/answer.ts'
import { answers, holding, owner } from '../support/answers.ts'
import { testApi } from '../support/api.ts'
import { hasChromium, type ServedPage, servedPage } from '../support/chromium.ts'

const HOSTILE = '<img src=x onerror="document.title=1">'

/** The last part of the address chooses the answer. */
function answerByAddress(question: Question): Answer {
  switch (question.ip) {
    case '52.11.120.97':
      return answers.owned(question)
    case '52.11.120.98':
      return answers.ambiguous(question)
    case '52.11.120.99':
      return { ...answers.owned(question), holding: holding({ owner: owner(HOSTILE, 'task-3') }) }
    case '52.11.120.100':
      return answers.external(question)
    case '52.11.120.101':
      throw new Error('a defect')
    default:
      return answers.unknown(question)
  }
}

describe.skipIf(!hasChromium())('the page in Chromium', () => {
  let page: Page
  let base: string
  let complaints: string[]
  let served: ServedPage | undefined

  beforeAll(async () => {
    const { app } = await testApi({ ask: answerByAddress })
    served = await servedPage(app)
    ;({ page, base, complaints } = served)
  })
  afterAll(() => served?.close())
  beforeEach(async () => {
    complaints.length = 0
    await page.goto(base)
  })

  /** Types a question by keyboard alone and waits for what the answer region then says. */
  async function ask(question: string): Promise<string> {
    await page.getByLabel('Your question').fill(question)
    // Once the reply is there the region is surely marked busy, and the answer before it cannot be taken for the new one.
    await Promise.all([page.waitForResponse(/v1\/whohad/), page.keyboard.press('Enter')])
    const answer = page.getByRole('region', { name: 'Answer', exact: true })
    await page.locator('#answer[aria-busy="false"] > *').first().waitFor()
    // biome-ignore lint/performance/useDomNodeTextContent: what a person reads, with the line breaks of the layout
    return answer.innerText()
  }

  test('answers a question that is typed and sent with the Enter key', async () => {
    const said = await ask('52.11.120.97 @ 1495670748 in inet.0')
    expect(said).toMatch(/owned\s+sighted/)
    expect(said).toMatch(
      /checkout \(container task-1 in us-east-1c, account 123456789012\) had 52\.11\.120\.97 in inet\.0/,
    )
    expect(said).toMatch(/Certain\s+from 2017-05-24 23:06:48 UTC on, as far as polls are complete/)
    expect(said).toMatch(/Final: no later poll can change this\. Polls are complete up to 2017-05-25 00:06:48 UTC/)
    expect(said).toMatch(/Underneath[\s\S]*titus-agents/)
    expect(complaints).toEqual([])
  })

  test('lists the candidates, nobody among them, where nothing is proved', async () => {
    const said = await ask('52.11.120.98 @ 1495670748 in inet.0')
    expect(said).toMatch(/ambiguous\s+handoff/)
    expect(
      await page.locator('tr', { hasText: 'Possible during' }).locator('xpath=../../tbody/tr').allInnerTexts(),
    ).toEqual([
      expect.stringContaining('checkout'),
      expect.stringContaining('search'),
      expect.stringContaining('nobody'),
    ])
    expect(said).toMatch(/Not final/)
  })

  test('shows what is wrong with a question, and how to mend it', async () => {
    expect(await ask('10.1.2.3 @ now')).toMatch(/private address.*These domains have it: lab, prod/)
    expect(await ask('52.11.120.97 @ 2026-11-20T14:05')).toMatch(/is not a time\..*ISO 8601 with a zone/)
    expect(await ask('52.11.120.101')).toMatch(/request id [0-9a-f-]{36}/)
    expect(complaints).toEqual([])
  })

  test('asks what its address says, so that an answer can be shared, and follows the back button', async () => {
    await ask('52.11.120.100 @ 1495670748')
    const shared = page.url()
    expect(new URL(shared).searchParams.get('q')).toBe('52.11.120.100 @ 1495670748')
    expect(await ask('52.11.120.97 @ 1495670748')).toMatch(/owned/)
    await page.goBack()
    await page.getByText('the AWS service S3 in us-west-2').waitFor()
    expect(await page.getByLabel('Your question').inputValue()).toBe('52.11.120.100 @ 1495670748')
    await page.goto(shared)
    await page.getByText('the AWS service S3 in us-west-2').waitFor()
  })

  test('asks what was known at an earlier time, which is in the address too', async () => {
    const then = page.getByText('As it was known at an earlier time')
    expect(await page.getByLabel('As known at', { exact: true }).isVisible()).toBe(false)
    await then.focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('As known at', { exact: true }).fill('2017-05-25T00:10Z')
    const said = await ask('52.11.120.97 @ 1495670748')
    expect(said).toMatch(/As it was known at 2017-05-25 00:10:00 UTC\. Then: /)
    const shared = page.url()
    expect(new URL(shared).searchParams.get('as_of')).toBe('2017-05-25T00:10Z')
    await then.click()
    await page.waitForFunction("document.getElementById('as-of').value === ''")
    expect(await ask('52.11.120.97 @ 1495670748')).not.toContain('As it was known')
    expect(new URL(page.url()).searchParams.has('as_of')).toBe(false)
    await page.goBack()
    await page.getByText(/As it was known at 2017/).waitFor()
    expect(await page.getByLabel('As known at', { exact: true }).inputValue()).toBe('2017-05-25T00:10Z')
    await page.getByLabel('As known at', { exact: true }).fill('noon')
    expect(await ask('52.11.120.97')).toMatch(/"noon" is not a time/)
    expect(complaints).toEqual([])
  })

  test('shows names that others chose as text, whatever is in them', async () => {
    expect(await ask('52.11.120.99 @ 1495670748')).toContain(HOSTILE)
    expect(await page.locator('#answer img').count()).toBe(0)
    expect(await page.title()).toMatch(/^52\.11\.120\.99/)
  })

  test('puts the cursor in the box at the start, and again at "/"', async () => {
    const focused = () => page.evaluate('document.activeElement.id')
    expect(await focused()).toBe('question')
    await page.evaluate('document.activeElement.blur()')
    await page.keyboard.press('/')
    expect(await focused()).toBe('question')
    expect(await page.getByLabel('Your question').inputValue()).toBe('')
  })

  test('needs no scrolling sideways on a telephone', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    for (const q of ['52.11.120.97 @ 1495670748', '52.11.120.98 @ 1495670748', '10.1.2.3']) {
      await ask(q)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    }
  })
})
