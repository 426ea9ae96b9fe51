import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import type { Clock } from '../../runtime/clock.ts'
import { type Caller, readerOfDomains } from './caller.ts'
import { securityErrors } from './errors.ts'

export type OidcOptions = {
  readonly issuer: string
  readonly audience: string
  /** Where the issuer's public keys are. Never taken from a token. */
  readonly jwksUrl: string
  readonly algorithms: readonly string[]
  /** Claim with the domains that may be read: a list, or names between blanks or commas; `*` is all. */
  readonly domainsClaim: string
}

const CLOCK_TOLERANCE_SECONDS = 60
const FETCH_TIMEOUT_MS = 5000

/**
 * Tells whose a JWT is (RFC 7519), by the issuer's published keys, which are fetched when they are needed.
 *
 * The result throws WHOHAD_UNAUTHENTICATED, and WHOHAD_ISSUER_UNREACHABLE where the keys cannot be had.
 */
export function tokenReader(options: OidcOptions, clock: Pick<Clock, 'now'>): (token: string) => Promise<Caller> {
  const { issuer, audience, domainsClaim } = options
  const keys = createRemoteJWKSet(new URL(options.jwksUrl), { timeoutDuration: FETCH_TIMEOUT_MS })
  return async token => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: [...options.algorithms],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'sub'],
        currentDate: new Date(clock.now()),
      })
      return callerOf(payload, domainsClaim)
    } catch (error) {
      throw isRefusal(error)
        ? securityErrors.unauthenticated({ reason: `the token is not taken (${error.code})` }, error)
        : securityErrors.issuerUnreachable({}, error)
    }
  }
}

function callerOf(payload: JWTPayload, domainsClaim: string): Caller {
  const id = payload.sub ?? ''
  const name = payload['email'] ?? payload['preferred_username'] ?? payload['client_id']
  const domains = domainsIn(payload[domainsClaim])
  const reader = readerOfDomains(domains.includes('*') ? null : domains)
  return { ...reader, kind: 'token', id, name: typeof name === 'string' ? name : id }
}

/** A token that names no domains reads none. */
function domainsIn(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(/[\s,]+/).filter(name => name !== '')
  return Array.isArray(claim) ? claim.filter((name): name is string => typeof name === 'string') : []
}

/** What the token itself is to blame for; the rest is about fetching the keys. */
const isRefusal = (error: unknown): error is errors.JOSEError =>
  error instanceof errors.JOSEError &&
  !(error instanceof errors.JWKSTimeout) &&
  !(error instanceof errors.JWKSInvalid) &&
  error.code !== 'ERR_JOSE_GENERIC'
