import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { RunningMoto } from '../../scripts/moto.mjs'
import { sqsQueue } from '../../src/enricher/flowlogs/sqs.ts'
import { FAKE_CREDENTIALS } from '../support/cli.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { diagnose } from '../support/doctor.ts'
import { hasMoto, startMotoForTests } from '../support/moto.ts'

const region = 'us-east-1'
const credentials = { accessKeyId: 'moto', secretAccessKey: 'moto' }

describe.skipIf(!hasMoto)('doctor on an AWS of other authors', () => {
  let moto: RunningMoto
  let s3: S3Client
  let sqs: SQSClient
  beforeAll(async () => {
    for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) vi.stubEnv(name, value)
    moto = await startMotoForTests()
    const common = { region, endpoint: moto.url, credentials }
    s3 = new S3Client({ ...common, forcePathStyle: true })
    sqs = new SQSClient(common)
  }, 90_000)
  afterAll(async () => {
    vi.unstubAllEnvs()
    s3.destroy()
    sqs.destroy()
    await moto.stop()
  })

  const examine = async (flowLogs: object) =>
    diagnose({
      data: { path: join(await temporaryFolder('doctor'), 'data') },
      ec2: [{ account: '123456789012', region, endpoint: moto.url, stsEndpoint: moto.url }],
      flowLogs: [{ region, endpoint: moto.url, ...flowLogs }],
    })

  test('permissions, clock, an empty bucket, one with objects, a queue whose messages stay', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'logs' }))
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'objects' }))
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'an object' }))
    const empty = await examine({ bucket: 'logs', queueUrl: QueueUrl })
    const detailsOf = ({ findings }: typeof empty, check: string) =>
      findings.filter(each => each.check === check).map(({ status, detail }) => `${status}: ${detail}`)
    expect(empty.code).toBe(0)
    expect(detailsOf(empty, 'permissions')).toEqual([
      // moto does not know this action.
      expect.stringMatching(/^warn: ec2:DescribeTrunkInterfaceAssociations, which only accounts with trunk/),
    ])
    expect(detailsOf(empty, 'credentials')).toEqual([expect.stringContaining('ok: arn:aws:')])
    expect(detailsOf(empty, 'clock')).toEqual([expect.stringMatching(/^ok: /)])
    expect(detailsOf(empty, 'flow logs')).toEqual([
      'warn: s3:ListBucket is allowed, and there is no object under the prefix',
      'ok: s3:GetObject is allowed',
    ])
    expect(detailsOf(empty, 'queue')).toEqual([expect.stringContaining('ok: there')])
    const queue = sqsQueue({ url: QueueUrl, region, credentials })
    expect(await queue.receive(1, 5)).toMatchObject([{ body: 'an object' }])
    queue.close()

    await s3.send(new PutObjectCommand({ Bucket: 'logs', Key: 'AWSLogs/1/a.log.gz', Body: 'x' }))
    expect(detailsOf(await examine({ bucket: 'logs' }), 'flow logs')).toEqual([
      'ok: s3:ListBucket is allowed',
      'ok: s3:GetObject is allowed: AWSLogs/1/a.log.gz can be read',
    ])
  }, 90_000)

  test('a bucket and a queue that are not there', async () => {
    const { code, wrong } = await examine({ bucket: 'nowhere', queueUrl: `${moto.url}/123456789012/nowhere` })
    expect(code).toBe(1)
    const failures = wrong.filter(({ status }) => status === 'fail').map(({ check, detail }) => `${check}: ${detail}`)
    expect(failures).toEqual([
      expect.stringContaining('flow logs: WHOHAD_S3_BUCKET_MISSING'),
      expect.stringContaining('queue: WHOHAD_SQS_QUEUE_MISSING'),
    ])
  }, 90_000)
})
