import type { Millis } from '../ownership/window.ts'
import type { Faults } from './faults.ts'
import type { Reply, Request } from './loopback.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import type { Random } from './random.ts'
import { element, elements, type Xml, xmlDocument } from './xml.ts'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** One bucket, read only, addressed by path: ListObjectsV2, GetObject with a range, HeadObject. */
export function s3Api(
  bucket: string,
  store: ObjectStore<StoredObject>,
  faults: Faults,
  random: Random,
  now: () => Millis,
): (request: Request) => Reply {
  return request => {
    if (random.chance(faults.s3ErrorProbability)) return refusal(503, 'SlowDown', 'Please reduce your request rate.')
    const [name = '', ...rest] = request.path.slice(1).split('/')
    const key = rest.map(decodeURIComponent).join('/')
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return refusal(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.')
    }
    if (name !== bucket) return refusal(404, 'NoSuchBucket', 'The specified bucket does not exist')
    if (key === '') return listReply(bucket, store.list(now()), request.query)
    const object = store.get(key, now())
    if (!object) return refusal(404, 'NoSuchKey', 'The specified key does not exist.', element('Key', key))
    return objectReply(object, request.headers.range)
  }
}

const xmlReply = (status: number, body: string): Reply => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body,
})

const refusal = (status: number, Code: string, Message: string, more: Xml = { xml: '' }): Reply =>
  xmlReply(status, xmlDocument('Error', null, [elements({ Code, Message }), more, element('RequestId', 'simulated')]))

/** One line of a listing: an object, or the common prefix that stands for several. */
type Listed = { readonly name: string; readonly object: StoredObject | null }

function listReply(bucket: string, objects: readonly StoredObject[], query: URLSearchParams): Reply {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const token = query.get('continuation-token')
  const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString()
  const maxKeys = Math.min(1000, Number(query.get('max-keys') ?? 1000))
  const lines = listed(objects, prefix, delimiter).filter(({ name }) => name > after)
  const page = lines.slice(0, maxKeys)
  const last = page.at(-1)
  const isTruncated = lines.length > page.length
  const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : (text: string) => text
  const contents = page.map(({ name, object }) =>
    object
      ? element('Contents', contentsOf(object, encode))
      : element('CommonPrefixes', element('Prefix', encode(name))),
  )
  const head = elements({
    Name: bucket,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? null : delimiter,
    MaxKeys: maxKeys,
    KeyCount: page.length,
    IsTruncated: isTruncated,
    EncodingType: query.get('encoding-type'),
    ContinuationToken: token,
    NextContinuationToken: isTruncated && last ? Buffer.from(last.name).toString('base64url') : null,
    StartAfter: query.get('start-after'),
  })
  return xmlReply(200, xmlDocument('ListBucketResult', NAMESPACE, [head, ...contents]))
}

function listed(objects: readonly StoredObject[], prefix: string, delimiter: string): Listed[] {
  const lines: Listed[] = []
  for (const object of objects) {
    if (!object.key.startsWith(prefix)) continue
    const cut = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length)
    const common = cut < 0 ? null : object.key.slice(0, cut + delimiter.length)
    if (common === null) lines.push({ name: object.key, object })
    else if (lines.at(-1)?.name !== common) lines.push({ name: common, object: null })
  }
  return lines
}

const contentsOf = (object: StoredObject, encode: (text: string) => string): Xml =>
  elements({
    Key: encode(object.key),
    LastModified: new Date(object.visibleFromMs).toISOString(),
    ETag: `"${object.etag}"`,
    Size: object.body.length,
    StorageClass: 'STANDARD',
  })

function objectReply(object: StoredObject, rangeHeader: string | undefined): Reply {
  const { body, etag, visibleFromMs } = object
  const headers = {
    etag: `"${etag}"`,
    'last-modified': new Date(visibleFromMs).toUTCString(),
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
  }
  const asked = rangeHeader === undefined ? null : /^bytes=(\d*)-(\d*)$/.exec(rangeHeader)
  if (!asked || (asked[1] === '' && asked[2] === '')) return { status: 200, headers, body }
  const [, from = '', to = ''] = asked
  const first = from === '' ? Math.max(0, body.length - Number(to)) : Number(from)
  const last = from === '' || to === '' ? body.length - 1 : Math.min(Number(to), body.length - 1)
  if (first > last) return refusal(416, 'InvalidRange', 'The requested range is not satisfiable')
  const range = { 'content-range': `bytes ${first}-${last}/${body.length}` }
  return { status: 206, headers: { ...headers, ...range }, body: body.subarray(first, last + 1) }
}
