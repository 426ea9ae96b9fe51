import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Just enough of S3's REST API for a listing in pages and conditional reads, with faults on demand. */
export type S3Wire = {
  readonly endpoint: string
  readonly objects: Map<string, Buffer>
  /** Keys of which only half is sent before the connection breaks. */
  readonly torn: Set<string>
  /** Path and query of every request. */
  readonly requests: string[]
  close(): Promise<void>
}

const BUCKET = 'flow-logs'
const PAGE = 2

export async function startS3Wire(): Promise<S3Wire> {
  const objects = new Map<string, Buffer>()
  const torn = new Set<string>()
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    const url = new URL(request.url ?? '/', 'http://s3')
    const [bucket = '', ...rest] = decodeURIComponent(url.pathname.slice(1)).split('/')
    const key = rest.join('/')
    if (bucket === 'forbidden') return refuse(response, 403, 'AccessDenied')
    if (bucket !== BUCKET) return refuse(response, 404, 'NoSuchBucket')
    if (key === '') return list(url, objects, response)
    return send(objects.get(key), torn.has(key), request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    objects,
    torn,
    requests,
    close: () => new Promise(resolve => server.close(() => resolve()).closeAllConnections()),
  }
}

const etagOf = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' })
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}.</Message></Error>`)
}

function list(url: URL, objects: ReadonlyMap<string, Buffer>, response: ServerResponse): void {
  const prefix = url.searchParams.get('prefix') ?? ''
  const from = Number(url.searchParams.get('continuation-token') ?? 0)
  const keys = [...objects.keys()].filter(key => key.startsWith(prefix)).sort()
  const page = keys.slice(from, from + PAGE).map(key => {
    const bytes = objects.get(key) ?? Buffer.alloc(0)
    return `<Contents><Key>${key}</Key><ETag>${etagOf(bytes)}</ETag><Size>${bytes.length}</Size></Contents>`
  })
  const more = from + PAGE < keys.length
  const next = more ? `<NextContinuationToken>${from + PAGE}</NextContinuationToken>` : ''
  response.writeHead(200, { 'content-type': 'application/xml' })
  response.end(
    `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${page.join('')}<IsTruncated>${more}</IsTruncated>${next}</ListBucketResult>`,
  )
}

function send(bytes: Buffer | undefined, isTorn: boolean, request: IncomingMessage, response: ServerResponse): void {
  if (bytes === undefined) {
    refuse(response, 404, 'NoSuchKey')
    return
  }
  const wanted = request.headers['if-match']
  if (wanted !== undefined && wanted !== etagOf(bytes)) {
    refuse(response, 412, 'PreconditionFailed')
    return
  }
  response.writeHead(200, { etag: etagOf(bytes), 'content-length': bytes.length })
  if (!isTorn) response.end(bytes)
  else response.write(bytes.subarray(0, bytes.length / 2), () => request.socket.destroy())
}

export const WIRE_BUCKET = BUCKET
