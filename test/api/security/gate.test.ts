import { afterEach, describe, expect, test } from 'vitest'
import { listen } from '../../../src/api/listen.ts'
import { newApiKey } from '../../../src/api/security/api-key.ts'
import type { AuditEntry } from '../../../src/api/security/audit.ts'
import type { Security } from '../../../src/api/security/gate.ts'
import { loginBy } from '../../../src/api/security/login.ts'
import { testApi } from '../../support/api.ts'

const all = newApiKey('all', null, 0)
const prod = newApiKey('prod-only', ['prod'], 0)
const keys = { find: (text: string) => [all, prod].find(made => made.text === text)?.key }
const bearer = ({ text }: { readonly text: string }) => ({ authorization: `Bearer ${text}` })

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function guarded(over: Partial<Security> = {}) {
  const entries: AuditEntry[] = []
  const refused: string[] = []
  const { app, failures } = await testApi({
    security: {
      login: loginBy({ keys, tokens: undefined }),
      openMetrics: false,
      openPage: false,
      requestsPerMinute: 0,
      corsOrigins: [],
      audit: true,
      report: { requestRefused: ({ reason }) => refused.push(reason), lookedUp: entry => entries.push(entry) },
      ...over,
    },
  })
  const { url } = await listen(app, { host: '127.0.0.1', port: 0, hasLogin: true })
  closing.push(() => app.close())
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const reply = await fetch(url + path, { headers })
    return { status: reply.status, headers: reply.headers, body: await reply.text() }
  }
  return { url, get, entries, refused, failures }
}

describe('who comes in', () => {
  test('has a key that is known; everybody else is told how to get one, and counted', async () => {
    const { get, refused } = await guarded()
    const path = '/v1/whohad?ip=10.9.0.1&domain=prod'
    expect((await get(path, bearer(all))).status).toBe(200)
    for (const authorization of ['', 'Bearer', 'Bearer x', `Basic ${all.text}`, `Bearer ${all.text}0`]) {
      const { status, headers, body } = await get(path, authorization ? { authorization } : {})
      expect([status, headers.get('www-authenticate')], authorization).toEqual([401, 'Bearer realm="whohad"'])
      expect(JSON.parse(body)).toMatchObject({ status: 401, code: 'WHOHAD_UNAUTHENTICATED' })
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'/)
      expect(body).not.toContain(all.text)
    }
    expect(refused).toEqual(Array(5).fill('unauthenticated'))
  })

  test('with a bad key is refused at an open door, too', async () => {
    const { get } = await guarded()
    expect((await get('/readyz')).status).toBe(200)
    expect((await get('/readyz', { authorization: 'Bearer x' })).status).toBe(401)
  })

  test('sees metrics and the page where they may read everything, or it is opened', async () => {
    const closed = await guarded()
    expect((await closed.get('/metrics')).status).toBe(401)
    expect((await closed.get('/metrics', bearer(prod))).status).toBe(403)
    expect((await closed.get('/metrics', bearer(all))).status).toBe(200)
    expect((await closed.get('/', bearer(prod))).status).toBe(200)
    expect(closed.refused).toEqual(['unauthenticated', 'forbidden'])
    const open = await guarded({ openMetrics: true, openPage: true })
    for (const path of ['/metrics', '/', '/docs', '/openapi.json', '/whohad.js'])
      expect((await open.get(path)).status, path).toBe(200)
    for (const path of ['/v1/coverage', '/v1/nowhere', '/nowhere'])
      expect((await open.get(path)).status, path).toBe(401)
  })
})

describe('how often', () => {
  test('is counted by key, and by address for who has none', async () => {
    const { get, refused } = await guarded({ requestsPerMinute: 3 })
    const statuses = async (count: number, headers: Record<string, string> = {}) => {
      const found: number[] = []
      for (let i = 0; i < count; i++) found.push((await get('/v1/coverage', headers)).status)
      return found
    }
    expect(await statuses(4, bearer(all))).toEqual([200, 200, 200, 429])
    expect(await statuses(3, bearer(prod))).toEqual([200, 200, 200])
    expect(await statuses(4)).toEqual([401, 401, 401, 429])
    const { headers, body } = await get('/v1/coverage', bearer(all))
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(JSON.parse(body)).toMatchObject({ status: 429, code: 'WHOHAD_TOO_MANY_REQUESTS' })
    expect(refused.filter(reason => reason === 'too-many')).toHaveLength(3)
  })

  test('is no matter where no limit is set', async () => {
    const { get } = await guarded()
    const replies = await Promise.all(Array.from({ length: 100 }, () => get('/v1/coverage', bearer(all))))
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
  })
})

describe('other sites', () => {
  const preflight = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' }
  const ask = async (url: string, origin: string) => {
    const path = `${url}/v1/coverage`
    const before = await fetch(path, { method: 'OPTIONS', headers: { ...preflight, origin } })
    const reply = await fetch(path, { headers: { ...bearer(all), origin } })
    return [before.status, before.headers, reply.headers].map(one =>
      typeof one === 'number' ? one : one.get('access-control-allow-origin'),
    )
  }

  test('read nothing by default, and where they are named only they do', async () => {
    expect(await ask((await guarded()).url, 'https://tools.example.net')).toEqual([401, null, null])
    const { url } = await guarded({ corsOrigins: ['https://tools.example.net', 'https://more.example.net'] })
    const allowed = 'https://tools.example.net'
    expect(await ask(url, allowed)).toEqual([204, allowed, allowed])
    expect((await ask(url, 'https://elsewhere.example.net')).slice(1)).toEqual([null, null])
    const reply = await fetch(`${url}/v1/coverage`, { headers: { ...bearer(all), origin: allowed } })
    expect(reply.headers.get('access-control-allow-credentials')).toBeNull()
  })
})

describe('the audit log', () => {
  test('has who, which route, which domain, how many addresses and the status, and nothing else', async () => {
    const { url, get, entries } = await guarded()
    const post = (path: string, type: string, body: string) =>
      fetch(url + path, { method: 'POST', headers: { ...bearer(prod), 'content-type': type }, body }).then(reply =>
        reply.text(),
      )
    await get('/v1/whohad?q=10.9.0.1', bearer(all))
    await get('/v1/explain?ip=10.9.0.1&domain=prod', bearer(prod))
    await get('/v1/ips/10.9.0.1/history?domain=lab', bearer(prod))
    await get('/v1/apps/checkout/addresses?domain=prod', bearer(prod))
    await post('/v1/whohad?domain=prod', 'text/csv', 'ip\n10.9.0.1\n10.9.0.2\nx\n')
    await post('/v1/whohad', 'application/x-ndjson', '"10.9.0.1 in prod"\n"10.9.0.2 in lab"\n')
    await post('/v1/annotate?domain=prod', 'text/plain', 'from 10.9.0.1:80 to 10.9.0.2')
    await get('/v1/whohad?ip=secret', { authorization: 'Bearer whk_x' })
    await get('/readyz')
    const short = ({ caller, method, route, domain, addresses, status }: AuditEntry) =>
      `${caller?.name ?? '-'} ${method} ${route} ${domain ?? '-'} ${addresses} ${status}`
    expect(entries.map(short)).toEqual([
      'all GET /v1/whohad prod 1 200',
      'prod-only GET /v1/explain prod 1 200',
      'prod-only GET /v1/ips/:ip/history lab 1 200',
      'prod-only GET /v1/apps/:app/addresses prod 0 200',
      'prod-only POST /v1/whohad prod 3 200',
      'prod-only POST /v1/whohad - 2 200',
      'prod-only POST /v1/annotate prod 2 200',
      '- GET /v1/whohad - 0 401',
    ])
    expect(JSON.stringify(entries)).not.toMatch(/10\.9\.0|secret|whk_/)
    expect(Object.keys(entries[0] ?? {}).sort()).toEqual(
      ['address', 'addresses', 'caller', 'domain', 'method', 'requestId', 'route', 'status'].sort(),
    )
  })
})
