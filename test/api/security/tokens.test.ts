import { createServer } from 'node:http'
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loginBy } from '../../../src/api/security/login.ts'
import { tokenReader } from '../../../src/api/security/tokens.ts'

const NOW_SECONDS = 1_800_000_000
const clock = { now: () => NOW_SECONDS * 1000 }
const ISSUER = 'https://login.example.net/'

let published: CryptoKey
let unpublished: CryptoKey
let jwksUrl: string
let asked = 0
let status = 200
const jwks = createServer((_request, response) => {
  asked++
  void exportJWK(publicKey).then(key => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ keys: [{ ...key, kid: 'one', alg: 'ES256', use: 'sig' }] }))
  })
})
let publicKey: CryptoKey

beforeAll(async () => {
  const pair = await generateKeyPair('ES256')
  published = pair.privateKey
  publicKey = pair.publicKey
  unpublished = (await generateKeyPair('ES256')).privateKey
  await new Promise<void>(resolve => jwks.listen(0, '127.0.0.1', resolve))
  const address = jwks.address()
  jwksUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/keys`
})
afterAll(() => new Promise(resolve => jwks.close(resolve)))

const reader = (over: { jwksUrl?: string } = {}) =>
  tokenReader(
    { issuer: ISSUER, audience: 'whohad', jwksUrl, algorithms: ['ES256'], domainsClaim: 'whohad-domains', ...over },
    clock,
  )

const GOOD = { iss: ISSUER, aud: 'whohad', sub: 'u-1', exp: NOW_SECONDS + 300, email: 'ann@example.net' }
const signed = (payload: JWTPayload, key: CryptoKey = published) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(key)

test('a token of the issuer says who asks, and which domains they may read', async () => {
  const { callerOf } = loginBy({ keys: undefined, tokens: reader() })
  const domainsOf = async (claim: unknown) => {
    const token = await signed({ ...GOOD, 'whohad-domains': claim })
    const { domains, readable } = await callerOf(`Bearer ${token}`)
    return [domains, readable('prod'), readable('lab')]
  }
  expect(await callerOf(`bearer ${await signed(GOOD)}`)).toMatchObject({
    kind: 'token',
    id: 'u-1',
    name: 'ann@example.net',
    domains: [],
  })
  expect(await domainsOf(['prod', 7])).toEqual([['prod'], true, false])
  expect(await domainsOf('prod, inet.0')).toEqual([['prod', 'inet.0'], true, false])
  expect(await domainsOf('*')).toEqual([undefined, true, true])
  expect(await domainsOf(undefined)).toEqual([[], false, false])
  expect(await domainsOf({ prod: true })).toEqual([[], false, false])
})

test('a clock may be a minute off, and no more', async () => {
  const read = reader()
  const exp = (seconds: number) => signed({ ...GOOD, exp: NOW_SECONDS + seconds })
  await expect(read(await exp(-59))).resolves.toMatchObject({ id: 'u-1' })
  await expect(read(await exp(-61))).rejects.toMatchObject({ code: 'WHOHAD_UNAUTHENTICATED' })
  await expect(read(await signed({ ...GOOD, nbf: NOW_SECONDS + 61 }))).rejects.toMatchObject({
    code: 'WHOHAD_UNAUTHENTICATED',
  })
})

test.for<[string, () => Promise<string>]>([
  ['of another issuer', () => signed({ ...GOOD, iss: 'https://elsewhere.example.net/' })],
  ['for another audience', () => signed({ ...GOOD, aud: 'billing' })],
  ['without an end', () => signed({ iss: ISSUER, aud: 'whohad', sub: 'u-1' })],
  ['of nobody', () => signed({ iss: ISSUER, aud: 'whohad', exp: GOOD.exp })],
  ['signed with a key that is not published', () => signed(GOOD, unpublished)],
  ['without a signature', async () => `${part({ alg: 'none' })}.${part(GOOD)}.`],
  ['signed with the published key as if it were a shared secret', signedAsSecret],
  ['that is cut short', async () => (await signed(GOOD)).slice(0, -4)],
  ['that is none', async () => 'abc'],
])('a token %s is refused', async ([, made]) => {
  const { callerOf } = loginBy({ keys: undefined, tokens: reader() })
  await expect(callerOf(`Bearer ${await made()}`)).rejects.toMatchObject({ code: 'WHOHAD_UNAUTHENTICATED' })
})

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
async function signedAsSecret(): Promise<string> {
  const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(publicKey)))
  return new SignJWT(GOOD).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(secret)
}

test('keys that cannot be had are the server’s trouble, not the caller’s fault', async () => {
  const token = await signed(GOOD)
  await expect(reader({ jwksUrl: 'http://127.0.0.1:1/keys' })(token)).rejects.toMatchObject({
    code: 'WHOHAD_ISSUER_UNREACHABLE',
    retriable: true,
  })
  status = 500
  await expect(reader()(token)).rejects.toMatchObject({ code: 'WHOHAD_ISSUER_UNREACHABLE' })
  status = 200
  const before = asked
  const read = reader()
  for (let i = 0; i < 3; i++) await read(token)
  expect(asked - before).toBe(1)
})
