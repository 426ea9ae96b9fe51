import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { readFlowLog } from '../../../src/enricher/flowlogs/read.ts'
import { type S3Settings, s3FlowLogs } from '../../../src/enricher/flowlogs/s3.ts'
import { collect } from '../../support/byte-streams.ts'
import { type S3Wire, startS3Wire, WIRE_BUCKET } from '../../support/s3-wire.ts'

process.env['AWS_EC2_METADATA_DISABLED'] = 'true'

let wire: S3Wire
beforeAll(async () => {
  wire = await startS3Wire()
})
beforeEach(() => {
  wire.objects.clear()
  wire.torn.clear()
  wire.requests.length = 0
})
afterAll(() => wire.close())

function open(changes: Partial<S3Settings> = {}) {
  const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' }
  return s3FlowLogs({
    bucket: WIRE_BUCKET,
    prefix: '',
    region: 'us-east-1',
    endpoint: wire.endpoint,
    credentials,
    ...changes,
  })
}

const LOG = Buffer.from('srcaddr dstaddr start end\n10.0.0.1 10.0.0.2 1 2\n')

test('every page of the listing is read, at each listing from the first on', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) wire.objects.set(`AWSLogs/${name}.log`, LOG)
  wire.objects.set('AWSLogs/folder/', Buffer.alloc(0))
  wire.objects.set('other/x.log', LOG)
  const s3 = open({ prefix: 'AWSLogs/' })
  const first = await collect(s3.list())
  expect(first.map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd', 'e'].map(name => `AWSLogs/${name}.log`))
  expect(first[0]).toMatchObject({
    bucket: WIRE_BUCKET,
    sizeBytes: LOG.length,
    etag: expect.stringMatching(/^\w{32}$/),
  })
  expect(await collect(s3.list())).toEqual(first)
  s3.close()
})

test('an object is read as it was listed, gzip or not', async () => {
  wire.objects.set('a.log.gz', gzipSync(LOG))
  wire.objects.set('b c+ä.log', LOG)
  const s3 = open()
  for (const object of await collect(s3.list())) {
    const batches = await collect(readFlowLog(await s3.open(object), { name: object.key }))
    expect(batches.flatMap(({ lines }) => lines)).toMatchObject([{ kind: 'flow', startSeconds: 1 }])
  }
  s3.close()
})

test('an object that was deleted or replaced since the listing is said to be gone', async () => {
  wire.objects.set('a.log', LOG)
  const s3 = open()
  const [object] = await collect(s3.list())
  if (object === undefined) throw new TypeError('nothing listed')
  wire.objects.set('a.log', Buffer.from('other'))
  await expect(s3.open(object)).rejects.toMatchObject({ code: 'WHOHAD_S3_OBJECT_MISSING', kind: 'state' })
  wire.objects.delete('a.log')
  await expect(s3.open(object)).rejects.toMatchObject({ code: 'WHOHAD_S3_OBJECT_MISSING' })
  s3.close()
})

test('a connection that breaks within an object is an error, whatever was read until then', async () => {
  wire.objects.set('a.log', Buffer.concat([LOG, Buffer.alloc(1_000_000, 'x')]))
  wire.torn.add('a.log')
  const s3 = open()
  const [object] = await collect(s3.list())
  if (object === undefined) throw new TypeError('nothing listed')
  const reading = async () => collect(readFlowLog(await s3.open(object), { name: 'a.log' }))
  await expect(reading()).rejects.toMatchObject({ code: 'WHOHAD_S3_UNREACHABLE', retriable: true })
  s3.close()
})

test.for([
  ['WHOHAD_S3_BUCKET_MISSING', { bucket: 'nowhere' }, 'There is no bucket "nowhere" for us in us-east-1.'],
  ['WHOHAD_S3_ACCESS_DENIED', { bucket: 'forbidden' }, 'S3 refuses s3:ListBucket on bucket "forbidden"'],
  ['WHOHAD_S3_UNREACHABLE', { endpoint: 'http://127.0.0.1:1' }, 'at http://127.0.0.1:1: ECONNREFUSED'],
] as const)('%s is a sentence', async ([code, changes, words]) => {
  const s3 = open(changes)
  const refusal = await collect(s3.list()).catch(error => error)
  expect(refusal).toMatchObject({ code, message: expect.stringContaining(words) })
  expect(refusal.cause).toBeInstanceOf(Error)
  s3.close()
})
