import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { listen } from '../../src/api/listen.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { testApi } from '../support/api.ts'
import { owner, TestSource } from '../support/estate.ts'

const START_MS = 1_700_000_000_000
const AT = START_MS / 1000 + 500
const NOW_MS = START_MS + 86_400_000

function polledIndex(): OwnershipIndex {
  const index = createOwnershipIndex()
  const source = new TestSource(index)
  const shown = Array.from({ length: 256 }, (_, i) => ({
    address: `10.0.0.${i}`,
    owner: owner(`app-${i % 16}`, `i-${i}`),
  }))
  for (const seconds of [100, 1000]) source.poll(START_MS + seconds * 1000, START_MS + seconds * 1000 + 5, shown)
  return index
}

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function api() {
  const index = polledIndex()
  const made = await testApi({
    ask: question => index.ask(question),
    generation: () => index.generation(),
    index,
    clock: { now: () => NOW_MS, sleep: systemClock.sleep },
  })
  closing.push(() => made.app.close())
  return made
}

const post = (app: Awaited<ReturnType<typeof api>>['app'], type: string, payload: string, query = '') =>
  app.inject({ method: 'POST', url: `/v1/whohad${query}`, headers: { 'content-type': type }, payload })

describe('POST /v1/whohad', () => {
  test('answers lines, an array and a table, each in its own form', async () => {
    const { app, done } = await api()
    const lines = await post(
      app,
      'application/x-ndjson',
      `"10.0.0.5 @ ${AT} in d1"\n{"ip":"10.0.0.6","at":${AT}}\n`,
      '?domain=d1&view=brief',
    )
    expect(lines.statusCode).toBe(200)
    expect(lines.headers['content-type']).toBe('application/x-ndjson')
    expect(
      lines.body
        .trim()
        .split('\n')
        .map(line => JSON.parse(line).application),
    ).toEqual(['app-5', 'app-6'])
    const array = await post(app, 'application/json; charset=utf-8', `[{"ip":"10.0.0.7"}]`, `?domain=d1&at=${AT}`)
    expect(array.json()).toMatchObject([{ state: 'owned', application: 'app-7', holding: { source: 'test/one' } }])
    const table = await post(app, 'text/csv', `ip,at\n10.0.0.8,${AT}\n`)
    expect(table.body).toMatch(/^ip,at,asked_domain,state.*\n10\.0\.0\.8,\d+,d1,owned,sighted,app-8,/)
    expect(done).toMatchObject(Array(3).fill({ route: '/v1/whohad', status: 200 }))
  })

  test.each([
    ['text/plain', 'x', '', 'WHOHAD_BULK_INPUT_MALFORMED'],
    ['application/json', '{"ip":"10.0.0.5"}', '', 'WHOHAD_BULK_INPUT_MALFORMED'],
    ['text/csv', 'a,b\n', '', 'WHOHAD_BULK_INPUT_MALFORMED'],
    ['text/csv', '10.0.0.5', '?at=nonsense', 'WHOHAD_TIME_MALFORMED'],
    ['text/csv', '10.0.0.5', '?domain=a%20b', 'WHOHAD_DOMAIN_MALFORMED'],
    ['text/csv', '10.0.0.5', '?as_off=now', 'WHOHAD_PARAMETER_MALFORMED'],
  ])('%s with %j%s is refused with %s%s', async (type, body, query, code) => {
    const reply = await post((await api()).app, type, body, query)
    expect([reply.statusCode, reply.json().code]).toEqual([400, code])
  })

  test('has a place for so many at a time, and it is free again when one is over', async () => {
    const { app } = await api()
    const { port } = await listen(app, { host: '127.0.0.1', port: 0 })
    const open = Array.from({ length: 8 }, () => slowRequest(port))
    for (const one of open) await one.answered
    const refused = await post(app, 'text/csv', '10.0.0.5')
    expect([refused.statusCode, refused.json().code, refused.headers['retry-after']]).toEqual([
      503,
      'WHOHAD_TOO_MANY_STREAMS',
      '2',
    ])
    for (const one of open) one.destroy()
    await expect.poll(async () => (await post(app, 'text/csv', `10.0.0.5,${AT},d1`)).statusCode).toBe(200)
  }, 30_000)

  test('takes a million lines without growing, and reads no faster than it is read', async () => {
    const { app } = await api()
    const { port } = await listen(app, { host: '127.0.0.1', port: 0 })
    const counts = { sent: 0, received: 0 }
    const memory = () => {
      const { heapUsed, external } = process.memoryUsage()
      return heapUsed + external
    }
    const LINES = 1_000_000
    const reply = await new Promise<IncomingMessage>((resolve, reject) => {
      const sending = httpRequest(
        { port, method: 'POST', path: '/v1/whohad', headers: { 'content-type': 'text/csv' } },
        resolve,
      )
      sending.on('error', reject)
      pipeline(Readable.from(lines(LINES, bytes => (counts.sent += bytes))), sending).catch(reject)
    })
    // Nobody reads yet: what was sent stops growing long before its end.
    let before = -1
    const isAtRest = () => {
      const is = before === counts.sent
      before = counts.sent
      return is
    }
    await expect.poll(isAtRest, { interval: 500, timeout: 60_000 }).toBe(true)
    expect(counts.sent).toBeLessThan(LINES * 10)
    const startBytes = memory()
    let mostBytes = 0
    let last = ''
    let found = 0
    for await (const chunk of reply) {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) counts.received++
      mostBytes = Math.max(mostBytes, memory() - startBytes)
      last = (last + chunk.toString('latin1')).slice(-400)
      found += chunk.length
    }
    expect(counts.received).toBe(LINES + 1)
    expect(last.trim().split('\n').at(-1)).toMatch(/^10\.0\.0\.63,\d+,d1,d1,owned,sighted,app-15,/)
    expect(found).toBeGreaterThan(60_000_000)
    expect(mostBytes).toBeLessThan(100 * 1024 * 1024)
  }, 120_000)
})

function* lines(count: number, sent: (bytes: number) => void): Generator<string> {
  yield 'ip,at,domain\n'
  for (let i = 0; i < count; ) {
    let piece = ''
    for (const until = Math.min(count, i + 1000); i < until; i++) piece += `10.0.0.${i % 256},${AT},d1\n`
    sent(piece.length)
    yield piece
  }
}

/** A request that has begun to be answered and never ends. */
function slowRequest(port: number) {
  const sending = httpRequest({ port, method: 'POST', path: '/v1/whohad', headers: { 'content-type': 'text/csv' } })
  sending.on('error', () => {})
  sending.write('ip\n')
  const answered = new Promise(resolve => sending.on('response', resolve))
  return { answered, destroy: () => sending.destroy() }
}
