import type { Static } from 'typebox'
import { isLoopback } from '../api/loopback.ts'
import { toIp } from '../ownership/address.ts'
import { toPrefix } from '../ownership/prefix.ts'
import type { SettingsSchema } from './settings-schema.ts'

export type ApiSettings = Static<typeof SettingsSchema>['api']

const OIDC_KEYS = ['oidcIssuer', 'oidcAudience', 'oidcJwksUrl'] as const

export function* complaintsAboutApi(api: ApiSettings): Generator<string> {
  if ((api.tlsCertFile === undefined) !== (api.tlsKeyFile === undefined))
    yield 'api.tlsCertFile and api.tlsKeyFile go together, and one is missing'
  for (const text of api.trustedProxies) {
    if (toIp(text) === undefined && toPrefix(text) === undefined)
      yield `api.trustedProxies: "${text}" is neither an address nor a block like 10.0.0.0/8`
    else if (text.endsWith('/0')) yield `api.trustedProxies: ${text} is everybody; name the proxies alone`
  }
  const missing = OIDC_KEYS.filter(key => api[key] === undefined)
  if (missing.length > 0 && missing.length < OIDC_KEYS.length)
    yield `${OIDC_KEYS.map(key => `api.${key}`).join(', ')} go together, and ${missing.map(key => `api.${key}`).join(' and ')} is missing`
  const { oidcJwksUrl = '' } = api
  if (!oidcJwksUrl.startsWith('http:')) return
  const host = URL.canParse(oidcJwksUrl) ? new URL(oidcJwksUrl).hostname.replace(/^\[(.*)\]$/, '$1') : ''
  if (!isLoopback(host)) yield 'api.oidcJwksUrl must be https: whoever changes the keys on their way can make any token'
}
