import type { Sighted } from '../../ownership/snapshot.ts'
import type { Clock } from '../../runtime/clock.ts'
import { reasonOfFetch, WhohadError } from '../../runtime/errors.ts'
import { type RetryPolicy, retry } from '../../runtime/retry.ts'
import { rangesErrors } from './errors.ts'

export type RangesClientSettings = {
  /** Of an ip-ranges.json. */
  readonly url: string
  readonly clock: Clock
  readonly fetch?: typeof fetch
  readonly retries?: RetryPolicy
  readonly requestTimeoutMs?: number
  /** Of the text, after it was decompressed. */
  readonly largestBytes?: number
}

/** `text` null: what the entity tag names is still published. */
export type RangesReply = { readonly text: string | null; readonly etag: string | null }

const RETRIES: RetryPolicy = { attempts: 3, firstDelayMs: 500, longestDelayMs: 5_000 }
/** The file has 17,000 ranges in about 2 MB. */
const LARGEST_BYTES = 32 * 1024 * 1024

/** Asks for the file, or only whether it is another one than `etag` names. The sighting is that of the attempt that answered. */
export function rangesClient(
  settings: RangesClientSettings,
): (etag: string | null, signal: AbortSignal) => Promise<Sighted<RangesReply>> {
  const { url, clock, retries = RETRIES, requestTimeoutMs = 30_000, largestBytes = LARGEST_BYTES } = settings
  const request = settings.fetch ?? fetch

  async function attempt(etag: string | null, signal: AbortSignal): Promise<Sighted<RangesReply>> {
    const sentAtMs = clock.now()
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)])
    const headers = { accept: 'application/json', ...(etag !== null && { 'if-none-match': etag }) }
    const reply = await request(url, { signal: deadline, headers })
    const { status } = reply
    const isUnchanged = status === 304 && etag !== null
    const text = isUnchanged ? null : await textOf(reply)
    const sighting = { sentAtMs, receivedAtMs: clock.now() }
    if (status === 429 || status >= 500) throw rangesErrors.unreachable({ url, why: `status ${status}` })
    if (status !== 200 && !isUnchanged) throw rangesErrors.failed({ url, status })
    return { value: { text, etag: reply.headers.get('etag') ?? (isUnchanged ? etag : null) }, sighting }
  }

  async function textOf({ body }: Response): Promise<string> {
    const decoder = new TextDecoder()
    let text = ''
    let bytes = 0
    for await (const chunk of body ?? []) {
      bytes += chunk.byteLength
      // Leaving the loop ends the transfer.
      if (bytes > largestBytes) throw rangesErrors.malformed({ url, what: `it is longer than ${largestBytes} bytes` })
      text += decoder.decode(chunk, { stream: true })
    }
    return text + decoder.decode()
  }

  return (etag, signal) => {
    const once = async () => {
      try {
        return await attempt(etag, signal)
      } catch (cause) {
        const why = reasonOfFetch(cause)
        throw cause instanceof WhohadError ? cause : rangesErrors.unreachable({ url, why }, cause)
      }
    }
    return retry(once, retries, error => error instanceof WhohadError && error.retriable, clock, signal)
  }
}
