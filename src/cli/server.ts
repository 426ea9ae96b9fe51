import { reasonOfFetch, WhohadError } from '../runtime/errors.ts'
import { cliErrors } from './errors.ts'

const SERVER_TIMEOUT_MS = 30_000

/** A running whohad, and what it is to know us by. */
export type Server = { readonly url: string; readonly token: string | undefined }

/**
 * What a server answers, whatever its status.
 * @throws WHOHAD_USAGE where `url` is no address, WHOHAD_SERVER_UNREACHABLE
 */
export async function request({ url, token }: Server, path: string, init: RequestInit = {}): Promise<Response> {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw cliErrors.usage({ message: `"${url}" is no address of a server; write it like http://127.0.0.1:7788.` })
  }
  try {
    return await fetch(new URL(path, url), {
      signal: AbortSignal.timeout(SERVER_TIMEOUT_MS),
      ...init,
      // The token must not go where the server sends us.
      redirect: 'error',
      ...(token !== undefined && { headers: { ...init.headers, authorization: `Bearer ${token}` } }),
    })
  } catch (cause) {
    throw unreachable(url, cause)
  }
}

/** What fetch throws before an answer, or in the middle of one. */
export function unreachable(url: string, cause: unknown): WhohadError {
  return cliErrors.serverUnreachable({ url, reason: reasonOfFetch(cause) }, cause)
}

/**
 * The body of an answer.
 * @throws as `request` does; the problem that the server tells of; WHOHAD_SERVER_REFUSED for all else
 */
export async function bodyFrom(server: Server, path: string): Promise<string> {
  const response = await request(server, path)
  const body = await response.text().catch(cause => {
    throw unreachable(server.url, cause)
  })
  if (response.ok) return body
  throw refusalOf(server.url, response, body)
}

/** Why there is no answer: the server's own words, where they are its. */
export function refusalOf(
  url: string,
  { status, statusText }: { readonly status: number; readonly statusText: string },
  body: string,
): WhohadError {
  const { code, detail } = problemIn(body)
  if (detail === undefined) return notWhohad(url, status, statusText)
  if (status >= 500) return cliErrors.serverRefused({ url, detail: `${status} ${detail}` })
  if (code === undefined) return cliErrors.usage({ message: detail })
  return new WhohadError(code, status === 409 ? 'state' : 'usage', false, detail)
}

export const notWhohad = (url: string, status: number, statusText: string): WhohadError =>
  cliErrors.serverRefused({ url, detail: `${status} ${statusText}, and nothing that whohad would say` })

function problemIn(body: string): { readonly code?: string; readonly detail?: string } {
  let problem: unknown
  try {
    problem = JSON.parse(body)
  } catch {
    return {}
  }
  if (typeof problem !== 'object' || problem === null || !('detail' in problem)) return {}
  const detail = String(problem.detail)
  return 'code' in problem && typeof problem.code === 'string' ? { code: problem.code, detail } : { detail }
}
