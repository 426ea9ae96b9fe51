import { reasonOf } from '../runtime/errors.ts'
import { cliErrors } from './errors.ts'

const SERVER_TIMEOUT_MS = 30_000

/**
 * What a whohad server answers to whoever has `token`, whatever its status; `body` is undefined where it is no JSON.
 * @throws WHOHAD_USAGE where `url` is no address, WHOHAD_SERVER_UNREACHABLE
 */
export async function getJson(
  url: string,
  path: string,
  token: string | undefined,
): Promise<{ readonly body: unknown; readonly status: number; readonly statusText: string }> {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw cliErrors.usage({ message: `"${url}" is no address of a server; write it like http://127.0.0.1:7788.` })
  }
  try {
    const response = await fetch(new URL(path, url), {
      signal: AbortSignal.timeout(SERVER_TIMEOUT_MS),
      // The token must not go where the server sends us.
      redirect: 'error',
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    })
    const body: unknown = await response.json().catch(() => undefined)
    return { body, status: response.status, statusText: response.statusText }
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause ? reasonOf(cause.cause) : reasonOf(cause)
    throw cliErrors.serverUnreachable({ url, reason }, cause)
  }
}
