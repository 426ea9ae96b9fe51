import { reasonOf, WhohadError } from '../../runtime/errors.ts'
import { pollerErrors } from '../errors.ts'

const EXPIRED: ReadonlySet<string> = new Set(['RequestExpired', 'ExpiredToken', 'ExpiredTokenException'])
const DENIED: ReadonlySet<string> = new Set([
  ...EXPIRED,
  'AccessDenied',
  'AccessDeniedException',
  'AuthFailure',
  'UnauthorizedOperation',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'OptInRequired',
  'Blocked',
  'PendingVerification',
  'RegionDisabledException',
  'CredentialsProviderError',
])
const THROTTLED =
  /^(RequestLimitExceeded|EC2ThrottledException|Throttl.*|RequestThrottled.*|TooManyRequests.*|SlowDown)$/

export const isThrottling = (error: unknown): boolean => error instanceof Error && THROTTLED.test(error.name)
export const isExpiry = (error: unknown): boolean => error instanceof Error && EXPIRED.has(error.name)
const isDenial = (error: Error): boolean => DENIED.has(error.name)

/**
 * Whether the same request may be answered later: throttling, errors of the other side, no answer at all, and a signature
 * whose time the SDK has since corrected by the other side's clock.
 */
export function mayPass(error: unknown): boolean {
  if (error instanceof WhohadError) return error.retriable
  if (!(error instanceof Error) || error instanceof TypeError) return false
  if (metadataOf(error)['clockSkewCorrected'] === true) return true
  if (isDenial(error)) return false
  const status = statusOf(error)
  return isThrottling(error) || status === undefined || status >= 500
}

export type Attempted = {
  readonly account: string
  readonly region: string
  /** Who asked, where that is known: an ARN. */
  readonly who: string | null
}

const ALLOW_LISTING =
  'Allow ec2:DescribeNetworkInterfaces, DescribeInstances, DescribeAddresses, DescribeVpcs, DescribeSubnets and DescribeTrunkInterfaceAssociations, and check that the credentials are still valid.'

/** What the SDK threw, as the failure that a person can act on. A reply with an error in it is known by its status. */
export function classified(cause: unknown, { account, region, who }: Attempted, allow = ALLOW_LISTING): unknown {
  if (cause instanceof WhohadError || !(cause instanceof Error)) return cause
  const place = { account, region }
  const why = cause.name === 'Error' ? reasonOf(cause) : `${cause.name}: ${reasonOf(cause)}`
  if (isDenial(cause)) return pollerErrors.ec2Denied({ ...place, who, why, allow }, cause)
  if (isThrottling(cause)) return pollerErrors.ec2Throttled({ ...place, why }, cause)
  const status = statusOf(cause)
  if (status !== undefined && status < 500) return pollerErrors.ec2Failed({ ...place, why }, cause)
  return cause instanceof TypeError ? cause : pollerErrors.ec2Unreachable({ ...place, why }, cause)
}

function statusOf(error: Error): number | undefined {
  const status = metadataOf(error)['httpStatusCode']
  return typeof status === 'number' ? status : undefined
}

function metadataOf(error: Error): Readonly<Record<string, unknown>> {
  const metadata = '$metadata' in error ? error.$metadata : undefined
  return typeof metadata === 'object' && metadata !== null ? { ...metadata } : {}
}
