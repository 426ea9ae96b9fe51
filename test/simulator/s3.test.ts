import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SimulatedCloud } from '../../src/simulator/cloud.ts'
import { bytesOf, keysOf, MINUTE_MS, START_MS, s3ClientOf, startSmallCloud } from '../support/simulator.ts'

let cloud: SimulatedCloud
let client: S3Client
beforeAll(async () => {
  cloud = await startSmallCloud()
  client = s3ClientOf(cloud)
})
afterAll(() => cloud.close())

test('an object can be seen 60 to 120 seconds after its five minutes are over', async () => {
  cloud.advanceTo(START_MS + 5 * MINUTE_MS + 58_000)
  expect(await keysOf(cloud, client)).toEqual([])
  cloud.advanceTo(START_MS + 7 * MINUTE_MS)
  expect(await keysOf(cloud, client)).toHaveLength(2)
})

test('keys have the layout of AWS, one flow log for each VPC', async () => {
  cloud.advanceTo(START_MS + 22 * MINUTE_MS)
  const keys = await keysOf(cloud, client, 3)
  expect(keys).toHaveLength(8)
  const layout =
    /^network\/AWSLogs\/123456789012\/vpcflowlogs\/us-east-1\/2026\/11\/20\/123456789012_vpcflowlogs_us-east-1_(fl-[0-9a-f]+)_20261120T12(?:00|05|10|15)Z_[0-9a-f]{8}\.log\.gz$/
  expect(new Set(keys.map(key => layout.exec(key)?.[1])).size).toBe(2)
  expect(keys.every(key => layout.test(key))).toBe(true)
})

test('a listing obeys prefix, start-after, max-keys and delimiter', async () => {
  const keys = await keysOf(cloud, client)
  const list = (input: object) => client.send(new ListObjectsV2Command({ Bucket: cloud.bucket, ...input }))
  expect((await list({ Prefix: 'elsewhere/' })).KeyCount).toBe(0)
  expect((await list({ StartAfter: keys[5] })).Contents?.map(({ Key }) => Key)).toEqual(keys.slice(6))
  const first = await list({ MaxKeys: 3 })
  expect(first).toMatchObject({ IsTruncated: true, KeyCount: 3 })
  const folders = await list({ Prefix: 'network/AWSLogs/', Delimiter: '/' })
  expect(folders.CommonPrefixes).toEqual([{ Prefix: 'network/AWSLogs/123456789012/' }])
})

test('a range is part of the object', async () => {
  const [key = ''] = await keysOf(cloud, client)
  const whole = await bytesOf(cloud, client, key)
  const part = async (Range: string) => {
    const reply = await client.send(new GetObjectCommand({ Bucket: cloud.bucket, Key: key, Range }))
    return { range: reply.ContentRange, bytes: Buffer.from((await reply.Body?.transformToByteArray()) ?? []) }
  }
  expect(await part('bytes=100-199')).toEqual({
    range: `bytes 100-199/${whole.length}`,
    bytes: whole.subarray(100, 200),
  })
  expect((await part('bytes=-20')).bytes).toEqual(whole.subarray(-20))
  expect((await part('bytes=50-')).bytes).toEqual(whole.subarray(50))
  await expect(part(`bytes=${whole.length}-`)).rejects.toMatchObject({ name: 'InvalidRange' })
})

test('a head has size and tag of the object', async () => {
  const [key = ''] = await keysOf(cloud, client)
  const head = await client.send(new HeadObjectCommand({ Bucket: cloud.bucket, Key: key }))
  expect(head.ContentLength).toBe((await bytesOf(cloud, client, key)).length)
  expect(head.ETag).toMatch(/^"[0-9a-f]{32}"$/)
})

test('an unknown key and an unknown bucket are refused by name', async () => {
  const get = (Bucket: string) => client.send(new GetObjectCommand({ Bucket, Key: 'nothing' }))
  await expect(get(cloud.bucket)).rejects.toMatchObject({ name: 'NoSuchKey' })
  await expect(get('nowhere')).rejects.toMatchObject({ name: 'NoSuchBucket' })
  expect(() => cloud.truthOf('nothing')).toThrow(/never wrote an object "nothing"/)
})
