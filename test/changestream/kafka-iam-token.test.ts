import { afterEach, describe, expect, test, vi } from 'vitest'
import { type AwsCredentials, iamToken } from '../../src/changestream/kafka/iam-token.ts'

const NOW = Date.parse('2026-11-21T12:00:00.789Z')
const SECRET = 'secret-tell-tale'
const LASTING: AwsCredentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET }
const PASSING: AwsCredentials = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: SECRET,
  sessionToken: 'session/with+signs==',
  expiration: new Date(NOW + 600_000),
}

const tokenOf = (credentials: AwsCredentials, region = 'eu-west-1', nowMs = NOW) =>
  iamToken({ region, credentials: async () => credentials, nowMs: () => nowMs })()
const urlIn = (token: string) => new URL(Buffer.from(token, 'base64url').toString('utf8'))

afterEach(() => void vi.unstubAllEnvs())

describe('a token for the IAM login of Amazon MSK', () => {
  // The signatures are those that aws-msk-iam-sasl-signer-js 1.0.3 gave for these credentials at this second.
  test.each([
    [LASTING, 'eu-west-1', 900, 'b96786316854375df21bd691ebf23210c7b9fe3e15dffd5a8608b25be5bbddcb'],
    [PASSING, 'us-gov-west-1', 600, '78fc2661b66a83dd185735b71ddea07a65232cac3c274ce378c913312d4269ec'],
  ])('is what AWS’s own signer gives: %#', async (credentials, region, seconds, signature) => {
    const token = await tokenOf(credentials, region)
    expect(token).toMatch(/^[\w-]+$/)
    const url = urlIn(token)
    expect(url.origin + url.pathname).toBe(`https://kafka.${region}.amazonaws.com/`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      Action: 'kafka-cluster:Connect',
      'User-Agent': 'whohad',
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${credentials.accessKeyId}/20261121/${region}/kafka-cluster/aws4_request`,
      'X-Amz-Date': '20261121T120000Z',
      'X-Amz-Expires': String(seconds),
      'X-Amz-Signature': signature,
      'X-Amz-SignedHeaders': 'host',
      ...(credentials.sessionToken && { 'X-Amz-Security-Token': credentials.sessionToken }),
    })
    expect(Buffer.from(token, 'base64url').toString('utf8')).not.toContain(SECRET)
  })

  test('is signed anew at each login', async () => {
    let at = NOW
    const token = iamToken({ region: 'eu-west-1', credentials: async () => LASTING, nowMs: () => at })
    const first = await token()
    at += 1000
    expect(urlIn(await token()).searchParams.get('X-Amz-Date')).toBe('20261121T120001Z')
    expect(await token()).not.toBe(first)
  })

  test('lives no longer than the credentials, and is not made of such as have expired', async () => {
    const last = urlIn(await tokenOf(PASSING, 'eu-west-1', NOW + 598_500))
    expect(last.searchParams.get('X-Amz-Expires')).toBe('1')
    await expect(tokenOf(PASSING, 'eu-west-1', NOW + 599_500)).rejects.toMatchObject({
      code: 'WHOHAD_KAFKA_CREDENTIALS_UNAVAILABLE',
      message: expect.stringMatching(/eu-west-1.*expired at 2026-11-21T12:10:00\.789Z/),
    })
  })

  test('takes the credentials of the SDK’s chain', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDOFENVIRONMENT')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', SECRET)
    const url = urlIn(await iamToken({ region: 'eu-west-1' })())
    expect(url.searchParams.get('X-Amz-Credential')).toMatch(/^AKIDOFENVIRONMENT\//)
  })

  test('a provider that fails is told without what it held', async () => {
    const failing = async () => {
      throw Object.assign(new Error('no role here', { cause: SECRET }), { request: SECRET })
    }
    const failure = await iamToken({ region: 'eu-west-1', credentials: failing })().catch(error => error)
    expect(failure).toMatchObject({
      code: 'WHOHAD_KAFKA_CREDENTIALS_UNAVAILABLE',
      message: expect.stringContaining('no role here'),
    })
    expect(failure.cause).toBeUndefined()
    expect(JSON.stringify(Object.entries(failure)) + failure.stack).not.toContain(SECRET)
  })
})
