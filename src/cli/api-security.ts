import type { Security, SecurityReport } from '../api/security/gate.ts'
import { KeyRing } from '../api/security/key-ring.ts'
import { loginBy } from '../api/security/login.ts'
import { tokenReader } from '../api/security/tokens.ts'
import type { Clock } from '../runtime/clock.ts'
import type { ApiSettings } from './api-settings.ts'

/**
 * Who may ask what, of settings without complaints.
 *
 * @throws WHOHAD_KEYS_FILE_UNREADABLE
 */
export function securityOf(api: ApiSettings, clock: Pick<Clock, 'now'>, report: SecurityReport): Security {
  const { keysFile, openMetrics, openPage, requestsPerMinute, corsOrigins, audit } = api
  const keys = keysFile === undefined ? undefined : new KeyRing(keysFile, clock)
  const tokens = tokensOf(api, clock)
  const login = keys || tokens ? loginBy({ keys, tokens }) : undefined
  return { login, openMetrics, openPage, requestsPerMinute, corsOrigins, audit, report }
}

function tokensOf(api: ApiSettings, clock: Pick<Clock, 'now'>) {
  const { oidcIssuer: issuer, oidcAudience: audience, oidcJwksUrl: jwksUrl } = api
  if (issuer === undefined || audience === undefined || jwksUrl === undefined) return undefined
  const { oidcAlgorithms: algorithms, oidcDomainsClaim: domainsClaim } = api
  return tokenReader({ issuer, audience, jwksUrl, algorithms, domainsClaim }, clock)
}
