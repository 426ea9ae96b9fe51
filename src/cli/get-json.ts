import { request } from './server.ts'

/**
 * What a whohad server answers to whoever has `token`, whatever its status; `body` is undefined where it is no JSON.
 * @throws WHOHAD_USAGE where `url` is no address, WHOHAD_SERVER_UNREACHABLE
 */
export async function getJson(
  url: string,
  path: string,
  token: string | undefined,
): Promise<{ readonly body: unknown; readonly status: number; readonly statusText: string }> {
  const response = await request({ url, token }, path)
  const body: unknown = await response.json().catch(() => undefined)
  return { body, status: response.status, statusText: response.statusText }
}
