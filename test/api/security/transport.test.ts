import { renameSync, writeFileSync } from 'node:fs'
import { get as getPlain } from 'node:http'
import { get as getTls } from 'node:https'
import { join } from 'node:path'
import { connect, Server as TlsServer } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { listen } from '../../../src/api/listen.ts'
import { newApiKey } from '../../../src/api/security/api-key.ts'
import type { AuditEntry } from '../../../src/api/security/audit.ts'
import { readCertificate, renewCertificate } from '../../../src/api/security/certificate.ts'
import { loginBy } from '../../../src/api/security/login.ts'
import { complaintsAboutApi } from '../../../src/cli/api-settings.ts'
import { loadSettings } from '../../../src/cli/settings.ts'
import { testApi } from '../../support/api.ts'
import { selfSigned } from '../../support/certificates.ts'
import { temporaryFolder } from '../../support/clickhouse-folder.ts'
import { DrivenClock } from '../../support/driven-clock.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function filesWith(pair: { readonly cert: string; readonly key: string }) {
  const folder = await temporaryFolder('tls')
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  const write = ({ cert, key }: { cert?: string; key?: string }) => {
    for (const [path, text] of [
      [files.certFile, cert],
      [files.keyFile, key],
    ] as const) {
      if (text === undefined) continue
      writeFileSync(`${path}.new`, text)
      renameSync(`${path}.new`, path)
    }
  }
  write(pair)
  return { files, write }
}

async function serving(over: Parameters<typeof testApi>[0] = {}) {
  const { app } = await testApi(over)
  closing.push(() => app.close())
  return { app, ...(await listen(app, { host: '127.0.0.1', port: 0, hasLogin: true })) }
}

type Reply = { readonly status: number; readonly headers: Record<string, unknown>; readonly body: string }
const ask = (url: string, options: { ca?: string; headers?: Record<string, string> } = {}): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? getTls : getPlain
    get(url, { ...options, agent: false }, reply => {
      let body = ''
      reply.on('data', chunk => {
        body += chunk
      })
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body }))
    }).on('error', reject)
  })

describe('TLS', () => {
  test('is spoken from version 1.2 on, and nothing else is', async () => {
    const pair = selfSigned('first')
    const { files } = await filesWith(pair)
    const { url, port } = await serving({ certificate: readCertificate(files) })
    expect(url).toBe(`https://127.0.0.1:${port}`)
    const reply = await ask(`${url}/v1/whohad?ip=52.11.120.97`, { ca: pair.cert })
    expect(reply.status).toBe(200)
    expect(reply.headers['strict-transport-security']).toBe('max-age=31536000')
    await expect(ask(`${url}/livez`)).rejects.toThrow(/self-signed/)
    await expect(ask(`http://127.0.0.1:${port}/livez`)).rejects.toThrow()
    const version = (maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
      new Promise(resolve => {
        const socket = connect({ port, ca: pair.cert, minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' })
        socket.on('secureConnect', () => resolve(socket.getProtocol()))
        socket.on('secureConnect', () => socket.destroy())
        socket.on('error', () => resolve('refused'))
      })
    expect([await version('TLSv1.1'), await version('TLSv1.2'), await version('TLSv1.3')]).toEqual([
      'refused',
      'TLSv1.2',
      'TLSv1.3',
    ])
  })

  test('does without the header for browsers where it is not spoken', async () => {
    const { url } = await serving()
    expect((await ask(`${url}/livez`)).headers['strict-transport-security']).toBeUndefined()
  })

  test('goes on with other files when they change, and with those at hand while they do not fit', async () => {
    const [first, second] = [selfSigned('first'), selfSigned('second')]
    const { files, write } = await filesWith(first)
    const { app, url } = await serving({ certificate: readCertificate(files) })
    const clock = new DrivenClock(0)
    const told: string[] = []
    const stopping = new AbortController()
    if (!(app.server instanceof TlsServer)) throw new TypeError('a server without TLS')
    const renewing = renewCertificate(app.server, files, {
      clock,
      signal: stopping.signal,
      report: {
        certificateRead: () => told.push('read'),
        certificateNotRenewed: ({ cause }) => told.push(String(cause)),
      },
    })
    const look = () => clock.drive(10_000)
    await look()
    expect(told).toEqual([])
    write({ cert: second.cert })
    await look()
    await look()
    expect(told).toEqual([expect.stringMatching(/WHOHAD|Cannot speak TLS with .*mismatch/)])
    expect((await ask(`${url}/livez`, { ca: first.cert })).status).toBe(200)
    write({ key: second.key })
    await look()
    expect(told.slice(1)).toEqual(['read'])
    expect((await ask(`${url}/livez`, { ca: second.cert })).status).toBe(200)
    await expect(ask(`${url}/livez`, { ca: first.cert })).rejects.toThrow()
    stopping.abort()
    await renewing
  })

  test('does not begin with files that do not fit, and says which', async () => {
    const [first, second] = [selfSigned('first'), selfSigned('second')]
    const { files, write } = await filesWith({ cert: first.cert, key: second.key })
    const refused = expect.objectContaining({ code: 'WHOHAD_CERTIFICATE_UNUSABLE' })
    expect(() => readCertificate(files)).toThrow(refused)
    write({ cert: 'no certificate', key: first.key })
    expect(() => readCertificate(files)).toThrow(refused)
    expect(() => readCertificate({ ...files, keyFile: '/nowhere/key.pem' })).toThrow(/\/nowhere\/key\.pem/)
    // The other way round: the reason must not be the key itself.
    write({ cert: first.key, key: first.cert })
    expect(() => readCertificate(files)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(first.key.slice(40, 80)) }),
    )
  })
})

describe('listening beyond loopback', () => {
  test('with a login needs TLS, a proxy in front, or the word of the person', async () => {
    const { app } = await testApi()
    closing.push(() => app.close())
    const host = '0.0.0.0'
    await expect(listen(app, { host, port: 0, hasLogin: true })).rejects.toMatchObject({
      code: 'WHOHAD_BIND_IN_THE_CLEAR',
    })
    await expect(listen(app, { host, port: 0, isShielded: true })).rejects.toMatchObject({
      code: 'WHOHAD_BIND_NOT_LOOPBACK',
    })
    expect(app.server.listening).toBe(false)
    await listen(app, { host, port: 0, hasLogin: true, isShielded: true })
    expect(app.server.listening).toBe(true)
  })
})

describe('behind a proxy', () => {
  const key = newApiKey('one', null, 0)
  const keys = { find: (text: string) => (text === key.text ? key.key : undefined) }
  async function behind(trustedProxies: readonly string[]) {
    const entries: AuditEntry[] = []
    const security = {
      login: loginBy({ keys, tokens: undefined }),
      openMetrics: false,
      openPage: false,
      requestsPerMinute: 2,
      corsOrigins: [],
      audit: true,
      report: { requestRefused: () => {}, lookedUp: (entry: AuditEntry) => entries.push(entry) },
    }
    const { url } = await serving({ security, trustedProxies, loopbackOnly: false })
    const from = async (forwarded: string) =>
      (await ask(`${url}/v1/coverage`, { headers: { 'x-forwarded-for': forwarded } })).status
    return { entries, from }
  }

  test('that is trusted, the client is whom it names, in the audit log and for the limit', async () => {
    const { entries, from } = await behind(['127.0.0.0/8', '10.9.0.0/16'])
    expect([await from('203.0.113.5'), await from('203.0.113.5'), await from('203.0.113.5')]).toEqual([401, 401, 429])
    // What stands left of the first that is not trusted, the client wrote itself.
    expect([await from('198.51.100.1, 203.0.113.6, 10.9.1.1')]).toEqual([401])
    expect(entries.map(({ address }) => address)).toEqual([...Array(3).fill('203.0.113.5'), '203.0.113.6'])
  })

  test('that nobody named, nothing is believed', async () => {
    const { entries, from } = await behind([])
    expect([await from('203.0.113.5'), await from('203.0.113.6'), await from('203.0.113.7')]).toEqual([401, 401, 429])
    expect(new Set(entries.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']))
  })

  test('a foreign name does not come in by what a header says of it', async () => {
    const { url } = await serving({ trustedProxies: ['127.0.0.1'] })
    const headers = { host: 'evil.example', 'x-forwarded-host': 'localhost' }
    expect((await ask(`${url}/v1/coverage`, { headers })).status).toBe(421)
  })
})

test('settings that cannot be are told of', () => {
  const complaints = (api: object) => [...complaintsAboutApi({ ...loadSettings({}).api, ...api })]
  expect(complaints({ tlsCertFile: 'c.pem', tlsKeyFile: 'k.pem', trustedProxies: ['::1', '10.0.0.0/8'] })).toEqual([])
  expect(complaints({ tlsCertFile: 'c.pem' })).toEqual([expect.stringMatching(/go together/)])
  expect(complaints({ trustedProxies: ['proxy.example', '10.0.0.0/33', '0.0.0.0/0'] })).toEqual([
    expect.stringMatching(/"proxy.example" is neither/),
    expect.stringMatching(/"10.0.0.0\/33" is neither/),
    expect.stringMatching(/0.0.0.0\/0 is everybody/),
  ])
})
