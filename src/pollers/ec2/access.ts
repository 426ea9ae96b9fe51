import type { EC2ClientConfig } from '@aws-sdk/client-ec2'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Clock } from '../../runtime/clock.ts'
import { retry } from '../../runtime/retry.ts'
import { pollerErrors } from '../errors.ts'
import { type Ec2Keys, type HeldCredentials, holdCredentials } from './credentials.ts'
import { classified, mayPass } from './failure.ts'
import type { Ec2Report } from './report.ts'

export type Role = {
  readonly arn: string
  /** What the role's trust policy asks for, where it does. */
  readonly externalId?: string
  /** Names the session in CloudTrail. */
  readonly sessionName: string
}

export type AccessSettings = {
  readonly account: string
  readonly region: string
  readonly source: string
  /** Left out, the credentials themselves are used. */
  readonly role?: Role
  /** Of the role, or of whoever may assume it. Left out, the SDK's default chain. */
  readonly credentials?: Ec2Keys
  /** Left out, STS of the same region: sessions of the global endpoint are refused in regions that were opted into. */
  readonly stsEndpoint?: string
  readonly clock: Clock
  readonly report: Ec2Report
}

/** As whom one account and region is listed. */
export type Ec2Access = Pick<HeldCredentials, 'renew'> & {
  readonly credentials: NonNullable<EC2ClientConfig['credentials']>
  /**
   * Asks STS whose the credentials are, once for every access key. What they list is recorded as the account's, so those
   * of another account must not be used.
   *
   * @throws WHOHAD_EC2_WRONG_ACCOUNT, WHOHAD_EC2_DENIED, WHOHAD_EC2_UNREACHABLE
   */
  confirm(signal: AbortSignal): Promise<void>
  /** The ARN that STS gave, null before it did. */
  who(): string | null
  close(): void
}

const TRIES = { attempts: 3, firstDelayMs: 200, longestDelayMs: 2_000 } as const
/** The longest that AWS allows where a role assumes another role. */
const SESSION_SECONDS = 3600

export function ec2Access(settings: AccessSettings): Ec2Access {
  const { account, region, source, role, clock, report } = settings
  const base = stsClient(settings, settings.credentials)
  const late = (d: { readonly cause: unknown; readonly expireAtMs: number }) =>
    report.ec2CredentialsNotRenewed({ source, ...d })
  const held = holdCredentials(role ? () => assume(base, role, settings) : anew => fromChain(base, anew), clock, late)
  const credentials = heldProvider(held)
  const client = stsClient(settings, credentials)
  let confirmed: { readonly key: string; readonly who: string } | null = null
  return {
    credentials,
    renew: held.renew,
    who: () => confirmed?.who ?? null,
    async confirm(signal) {
      try {
        const { accessKeyId } = await unlessAborted(held.keys(), signal)
        if (confirmed?.key === accessKeyId) return
        const ask = () => client.send(new GetCallerIdentityCommand({}), { abortSignal: signal })
        const { Account: actual = '', Arn: who = '' } = await retry(ask, TRIES, mayPass, clock, signal)
        if (actual !== account) throw pollerErrors.ec2WrongAccount({ account, region, who, actual })
        confirmed = { key: accessKeyId, who }
      } catch (cause) {
        throw classified(cause, { account, region, who: null }, ALLOW_IDENTITY)
      }
    },
    close() {
      base.destroy()
      client.destroy()
    },
  }
}

const ALLOW_IDENTITY =
  'Give credentials that are valid: an environment, a profile, or the role of this machine, in the order of the AWS SDK.'

const allowAssuming = ({ arn, externalId }: Role): string =>
  `Allow sts:AssumeRole on ${arn} to the credentials that whohad runs with, and let the role's trust policy name them${externalId === undefined ? '' : ' and the external id that is configured'}.`

function stsClient(settings: AccessSettings, credentials: EC2ClientConfig['credentials']): STSClient {
  const { region, stsEndpoint } = settings
  return new STSClient({
    region,
    // Tried again by `retry`, and by nobody else.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
    ...(stsEndpoint === undefined ? {} : { endpoint: stsEndpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  })
}

/** The SDK keeps what a provider gives until it expires, unless told that the provider does so itself. */
function heldProvider(held: HeldCredentials): Ec2Access['credentials'] {
  return Object.assign(() => held.keys(), { memoized: true })
}

/** Credentials are fetched for all who wait for them, so that one of these may leave and the fetch goes on. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}

const fromChain = (client: STSClient, anew: boolean): Promise<Ec2Keys> =>
  client.config.credentials({ forceRefresh: anew })

async function assume(client: STSClient, role: Role, { account, region, clock }: AccessSettings): Promise<Ec2Keys> {
  const ask = () =>
    client.send(
      new AssumeRoleCommand({
        RoleArn: role.arn,
        RoleSessionName: role.sessionName,
        DurationSeconds: SESSION_SECONDS,
        ...(role.externalId === undefined ? {} : { ExternalId: role.externalId }),
      }),
    )
  try {
    const { Credentials: given } = await retry(ask, TRIES, mayPass, clock)
    if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken || !given.Expiration)
      throw pollerErrors.ec2ReplyMalformed({ what: 'AssumeRole gave no credentials' })
    return {
      accessKeyId: given.AccessKeyId,
      secretAccessKey: given.SecretAccessKey,
      sessionToken: given.SessionToken,
      expiration: given.Expiration,
    }
  } catch (cause) {
    throw classified(cause, { account, region, who: null }, allowAssuming(role))
  }
}
