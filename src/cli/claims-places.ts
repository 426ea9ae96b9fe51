import { bundleErrors } from '../changestream/bundle/errors.ts'
import type { BundlePlace } from '../changestream/bundle/fetch-bundle.ts'
import { MANIFEST } from '../changestream/bundle/layout.ts'
import { enricherErrors } from '../enricher/errors.ts'
import { s3FlowLogs } from '../enricher/flowlogs/s3.ts'
import { reasonOfFetch, WhohadError } from '../runtime/errors.ts'
import { type BucketFlags, bucketOf } from './annotate-inputs.ts'
import { cliErrors } from './errors.ts'
import type { Settings } from './settings.ts'

/** Whether claims are to be fetched: http://, https:// and s3://. */
export const isRemote = (claims: string): boolean => /^(https?|s3):\/\//i.test(claims)

/** The folder that a URL names, also by its bundle.json. @throws WHOHAD_USAGE */
export function bundlePlace(url: string, settings: Settings, flags: BucketFlags): BundlePlace & { close(): void } {
  return /^s3:/i.test(url) ? inBucket(url, settings, flags) : { ...overHttp(url), close: () => {} }
}

/** For the reply to begin, and then for each piece of it. */
const PATIENCE_MS = 60_000

/** What stands after ? is sent with every file: it may be what lets us in, and is in no message. */
export function overHttp(given: string, patienceMs: number = PATIENCE_MS): BundlePlace {
  const url = httpUrl(given)
  const { search } = url
  const folder = new URL(url.pathname.replace(new RegExp(`(/${MANIFEST.replace('.', '\\.')}|/)?$`), '/'), url.origin)
  const name = folder.href
  return {
    name,
    async open(file) {
      const place = new URL(file, folder)
      const fault = (cause: unknown): WhohadError =>
        cause instanceof WhohadError
          ? cause
          : bundleErrors.unreachable({ url: place.href, reason: reasonOfFetch(cause) }, cause)
      const patience = impatient(patienceMs)
      try {
        const reply = await fetch(`${place.href}${search}`, { signal: patience.signal })
        const { status, body } = reply
        if (status !== 200) await body?.cancel()
        if (status === 404 || status === 410)
          throw bundleErrors.missing({ folder: name, reason: `${file} is not there` })
        if (status === 429 || status >= 500)
          throw bundleErrors.unreachable({ url: place.href, reason: `status ${status}` })
        if (status !== 200) throw bundleErrors.refused({ url: place.href, status })
        return bodyOf(body ?? [], patience, fault)
      } catch (cause) {
        patience.end()
        throw fault(cause)
      }
    },
  }
}

function httpUrl(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url === undefined) throw cliErrors.usage({ message: `--claims "${given}" is no URL.` })
  if (url.username === '' && url.password === '') return url
  throw cliErrors.usage({
    message: '--claims takes no name and password in its URL; a signed URL, or s3://, needs none.',
  })
}

/** Aborts where nothing comes for so long. */
function impatient(ms: number) {
  const controller = new AbortController()
  const giveUp = () => controller.abort(new Error(`nothing came for ${ms / 1000} s`))
  let timer = setTimeout(giveUp, ms)
  return {
    signal: controller.signal,
    again(): void {
      clearTimeout(timer)
      timer = setTimeout(giveUp, ms)
    },
    end: () => clearTimeout(timer),
  }
}

async function* bodyOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  patience: ReturnType<typeof impatient>,
  fault: (cause: unknown) => WhohadError,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of chunks) {
      patience.again()
      yield chunk
    }
  } catch (cause) {
    throw fault(cause)
  } finally {
    patience.end()
  }
}

function inBucket(url: string, settings: Settings, flags: BucketFlags): BundlePlace & { close(): void } {
  const { place, prefix } = bucketOf(url, settings, flags)
  const folder = prefix.replace(new RegExp(`(^|/)${MANIFEST.replace('.', '\\.')}$`), '').replace(/\/$/, '')
  const name = `s3://${place.bucket}/${folder}`
  const store = s3FlowLogs({ ...place, prefix: '' })
  return {
    name,
    async open(file) {
      try {
        return await store.open(await store.find(folder === '' ? file : `${folder}/${file}`))
      } catch (error) {
        const isMissing = error instanceof WhohadError && error.code === enricherErrors.s3ObjectMissing.code
        throw isMissing ? bundleErrors.missing({ folder: name, reason: `${file} is not there` }, error) : error
      }
    },
    close: () => store.close(),
  }
}
