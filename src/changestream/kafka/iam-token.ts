import { reasonOf, WhohadError } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'

export type AwsCredentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  readonly expiration?: Date | undefined
}

export type IamTokenOptions = {
  /** Where the cluster is, like `eu-west-1`. */
  readonly region: string
  /** The chain of the AWS SDK where it is left out: environment, profile, container, instance. */
  readonly credentials?: (() => Promise<AwsCredentials>) | undefined
  readonly nowMs?: (() => number) | undefined
}

const LONGEST_LIFE_SECONDS = 900

/**
 * Tokens for Amazon MSK's IAM login, in the form that AWS's own signers give them: the URL of a request `kafka-cluster:Connect`,
 * presigned for 15 minutes or for what is left of the credentials, in base64url without padding. Signed anew at each call, which
 * costs less than a millisecond; the chain keeps the credentials.
 * @throws WHOHAD_KAFKA_CREDENTIALS_UNAVAILABLE
 */
export function iamToken({ region, credentials = defaultChain(), nowMs = Date.now }: IamTokenOptions) {
  return async (): Promise<string> => {
    try {
      const found = await credentials()
      const at = new Date(nowMs())
      const url = await presigned(region, found, at, lifeSeconds(found, at))
      return Buffer.from(url).toString('base64url')
    } catch (error) {
      // The cause is not kept: what a provider throws may hold its request.
      throw error instanceof WhohadError
        ? error
        : changestreamErrors.kafkaCredentialsUnavailable({ region, reason: reasonOf(error) })
    }
  }
}

/** AWS's own code is loaded with the first token: the settings name this file, and most of them have no such login. */
function defaultChain(): () => Promise<AwsCredentials> {
  let provider: (() => Promise<AwsCredentials>) | undefined
  return async () => {
    const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
    provider ??= defaultProvider()
    return provider()
  }
}

function lifeSeconds({ expiration }: AwsCredentials, at: Date): number {
  if (expiration === undefined) return LONGEST_LIFE_SECONDS
  const left = Math.floor((expiration.getTime() - at.getTime()) / 1000)
  if (left < 1) throw new Error(`the credentials have expired at ${expiration.toISOString()}`)
  return Math.min(left, LONGEST_LIFE_SECONDS)
}

async function presigned(region: string, found: AwsCredentials, at: Date, expiresIn: number): Promise<string> {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@smithy/core/checksum'),
  ])
  const { accessKeyId, secretAccessKey, sessionToken } = found
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
  const signer = new SignatureV4({
    service: 'kafka-cluster',
    region,
    credentials,
    sha256: Sha256,
    applyChecksum: false,
  })
  const hostname = `kafka.${region}.amazonaws.com`
  const { query = {} } = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      headers: { host: hostname },
      query: { Action: 'kafka-cluster:Connect' },
    },
    { expiresIn, signingDate: at },
  )
  // Not part of what is signed; it tells the broker's log who asked.
  const all = [...Object.entries(query), ['User-Agent', 'whohad'] as const]
  return `https://${hostname}/?${all.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')}`
}
