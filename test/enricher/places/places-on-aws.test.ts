import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningMoto } from '../../../scripts/moto.mjs'
import type { FlowObjectRef } from '../../../src/enricher/flowlogs/object-ref.ts'
import { s3FlowLogs } from '../../../src/enricher/flowlogs/s3.ts'
import { sqsQueue } from '../../../src/enricher/flowlogs/sqs.ts'
import { createEnricher } from '../../../src/enricher/live.ts'
import { furthestProgressMs } from '../../../src/enricher/look-ups.ts'
import { listingPlace } from '../../../src/enricher/places/listing.ts'
import { messagePlace } from '../../../src/enricher/places/message-place.ts'
import type { PlaceReport, UnreadableMessage } from '../../../src/enricher/places/object-place.ts'
import { queueSource } from '../../../src/enricher/places/queue.ts'
import { followingView } from '../../../src/enricher/view.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { objectPlaceContract } from '../../contract/object-place.ts'
import { collect } from '../../support/byte-streams.ts'
import { registrationOf } from '../../support/claimed-events.ts'
import { memoryLog, memoryStore, reportInto } from '../../support/enricher-bench.ts'
import { hasMoto, startMotoForTests } from '../../support/moto.ts'

process.env['AWS_EC2_METADATA_DISABLED'] = 'true'

/** moto is an S3 and an SQS of other authors, and its S3 tells its SQS of new objects. */
const credentials = { accessKeyId: 'moto', secretAccessKey: 'moto' }
const region = 'us-east-1'
const HOUR_MS = 3600_000

let moto: RunningMoto
let s3: S3Client
let sqs: SQSClient
let number = 0

describe.skipIf(!hasMoto)('places on AWS', () => {
  beforeAll(async () => {
    moto = await startMotoForTests()
    const common = { region, endpoint: moto.url, credentials }
    s3 = new S3Client({ ...common, forcePathStyle: true })
    sqs = new SQSClient(common)
  }, 90_000)
  afterAll(async () => {
    s3.destroy()
    sqs.destroy()
    await moto.stop()
  })

  const makeBucket = async () => {
    const bucket = `flow-logs-${number++}`
    await s3.send(new CreateBucketCommand({ Bucket: bucket }))
    const objects = s3FlowLogs({ bucket, prefix: '', region, endpoint: moto.url, credentials })
    const put = async (key: string): Promise<FlowObjectRef> => {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: `of ${key}` }))
      return objects.find(key)
    }
    return { bucket, objects, put }
  }
  const makeQueue = async () => {
    const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `objects-${number++}` }))
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
    )
    const send = (text: string) => sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: text }))
    return { url, arn: Attributes?.['QueueArn'] ?? '', send }
  }
  /** Visible and hidden ones. */
  const countIn = async (url: string): Promise<number> => {
    const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...AttributeNames] }),
    )
    return AttributeNames.reduce((sum, name) => sum + Number(Attributes[name]), 0)
  }
  const placeOn = (url: string, { bucket, objects }: Awaited<ReturnType<typeof makeBucket>>, hiddenSeconds = 30) => {
    const letters: UnreadableMessage[] = []
    const told: string[] = []
    const report: PlaceReport = {
      messageRead: ({ result }) => told.push(result),
      messagesDone: ({ messages }) => told.push(`done ${messages}`),
      messagesLost: ({ reason }) => told.push(`lost ${reason}`),
      messagesWaiting: () => {},
    }
    const queue = sqsQueue({ url, region, credentials })
    const source = queueSource({ queue, hiddenSeconds, clock: systemClock })
    const place = messagePlace(source, {
      name: 'queue test',
      bucket,
      prefix: '',
      find: objects.find,
      onUnreadable: async letter => void letters.push(letter),
      passMs: 400,
      clock: systemClock,
      report,
    })
    return { place, letters, told }
  }

  objectPlaceContract('the listing of a bucket', async () => {
    const { objects, put } = await makeBucket()
    const sinceMs = Number.NEGATIVE_INFINITY
    return {
      put,
      open: async () => listingPlace({ bucket: objects, prefix: '', sinceMs, lateMs: HOUR_MS, clock: systemClock }),
      dispose: async () => objects.close(),
    }
  })

  objectPlaceContract('an SQS queue that S3 tells of new objects', async () => {
    const made = await makeBucket()
    const { url, arn } = await makeQueue()
    await s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket: made.bucket,
        NotificationConfiguration: { QueueConfigurations: [{ QueueArn: arn, Events: ['s3:ObjectCreated:*'] }] },
      }),
    )
    return { put: made.put, open: async () => placeOn(url, made).place, dispose: async () => made.objects.close() }
  })

  describe('a queue', () => {
    test('keeps a message from others while its object is held back, and gives it to them when the process has died', async () => {
      const made = await makeBucket()
      const { url, send } = await makeQueue()
      const object = await made.put('held.log')
      await send(JSON.stringify({ ...object, size: object.sizeBytes }))
      const holder = placeOn(url, made, 2)
      const other = placeOn(url, made, 2)
      expect(await collect(holder.place.list())).toEqual([object])
      for (const untilMs = Date.now() + 4_000; Date.now() < untilMs; )
        expect(await collect(other.place.list())).toEqual([])
      expect(await collect(holder.place.list())).toEqual([object])
      // The end of a process lets others have its messages at once.
      await holder.place.close()
      expect(await collect(other.place.list())).toEqual([object])
      await other.place.acknowledge(object)
      await other.place.close()
      expect(await countIn(url)).toBe(0)
      made.objects.close()
    })

    test('has an object completed that comes without its etag, and deletes what nobody can read after it was kept', async () => {
      const made = await makeBucket()
      const { url, send } = await makeQueue()
      const object = await made.put('a b.log')
      await made.put('gone.log')
      await s3.send(new DeleteObjectCommand({ Bucket: made.bucket, Key: 'gone.log' }))
      await send(JSON.stringify({ bucket: made.bucket, key: 'a b.log' }))
      await send(JSON.stringify({ bucket: made.bucket, key: 'gone.log' }))
      await send('no JSON')
      await send(JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: made.bucket }))
      const { place, letters, told } = placeOn(url, made)
      const given = [...(await collect(place.list())), ...(await collect(place.list()))]
      expect(new Set(given.map(({ etag }) => etag))).toEqual(new Set([object.etag]))
      await place.acknowledge(object)
      await place.close()
      expect(letters.map(({ reason }) => reason).toSorted()).toEqual(['object-gone', 'unreadable-message'])
      expect(told).toContain('passed-over')
      expect(await countIn(url)).toBe(0)
      made.objects.close()
    })

    test('is shared by several enrichers, which do each object once, however often it is named', async () => {
      const made = await makeBucket()
      const { url, send } = await makeQueue()
      const lines = [
        'srcaddr dstaddr start end',
        '10.0.0.1 10.0.0.2 1700000000 1700000003',
        '10.0.0.1 10.0.0.3 1700000001 1700000002',
      ]
      for (let n = 0; n < 8; n++) {
        const Key = `${n}.log`
        await s3.send(new PutObjectCommand({ Bucket: made.bucket, Key, Body: `${lines.join('\n')}\n` }))
        const object = await made.objects.find(Key)
        for (let times = 0; times < 3; times++) await send(JSON.stringify({ ...object, size: object.sizeBytes }))
      }
      const store = memoryStore()
      const happened: [string, unknown][] = []
      const index = createOwnershipIndex()
      index.apply(registrationOf('one'))
      const enrichers = [1, 2].map(() => {
        const { place } = placeOn(url, made)
        const enricher = createEnricher({
          list: place.list,
          acknowledge: place.acknowledge,
          open: made.objects.open,
          view: followingView(index, memoryLog(), new AbortController().signal),
          store,
          rules: [],
          slackMs: 60_000,
          clock: systemClock,
          report: reportInto(happened),
          furthestProgressMs: () => furthestProgressMs(index),
          holdCapMs: 0,
        })
        return { place, enricher }
      })
      for (let pass = 0; pass < 20 && (await countIn(url)) > 0; pass++)
        await Promise.all(enrichers.map(({ enricher }) => enricher.enrichOnce()))
      expect(await countIn(url)).toBe(0)
      expect(store.rows.size).toBe(16)
      expect((await store.committedObjects()).size).toBe(8)
      expect(happened.filter(([name]) => /[Ff]ailed/.test(name))).toEqual([])
      for (const { place } of enrichers) await place.close()
      made.objects.close()
    })

    test.for([
      ['WHOHAD_SQS_QUEUE_MISSING', (): string => `${moto.url}/123456789012/nowhere`, 'There is no queue http'],
      ['WHOHAD_SQS_UNREACHABLE', (): string => 'http://127.0.0.1:1/123456789012/q', 'ECONNREFUSED'],
    ] as const)('%s is a sentence', async ([code, url, words]) => {
      const queue = sqsQueue({ url: url(), region, credentials })
      await expect(queue.receive(1, 30)).rejects.toMatchObject({ code, message: expect.stringContaining(words) })
      queue.close()
    })
  })
})
