import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { drain } from '../../src/api/drain.ts'
import { listen } from '../../src/api/listen.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { answers } from '../support/answers.ts'
import { testApi } from '../support/api.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function serving(over: Parameters<typeof testApi>[0] = {}) {
  const { app } = await testApi(over)
  closing.push(() => drain(app, systemClock, 0))
  return { app, ...(await listen(app, { host: '127.0.0.1', port: 0 })) }
}

/** What comes back on a bare connection until the server ends it. */
function said(port: number, ...pieces: readonly string[]): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', chunk => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
    socket.on('error', () => {})
    for (const piece of pieces) socket.write(piece)
  })
}

/** A bulk request whose lines are sent one by one. */
async function slowBulk(port: number) {
  const sending = httpRequest({ port, method: 'POST', path: '/v1/whohad', headers: { 'content-type': 'text/csv' } })
  sending.write('ip,at,domain\n')
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    sending.on('response', resolve)
    sending.on('error', reject)
  })
  sending.removeAllListeners('error').on('error', () => {})
  const end = (async () => {
    let text = ''
    try {
      for await (const chunk of reply) text += chunk
      return { text, isWhole: true }
    } catch {
      return { text, isWhole: false }
    }
  })()
  return { sending, end }
}

describe('a caller that is slow', () => {
  const patience = { headersMs: 300, silentMs: 600 }

  test('with its headers is told so and cut off', async () => {
    const { port } = await serving({ patience })
    expect(await said(port, 'GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')).toMatch(/^HTTP\/1\.1 408 /)
  }, 30_000)

  test('and silent is cut off: before a request, between two, within a body', async () => {
    const { port } = await serving({ patience: { ...patience, headersMs: 60_000 } })
    expect(await said(port)).toBe('')
    expect(await said(port, 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /)
    const post =
      'POST /v1/whohad HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 99\r\n\r\nip\n'
    expect(await said(port, post)).not.toMatch(/0\r\n\r\n$/)
  }, 30_000)
})

describe('a request that is too large', () => {
  test('in its headers, its URL or a part of its path is refused', async () => {
    const { port } = await serving()
    const start = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`
    const status = async (text: string) => / (\d+) /.exec(await said(port, text))?.[1]
    expect(await status(`${start('/livez')}X-Large: ${'x'.repeat(20_000)}\r\n\r\n`)).toBe('431')
    expect(await status(`${start(`/livez?${'x'.repeat(2048)}`)}\r\n`)).toBe('414')
    expect(await status(`${start(`/v1/ips/${'1'.repeat(129)}/history`)}\r\n`)).toBe('400')
    expect(await status(`${start(`/v1/whohad?ip=${'1'.repeat(129)}`)}\r\n`)).toBe('400')
  }, 30_000)

  test('in its body is refused where the route does not read without end', async () => {
    const { app } = await testApi()
    const post = async (bytes: number) => {
      const payload = JSON.stringify('x'.repeat(bytes))
      const reply = await app.inject({ method: 'POST', url: '/v1/graph', headers: JSON_TYPE, payload })
      return [reply.statusCode, reply.json().code]
    }
    expect(await post(60 * 1024)).toEqual([404, 'WHOHAD_ROUTE_UNKNOWN'])
    expect(await post(64 * 1024)).toEqual([400, 'WHOHAD_REQUEST_REFUSED'])
  })
})

const JSON_TYPE = { 'content-type': 'application/json' }

describe('a server that is ended', () => {
  test('answers to their end what it was asked, ends what has no end, and takes nothing new', async () => {
    let answer = (): void => {}
    const { app, port } = await serving({
      ask: question => new Promise(resolve => (answer = () => resolve(answers.owned(question)))),
    })
    const asked = fetch(`http://127.0.0.1:${port}/v1/whohad?ip=52.11.120.97`)
    const live = await fetch(`http://127.0.0.1:${port}/v1/changes`, { headers: { accept: 'text/event-stream' } })
    const { sending, end } = await slowBulk(port)
    await expect.poll(() => String(answer)).toContain('resolve')
    const ended = drain(app, systemClock, 60_000)
    await live.text()
    await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow()
    sending.end('52.11.120.97,now,inet.0\n')
    expect((await end).isWhole).toBe(true)
    answer()
    const reply = await asked
    expect([reply.status, ((await reply.json()) as { state: string }).state]).toEqual([200, 'owned'])
    await ended
  }, 30_000)

  test('cuts off what goes on for too long, so that nobody takes a part for the whole', async () => {
    const { app, port } = await serving()
    const { end } = await slowBulk(port)
    await drain(app, systemClock, 100)
    expect((await end).isWhole).toBe(false)
  }, 30_000)
})
