import { describe, expect, test } from 'vitest'
import { listen } from '../../src/api/listen.ts'
import { isLoopback } from '../../src/api/loopback.ts'
import { testApi } from '../support/api.ts'

describe('health', () => {
  const replaying = {
    ready: false,
    now: '2026-11-20T12:00:00.000Z',
    checks: [{ name: 'change stream', ok: false, detail: 'replaying: 10 of 20' }],
    sources: [
      {
        source: 's',
        kind: 'ec2',
        completeUpTo: null,
        behindSeconds: null,
        staleAfterSeconds: 150,
        stale: false,
        removedAt: null,
        refused: { reason: 'size-drop', detail: 'fell', mend: 'accept' },
      },
    ],
  }

  test('/livez is ok while nothing else is', async () => {
    const fail = () => Promise.reject(new Error('must not be touched'))
    const { app } = await testApi({ ready: fail, metricsText: fail, ask: fail })
    const reply = await app.inject('/livez')
    expect([reply.statusCode, reply.json()]).toEqual([200, { status: 'ok', version: '0.0.0-test' }])
  })

  test.for(['/readyz', '/healthz'])('%s shows every check, 503 until all is ready', async path => {
    const ready = await (await testApi()).app.inject(path)
    expect(ready.statusCode).toBe(200)
    expect(ready.json().checks).toEqual([{ name: 'change stream', ok: true, detail: 'read to its end' }])
    const waiting = await (await testApi({ ready: async () => replaying })).app.inject(path)
    expect([waiting.statusCode, waiting.json()]).toEqual([503, replaying])
  })

  test('/metrics is what the registry says, as Prometheus reads it', async () => {
    const reply = await (await testApi()).app.inject('/metrics')
    expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(reply.body).toMatch(/^whohad_up 1$/m)
  })
})

describe('the page', () => {
  test.for([
    ['/', 'text/html'],
    ['/whohad.js', 'application/javascript'],
    ['/answer.js', 'application/javascript'],
    ['/key.js', 'application/javascript'],
    ['/whohad.css', 'text/css'],
    ['/whohad.svg', 'image/svg+xml'],
  ] as const)('%s is served as %s and revalidated', async ([path, type]) => {
    const reply = await (await testApi()).app.inject(path)
    expect(reply.statusCode).toBe(200)
    expect(reply.headers['content-type']).toContain(type)
    expect(reply.headers['cache-control']).toBe('no-cache')
    expect(reply.headers['etag']).toBeDefined()
  })

  test.for(['/../package.json', '/..%2fpackage.json', '/%2e%2e/package.json', '/.git/config', '/nothing.js'])(
    '%s is not there',
    async path => {
      const reply = await (await testApi()).app.inject(path)
      expect(reply.statusCode).toBeGreaterThanOrEqual(400)
      expect(reply.body).not.toMatch(/"dependencies"/)
    },
  )
})

describe('every reply', () => {
  test('forbids inline script, framing and other sites, and carries its request id', async () => {
    const { app } = await testApi()
    for (const path of ['/', '/v1/whohad?ip=1.1.1.1', '/nowhere']) {
      const { headers } = await app.inject({ url: path, headers: { origin: 'https://elsewhere.example' } })
      expect(headers['content-security-policy']).toMatch(/default-src 'none';script-src 'self';style-src 'self'/)
      expect(headers['content-security-policy']).not.toMatch(/unsafe/)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['x-frame-options']).toBe('DENY')
      expect(headers['access-control-allow-origin']).toBeUndefined()
      expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  test('is reported by route and never by URL', async () => {
    const { app, done } = await testApi()
    await app.inject('/v1/whohad?ip=1.1.1.1')
    await app.inject('/v1/whohad?ip=1.1.1')
    await app.inject('/secret-path')
    expect(done).toEqual([
      { route: '/v1/whohad', status: 200 },
      { route: '/v1/whohad', status: 400 },
      { route: 'none', status: 404 },
    ])
  })
})

describe('a request that no route takes', () => {
  test.for([
    ['GET', '/v1/nothing', 404, 'WHOHAD_ROUTE_UNKNOWN'],
    ['DELETE', '/v1/whohad', 404, 'WHOHAD_ROUTE_UNKNOWN'],
    ['GET', `/v1/whohad?q=${'1'.repeat(2048)}`, 414, 'WHOHAD_URL_TOO_LONG'],
    ['GET', '/%zz', 400, 'WHOHAD_REQUEST_REFUSED'],
  ] as const)('%s %s is a problem', async ([method, url, status, code]) => {
    const reply = await (await testApi()).app.inject({ method, url })
    expect(reply.statusCode).toBe(status)
    expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(reply.json()).toMatchObject({ status, code })
  })
})

describe('listening', () => {
  test('on loopback answers over a real socket', async () => {
    const { app } = await testApi()
    try {
      const { url, port } = await listen(app, { host: '127.0.0.1', port: 0 })
      expect(url).toBe(`http://127.0.0.1:${port}`)
      const reply = await fetch(`${url}/v1/whohad?q=${encodeURIComponent('52.11.120.97 @ 1495670748 in inet.0')}`)
      expect(reply.status).toBe(200)
      expect(await reply.json()).toMatchObject({ state: 'owned', application: 'checkout' })
    } finally {
      await app.close()
    }
  })

  test('elsewhere is refused, unless it is said to be insecure', async () => {
    const { app } = await testApi()
    try {
      await expect(listen(app, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
        code: 'WHOHAD_BIND_NOT_LOOPBACK',
      })
      expect(app.server.listening).toBe(false)
      await listen(app, { host: '0.0.0.0', port: 0, insecure: true })
      expect(app.server.listening).toBe(true)
    } finally {
      await app.close()
    }
  })

  test('on a port that is taken says so', async () => {
    const [first, second] = [await testApi(), await testApi()]
    try {
      const { port } = await listen(first.app, { host: '127.0.0.1', port: 0 })
      await expect(listen(second.app, { host: '127.0.0.1', port })).rejects.toMatchObject({
        code: 'WHOHAD_CANNOT_LISTEN',
        message: expect.stringContaining(String(port)),
      })
    } finally {
      await first.app.close()
      await second.app.close()
    }
  })

  test('counts only real loopback addresses as loopback', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', 'localhost'].filter(isLoopback)).toHaveLength(5)
    expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', '', '2130706433'].filter(isLoopback)).toEqual([])
  })
})

describe('a request under a foreign name', () => {
  test.each(['localhost:7788', '127.0.0.1', '[::1]:7788'])('%s is this machine', async host => {
    const { app } = await testApi()
    expect((await app.inject({ url: '/livez', headers: { host } })).statusCode).toBe(200)
  })

  test.each(['evil.example', 'localhost.evil.example:7788', '10.0.0.1'])('%s is refused', async host => {
    const { app, asked } = await testApi()
    const reply = await app.inject({ url: '/v1/whohad?q=8.8.8.8', headers: { host } })
    expect(reply.statusCode).toBe(421)
    expect(reply.json()).toMatchObject({ code: 'WHOHAD_HOST_REFUSED' })
    expect(asked).toEqual([])
  })

  test('is answered where the server was told to listen beyond loopback', async () => {
    const { app } = await testApi({ loopbackOnly: false })
    expect((await app.inject({ url: '/livez', headers: { host: 'whohad.example' } })).statusCode).toBe(200)
  })
})
