import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAfter, readMessage } from '../../../src/enricher/places/object-message.ts'
import { propertyRuns } from '../../support/property-runs.ts'

/** As in the S3 user guide, "Event message structure", with the fields that are read. */
const event = (key: string, over: object = {}, object: object = {}) => ({
  Records: [
    {
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      awsRegion: 'us-west-2',
      eventName: 'ObjectCreated:Put',
      s3: {
        s3SchemaVersion: '1.0',
        bucket: { name: 'logs', arn: 'arn:aws:s3:::logs' },
        object: {
          key,
          size: 1024,
          eTag: 'd41d8cd98f00b204e9800998ecf8427e',
          versionId: 'v',
          sequencer: '0055AED6',
          ...object,
        },
      },
      ...over,
    },
  ],
})
const named = (key: string) => ({
  bucket: 'logs',
  key,
  etag: 'd41d8cd98f00b204e9800998ecf8427e',
  sizeBytes: 1024,
  sequencer: '0055AED6',
})
const read = (message: unknown) => readMessage(JSON.stringify(message))

describe('an event of S3', () => {
  test.for([
    [
      'AWSLogs/aws-account-id%3D123456789012/year%3D2024/a.log.gz',
      'AWSLogs/aws-account-id=123456789012/year=2024/a.log.gz',
    ],
    ['a+b%2Bc/%C3%A4.log', 'a b+c/ä.log'],
    ['plain/a_b-c.log', 'plain/a_b-c.log'],
  ])('has its key encoded as in a form: %s', ([encoded, key]) => {
    expect(read(event(encoded as string))).toEqual({ objects: [named(key as string)] })
  })

  test('every key comes out as it went in', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), key => {
        const form = new URLSearchParams({ key }).toString().slice('key='.length)
        expect(read(event(form)).objects?.[0]?.key).toBe(key)
      }),
      propertyRuns(100),
    )
  })

  test('may have several records, of which only created objects count', () => {
    const [one] = event('one').Records
    const [two] = event('two', { eventName: 'ObjectCreated:CompleteMultipartUpload', eventVersion: '2.7' }).Records
    const [gone] = event('gone', { eventName: 'ObjectRemoved:Delete' }).Records
    expect(read({ Records: [one, gone, two] }).objects?.map(({ key }) => key)).toEqual(['one', 'two'])
  })

  test('about nothing is no fault', () => {
    const said = { Service: 'Amazon S3', Event: 's3:TestEvent', Time: '2014-10-13T15:57:02.089Z', Bucket: 'logs' }
    expect(read(said)).toEqual({ objects: [] })
    expect(read({ Records: [] })).toEqual({ objects: [] })
  })

  test('comes the same through SNS, and through EventBridge with its key as it is', () => {
    const wrapped = { Type: 'Notification', MessageId: 'm', TopicArn: 'arn', Message: JSON.stringify(event('a%3Db')) }
    expect(read(wrapped)).toEqual({ objects: [named('a=b')] })
    const bridged = {
      version: '0',
      'detail-type': 'Object Created',
      source: 'aws.s3',
      detail: {
        bucket: { name: 'logs' },
        object: { key: 'a=b+c', size: 5, etag: 'e-2', 'version-id': 'v', sequencer: '01' },
        reason: 'PutObject',
      },
    }
    expect(read(bridged)).toEqual({
      objects: [{ bucket: 'logs', key: 'a=b+c', etag: 'e-2', sizeBytes: 5, sequencer: '01' }],
    })
    expect(read({ ...bridged, 'detail-type': 'Object Deleted' })).toEqual({ objects: [] })
    expect(read({ Type: 'Notification', Message: JSON.stringify(bridged) })).toEqual(read(bridged))
  })
})

test('a plain name may leave out what is not known', () => {
  expect(read({ bucket: 'logs', key: 'a b.log', etag: '"e"', size: 7 })).toEqual({
    objects: [{ bucket: 'logs', key: 'a b.log', etag: 'e', sizeBytes: 7 }],
  })
  expect(read({ bucket: 'logs', key: 'a' })).toEqual({ objects: [{ bucket: 'logs', key: 'a', sizeBytes: 0 }] })
})

test.for([
  ['', 'it is not JSON'],
  ['{"Records":', 'it is not JSON'],
  ['[1]', 'it is not a JSON object'],
  ['"x"', 'it is not a JSON object'],
  ['{}', 'it is no event of S3, and has no bucket and key'],
  ['{"bucket":"b","key":7}', 'has no bucket and key'],
  ['{"Records":[7]}', 'has no eventName'],
  [JSON.stringify(event('a%ZZ')), 'not encoded as in a form'],
  [JSON.stringify(event('')), 'it names no key'],
  [JSON.stringify(event('a', { s3: {} })), 'it names no bucket'],
  [JSON.stringify(event('a', { eventVersion: '3.0' })), 'its eventVersion is 3.0'],
  [JSON.stringify({ Type: 'Notification', Message: 'x' }), 'it is not JSON'],
] as const)('%s cannot be read', ([text, reason]) => {
  expect(readMessage(text).unreadable).toContain(reason)
})

test('whatever is sent, reading ends with objects or a reason', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.json().map(text => `{"Records":[${text}]}`),
      ),
      text => {
        const { objects, unreadable } = readMessage(text)
        expect(objects === undefined).toBe(unreadable !== undefined)
      },
    ),
  )
})

test('sequencers are compared from the left, whatever their lengths and cases', () => {
  expect(isAfter('0055AED6DCD90281E5', '0055AED6DCD90281E4')).toBe(true)
  expect(isAfter('0055aed6dcd90281e5', '0055AED6DCD90281E5')).toBe(false)
  expect(isAfter('01', '0055AED6DCD90281E5')).toBe(true)
  expect(isAfter('00', '0000')).toBe(false)
})
