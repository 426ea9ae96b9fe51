import { reasonOf, WhohadError } from '../../runtime/errors.ts'
import { changestreamErrors } from '../errors.ts'
import { readSecret, type Secret } from './security.ts'

export type TokenClient = {
  /** The token endpoint of the authorisation server. */
  readonly url: string
  readonly clientId: string
  /** Read again for every token, so that a file can be replaced while whohad runs. */
  readonly clientSecret: Secret
  readonly scope?: string | undefined
}

const PATIENCE_MS = 10_000
/** What is left of a token's life when a new one is fetched: a fifth, at most a minute. Within it the old one still serves. */
const SPARE_SHARE = 0.2
const LARGEST_SPARE_MS = 60_000
/** RFC 6749 §5.1 only recommends `expires_in`. */
const UNSTATED_LIFE_SECONDS = 60

/**
 * A bearer token by the client-credentials flow (RFC 6749 §4.4), kept until shortly before it expires.
 * @throws WHOHAD_KAFKA_TOKEN_UNAVAILABLE, with no word of what was sent or of the token.
 */
export function clientCredentials(client: TokenClient): () => Promise<string> {
  let kept: { readonly token: string; readonly freshUntilMs: number; readonly validUntilMs: number } | undefined
  let asking: Promise<string> | undefined
  const fetchAnew = async (): Promise<string> => {
    const askedAtMs = performance.now()
    const { token, lifeMs } = await fetchToken(client)
    const validUntilMs = askedAtMs + lifeMs
    kept = { token, validUntilMs, freshUntilMs: validUntilMs - Math.min(lifeMs * SPARE_SHARE, LARGEST_SPARE_MS) }
    return token
  }
  return async () => {
    if (kept && performance.now() < kept.freshUntilMs) return kept.token
    asking ??= fetchAnew().finally(() => {
      asking = undefined
    })
    return asking.catch(error => {
      if (kept && performance.now() < kept.validUntilMs) return kept.token
      throw error
    })
  }
}

async function fetchToken(client: TokenClient): Promise<{ token: string; lifeMs: number }> {
  const refuse = (reason: string, cause?: unknown) =>
    changestreamErrors.kafkaTokenUnavailable({ url: withoutSecrets(client.url), reason }, cause)
  const secret = await readSecret('kafka.oauthClientSecretFile', client.clientSecret)
  try {
    const reply = await fetch(client.url, {
      method: 'POST',
      redirect: 'error', // the secret is for this host alone
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: { authorization: basic(client.clientId, secret), accept: 'application/json' },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...(client.scope && { scope: client.scope }) }),
    })
    const body: unknown = await reply.json().catch(() => undefined)
    if (!reply.ok) throw refuse(`status ${reply.status}${errorCodeIn(body)}`)
    const { access_token: token, expires_in: life = UNSTATED_LIFE_SECONDS } = Object(body)
    const lifeMs = Number(life) * 1000
    if (typeof token !== 'string' || token === '' || !(lifeMs > 0)) throw refuse('the reply has no access_token')
    return { token, lifeMs }
  } catch (error) {
    // What fetch throws names the host at most, but its cause is not kept: it can hold the request.
    throw error instanceof WhohadError
      ? error
      : refuse(reasonOf(error instanceof Error ? (error.cause ?? error) : error))
  }
}

/** RFC 6749 §2.3.1: both are form-encoded first. */
const basic = (clientId: string, secret: string): string => {
  const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
  return `Basic ${Buffer.from(`${encoded(clientId)}:${encoded(secret)}`).toString('base64')}`
}

/** RFC 6749 §5.2 has a closed set of short codes; anything longer may be an echo of what was sent. */
function errorCodeIn(body: unknown): string {
  const { error } = Object(body)
  return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? `, ${error}` : ''
}

function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
