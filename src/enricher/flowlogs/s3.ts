import {
  GetObjectCommand,
  HeadObjectCommand,
  type ListObjectsV2CommandOutput,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { reasonOf } from '../../runtime/errors.ts'
import { enricherErrors } from '../errors.ts'
import type { Folders } from './list-window.ts'
import type { FlowObjectRef } from './object-ref.ts'

export type S3Settings = {
  readonly bucket: string
  /** Only keys that begin so; empty for the whole bucket. */
  readonly prefix: string
  readonly region: string
  /** Another endpoint than AWS's own, addressed by path: most S3 work-alikes know no bucket host names. */
  readonly endpoint?: string | undefined
  /** The SDK's own chain of credentials where it is left out. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
}

export type FlowObjectStore = Folders & {
  /** Every object under the prefix, or another one, that is not a folder marker, in no order that may be relied on. */
  list(signal?: AbortSignal, under?: string): AsyncIterable<FlowObjectRef>
  /** An object of which only the key is known, as it is now; WHOHAD_S3_OBJECT_MISSING where there is none. */
  find(key: string, signal?: AbortSignal): Promise<FlowObjectRef>
  /** The bytes of exactly the listed object: one that was replaced since then is WHOHAD_S3_OBJECT_MISSING. */
  open(object: FlowObjectRef, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  close(): void
}

/** Flow log objects in S3. Errors are WHOHAD_S3_…, from within the iterations too. */
export function s3FlowLogs(settings: S3Settings): FlowObjectStore {
  const { bucket, prefix, region, endpoint } = settings
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  async function* pages(under: string, delimiter: string | undefined, signal: AbortSignal | undefined) {
    try {
      // A new input for every listing: the paginator writes its token into the one it is given.
      const input = { Bucket: bucket, Prefix: under, ...(delimiter !== undefined && { Delimiter: delimiter }) }
      yield* paginateListObjectsV2({ client }, input, abortable(signal))
    } catch (cause) {
      throw said(cause, settings, 's3:ListBucket', under)
    }
  }
  function* objectsOf({ Contents = [] }: ListObjectsV2CommandOutput): Generator<FlowObjectRef> {
    for (const { Key, ETag, Size } of Contents) {
      if (Key !== undefined && !Key.endsWith('/')) yield objectOf(bucket, Key, ETag, Size)
    }
  }
  return {
    async *list(signal, under = prefix) {
      for await (const page of pages(under, undefined, signal)) yield* objectsOf(page)
    },
    async *level(under, signal) {
      for await (const page of pages(under, '/', signal)) {
        yield* objectsOf(page)
        for (const { Prefix } of page.CommonPrefixes ?? []) if (Prefix !== undefined) yield { folder: Prefix }
      }
    },
    async find(key, signal) {
      try {
        const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), abortable(signal))
        return objectOf(bucket, key, head.ETag, head.ContentLength)
      } catch (cause) {
        throw said(cause, settings, 's3:GetObject', key)
      }
    },
    async open({ key, etag }, signal) {
      try {
        const input = { Bucket: bucket, Key: key, ...(etag === '' ? {} : { IfMatch: `"${etag}"` }) }
        const { Body } = await client.send(new GetObjectCommand(input), abortable(signal))
        return body(Body as AsyncIterable<Uint8Array>, settings, key)
      } catch (cause) {
        throw said(cause, settings, 's3:GetObject', key)
      }
    },
    close: () => client.destroy(),
  }
}

const objectOf = (bucket: string, key: string, etag = '', sizeBytes = 0): FlowObjectRef => ({
  bucket,
  key,
  etag: etag.replaceAll('"', ''),
  sizeBytes,
})

const abortable = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {})

/** A connection that breaks within an object is S3's fault, and must not look like an object that is cut short. */
async function* body(bytes: AsyncIterable<Uint8Array>, settings: S3Settings, key: string): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes
  } catch (cause) {
    throw said(cause, settings, 's3:GetObject', key)
  }
}

const NETWORK = /^(E[A-Z]+|TimeoutError|UND_ERR_[A-Z_]+)$/

/** What went wrong, as a sentence with a code. An abort is passed on as it is: somebody asked for it. */
function said(cause: unknown, settings: S3Settings, action: string, key: string): unknown {
  const { bucket, region } = settings
  if (!(cause instanceof Error) || cause.name === 'AbortError') return cause
  const reason = reasonOf(cause)
  const status = cause instanceof S3ServiceException ? cause.$metadata.httpStatusCode : undefined
  if (cause.name === 'NoSuchBucket') return enricherErrors.s3BucketMissing({ bucket, region }, cause)
  // The reply to a HEAD has no body that could name the error.
  if (cause.name === 'NoSuchKey' || cause.name === 'NotFound' || status === 412)
    return enricherErrors.s3ObjectMissing({ bucket, key }, cause)
  if (status === 403) return enricherErrors.s3AccessDenied({ bucket, action, reason: cause.name }, cause)
  const code = 'code' in cause ? String(cause.code) : cause.name
  if (NETWORK.test(code) || reason === 'aborted' || (status !== undefined && status >= 500)) {
    const endpoint = settings.endpoint ?? `the S3 endpoint of ${region}`
    return enricherErrors.s3Unreachable({ bucket, endpoint, reason: `${code}: ${reason}` }, cause)
  }
  return enricherErrors.s3Failed({ bucket, action, reason: `${cause.name}: ${reason}` }, cause)
}
