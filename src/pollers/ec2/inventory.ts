import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2'
import type { SourceBounds } from '../../ownership/claim.ts'
import type { Clock } from '../../runtime/clock.ts'
import { reasonOf, WhohadError } from '../../runtime/errors.ts'
import { pollerErrors } from '../errors.ts'
import type { Inventory } from '../inventory.ts'
import { measureAttempts } from './attempts.ts'
import type { Estate } from './estate.ts'
import { listEstate } from './listing.ts'
import { toSnapshot } from './snapshot.ts'

export type Ec2Settings = Estate & {
  readonly bounds: SourceBounds
  readonly clock: Clock
  /** The region's own where it is left out. */
  readonly endpoint?: string
  /** The SDK's default chain where they are left out. */
  readonly credentials?: NonNullable<EC2ClientConfig['credentials']>
  /** 5 to 1000. */
  readonly pageSize?: number
  /** Tries of one request in all, the first included. */
  readonly attempts?: number
  readonly requestTimeoutMs?: number
}

/**
 * The ENIs, instances, addresses, subnets and VPCs of one account in one region, as one source. `close` ends the
 * connections. One client for each of them: the SDK's adaptive rate limiter is per client, EC2's limits per account and
 * region (aws.md §2.5).
 */
export function ec2Inventory(settings: Ec2Settings): Inventory & { close(): void } {
  const { account, region, bounds, clock, endpoint, credentials, pageSize = 1000, attempts = 5 } = settings
  const client = new EC2Client({
    region,
    retryMode: 'adaptive',
    maxAttempts: attempts,
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: settings.requestTimeoutMs ?? 30_000,
      // Without it the SDK only warns, and one silent server stops the poller for good.
      throwOnRequestTimeout: true,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  })
  const sightingOf = measureAttempts(client, clock)
  return {
    source: `ec2/${account}/${region}`,
    kind: 'ec2',
    bounds,
    async list(signal) {
      const stop = new AbortController()
      const walk = { client, sightingOf, pageSize, signal: AbortSignal.any([signal, stop.signal]) }
      try {
        return toSnapshot(await listEstate(walk), settings)
      } catch (cause) {
        throw classified(cause, { account, region })
      } finally {
        // Of five listings side by side the others are of no use once one has failed.
        stop.abort()
      }
    },
    close: () => client.destroy(),
  }
}

const DENIED: ReadonlySet<string> = new Set([
  'AuthFailure',
  'UnauthorizedOperation',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'RequestExpired',
  'ExpiredToken',
  'ExpiredTokenException',
  'OptInRequired',
  'Blocked',
  'PendingVerification',
  'CredentialsProviderError',
])
const THROTTLED =
  /^(RequestLimitExceeded|EC2ThrottledException|Throttl.*|RequestThrottled.*|TooManyRequests.*|SlowDown)$/

/** What the SDK threw, as the failure that a person can act on. A reply with an error in it is known by its status. */
function classified(cause: unknown, place: { readonly account: string; readonly region: string }): unknown {
  if (cause instanceof WhohadError || !(cause instanceof Error)) return cause
  const why = cause.name === 'Error' ? reasonOf(cause) : `${cause.name}: ${reasonOf(cause)}`
  if (DENIED.has(cause.name)) return pollerErrors.ec2Denied({ ...place, why }, cause)
  if (THROTTLED.test(cause.name)) return pollerErrors.ec2Throttled({ ...place, why }, cause)
  const status = statusOf(cause)
  if (status !== undefined && status < 500) return pollerErrors.ec2Failed({ ...place, why }, cause)
  return cause instanceof TypeError ? cause : pollerErrors.ec2Unreachable({ ...place, why }, cause)
}

function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error)) return undefined
  const metadata = error.$metadata
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}
