import { Errors } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { answerJson } from '../../src/api/answer-json.ts'
import { AnswerSchema } from '../../src/api/answer-schema.ts'
import { apiErrors } from '../../src/api/errors.ts'
import { ANSWER_STATES } from '../../src/ownership/answer.ts'
import { declareError } from '../../src/runtime/errors.ts'
import { answers, EXAMPLE_MS } from '../support/answers.ts'
import { NOW_MS, testApi } from '../support/api.ts'

const urlOf = (query: Record<string, string>) => `/v1/whohad?${new URLSearchParams(query)}`

describe('a question', () => {
  test('in one line and in parameters is the same question', async () => {
    const { app, asked } = await testApi()
    await app.inject(urlOf({ q: '52.11.120.97 @ 1495670748 in inet.0' }))
    await app.inject(urlOf({ ip: '52.11.120.97', at: '1495670748', domain: 'inet.0' }))
    expect(asked).toEqual(
      Array(2).fill({
        ip: '52.11.120.97',
        fromMs: EXAMPLE_MS,
        untilMs: EXAMPLE_MS + 1,
        domain: 'inet.0',
        nowMs: NOW_MS,
      }),
    )
  })

  test('without a time is about now, and without a domain about the only one possible', async () => {
    const { app, asked } = await testApi()
    await app.inject(urlOf({ ip: '10.9.0.7', port: '443' }))
    expect(asked).toEqual([
      { ip: '10.9.0.7', fromMs: NOW_MS, untilMs: NOW_MS + 1, domain: 'prod', port: 443, nowMs: NOW_MS },
    ])
  })

  test('names its port in any form', async () => {
    const { app, asked } = await testApi()
    for (const query of [{ q: '10.9.0.7:443' }, { q: '10.9.0.7', port: '443' }, { ip: '10.9.0.7', port: '443' }]) {
      await app.inject(urlOf(query))
    }
    expect(asked).toMatchObject(Array(3).fill({ ip: '10.9.0.7', port: 443 }))
  })

  test('as of an earlier moment is read and answered as at that moment', async () => {
    const { app, asked } = await testApi()
    const asOfMs = NOW_MS - 3_600_000
    const reply = await app.inject(urlOf({ q: '10.9.0.7 5 min ago', as_of: '1 hour ago' }))
    await app.inject(urlOf({ ip: '10.9.0.7', as_of: String(asOfMs) }))
    expect(asked).toMatchObject([
      { fromMs: asOfMs - 300_000, untilMs: asOfMs - 299_999, nowMs: asOfMs },
      { fromMs: asOfMs, nowMs: asOfMs },
    ])
    expect(reply.json().question.asOf).toEqual({ iso: new Date(asOfMs).toISOString(), ms: asOfMs })
    expect([...Errors(AnswerSchema, reply.json())]).toEqual([])
  })

  test('about a domain that the caller may not read is answered as if there were none', async () => {
    const access = { readerOf: () => ({ readable: (domain: string) => domain !== 'prod' }) }
    const { app, asked } = await testApi({ access })
    for (const query of [
      { ip: '10.9.0.7', domain: 'prod' },
      { ip: '10.9.0.7', domain: 'prod', as_of: '5 min ago' },
    ]) {
      const hidden = (await app.inject(urlOf(query))).json()
      expect(hidden).toMatchObject({ state: 'unknown', reason: 'no-such-domain', watermark: null })
    }
    expect(asked).toEqual([])
    expect((await app.inject(urlOf({ ip: '10.9.0.7' }))).json().detail).not.toMatch(/prod/)
    expect((await app.inject(urlOf({ ip: '10.1.2.3' }))).json()).toMatchObject({
      state: 'owned',
      question: { domain: 'lab' },
    })
  })

  test('about a span has the span', async () => {
    const { app, asked } = await testApi()
    await app.inject(urlOf({ ip: '::ffff:10.1.2.3', domain: 'lab', from: '1495670748', to: '2017-05-25T00:06Z' }))
    expect(asked).toMatchObject([{ ip: '10.1.2.3', fromMs: EXAMPLE_MS, untilMs: EXAMPLE_MS + 12_000, domain: 'lab' }])
  })
})

test.for(ANSWER_STATES)('an answer %s is 200, fits the schema and loses nothing on the wire', async state => {
  const { app, asked } = await testApi()
  const stubbed = await testApi({ ask: question => answers[state](question) })
  const reply = await stubbed.app.inject(urlOf({ q: '52.11.120.97 @ 1495670748' }))
  await app.inject(urlOf({ q: '52.11.120.97 @ 1495670748' }))
  const [question] = asked
  if (question === undefined) throw new Error('nothing was asked')
  expect(reply.statusCode).toBe(200)
  expect(reply.headers['cache-control']).toBe('no-store')
  expect([...Errors(AnswerSchema, reply.json())]).toEqual([])
  expect(reply.json()).toEqual(answerJson(answers[state](question)))
})

describe('bad input is a problem with status 400:', () => {
  const good = { ip: '52.11.120.97' }
  test.for([
    ['no address at all', {}, 'WHOHAD_QUESTION_MALFORMED'],
    ['a malformed address', { ip: '10.1.2' }, 'WHOHAD_ADDRESS_MALFORMED'],
    ['a malformed time', { ...good, at: '2026-11-20T14:05' }, 'WHOHAD_TIME_MALFORMED'],
    ['an empty time', { ...good, at: '' }, 'WHOHAD_TIME_MALFORMED'],
    ['a malformed domain', { ...good, domain: 'a b' }, 'WHOHAD_DOMAIN_MALFORMED'],
    ['a malformed port', { ...good, port: '65536' }, 'WHOHAD_PORT_MALFORMED'],
    ['a malformed question', { q: '10.1.2.3 what @ now' }, 'WHOHAD_QUESTION_MALFORMED'],
    ['a port in both forms', { q: '10.1.2.3:80', port: '80' }, 'WHOHAD_QUESTION_FORMS_MIXED'],
    ['a moment of knowledge that lies ahead', { ...good, as_of: String(NOW_MS + 1) }, 'WHOHAD_AS_OF_AHEAD'],
    ['both forms', { q: '10.1.2.3', ...good }, 'WHOHAD_QUESTION_FORMS_MIXED'],
    ['a time beside the question', { q: '10.1.2.3', at: 'now' }, 'WHOHAD_QUESTION_FORMS_MIXED'],
    ['a span without an end', { ...good, from: '1' }, 'WHOHAD_WINDOW_MALFORMED'],
    ['a span without a start', { ...good, to: '1' }, 'WHOHAD_WINDOW_MALFORMED'],
    ['a span that is empty', { ...good, from: '2', to: '2' }, 'WHOHAD_WINDOW_MALFORMED'],
    ['an instant and a span', { ...good, at: '1', from: '1', to: '2' }, 'WHOHAD_WINDOW_MALFORMED'],
    ['a private address that two domains have', { ip: '10.1.2.3' }, 'WHOHAD_DOMAIN_NEEDED'],
    ['a private address that no domain has', { ip: '192.168.0.1' }, 'WHOHAD_DOMAIN_NEEDED'],
    ['a parameter that is too long', { ip: '1'.repeat(129) }, 'WHOHAD_PARAMETER_MALFORMED'],
    ['a question that is too long', { q: '1'.repeat(513) }, 'WHOHAD_PARAMETER_MALFORMED'],
    ['an unknown parameter', { ...good, tiem: 'now' }, 'WHOHAD_PARAMETER_MALFORMED'],
  ] as const)('%s', async ([, query, code]) => {
    const { app, asked } = await testApi()
    const reply = await app.inject(urlOf(query))
    expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(reply.json()).toEqual({
      type: `urn:whohad:error:${code}`,
      title: expect.any(String),
      status: 400,
      detail: expect.stringMatching(/\.$|inet\.0$/),
      code,
    })
    expect(reply.statusCode).toBe(400)
    expect(asked).toEqual([])
  })

  test('a parameter that comes twice', async () => {
    const { app } = await testApi()
    const reply = await app.inject('/v1/whohad?ip=10.9.0.1&ip=10.9.0.2')
    expect(reply.statusCode).toBe(400)
    expect(reply.json().detail).toMatch(/"ip" came more than once/)
  })

  test('the sentence names what was wrong', async () => {
    const { app } = await testApi()
    expect((await app.inject(urlOf({ ip: '1.1.1.1', tiem: 'now' }))).json().detail).toMatch(
      /no parameter "tiem".*takes q, ip, at/,
    )
    expect((await app.inject(urlOf({ ip: '10.1.2.3' }))).json().detail).toMatch(/have it: lab, prod/)
  })
})

describe('an index that does not answer', () => {
  const unreachable = declareError('WHOHAD_TEST_UNREACHABLE', 'unreachable', () => 'The store is gone.')
  const refused = declareError('WHOHAD_TEST_STATE', 'state', () => 'Not now.')
  test.for([
    ['because it still replays is 503, to be asked again', apiErrors.stillReplaying({ detail: '3 of 9' }), 503, '2'],
    ['because something is unreachable is 503', unreachable({}), 503, '2'],
    ['because its state forbids it is 409', refused({}), 409, undefined],
  ] as const)('%s', async ([, error, status, retryAfter]) => {
    const { app, failures } = await testApi({
      ask: () => {
        throw error
      },
    })
    const reply = await app.inject(urlOf({ ip: '1.1.1.1' }))
    expect(reply.statusCode).toBe(status)
    expect(reply.json()).toMatchObject({ status, code: error.code, detail: error.message })
    expect(reply.headers['retry-after']).toBe(retryAfter)
    expect(failures).toEqual([])
  })

  test('because of a declared failure is 500 too, and its words stay inside', async () => {
    const broken = declareError('WHOHAD_TEST_FAILURE', 'failure', () => 'segment 7 in /var/lib/whohad is torn')({})
    const { app, failures } = await testApi({ ask: () => Promise.reject(broken) })
    const reply = await app.inject(urlOf({ ip: '1.1.1.1' }))
    expect([reply.statusCode, reply.json().code]).toEqual([500, 'WHOHAD_INTERNAL'])
    expect(reply.body).not.toMatch(/segment/)
    expect(failures).toMatchObject([{ cause: broken }])
  })

  test('because of a defect is 500 with an id, and the cause is reported and not told', async () => {
    const cause = new Error('password=hunter2')
    const { app, failures } = await testApi({ ask: () => Promise.reject(cause) })
    const reply = await app.inject(urlOf({ ip: '1.1.1.1' }))
    expect(reply.statusCode).toBe(500)
    expect(reply.json().code).toBe('WHOHAD_INTERNAL')
    expect(reply.body).not.toMatch(/hunter2|stack|\.ts/)
    const requestId = reply.headers['x-request-id']
    expect(reply.json().detail).toContain(requestId)
    expect(failures).toEqual([{ requestId, method: 'GET', route: '/v1/whohad', cause }])
  })
})
