import { expect, test } from 'vitest'
import { listingPlace } from '../../../src/enricher/places/listing.ts'
import { collect } from '../../support/byte-streams.ts'
import { flowLogKey, folderBucket, type KeyForm } from '../../support/folder-bucket.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const START = Date.UTC(2026, 0, 31, 12)
const FORM: KeyForm = {
  prefix: '',
  organisation: false,
  account: '123456789012',
  region: 'us-east-1',
  layout: 'hour',
  suffix: '.log.gz',
}
const key = (windowMs: number, madeMs = windowMs) => flowLogKey(FORM, windowMs, madeMs, 'aa')

function bench(sinceMs = Number.NEGATIVE_INFINITY) {
  const time = { nowMs: START }
  const clock = { now: () => time.nowMs, sleep: async () => {} }
  const made = folderBucket()
  const place = listingPlace({ bucket: made.bucket, prefix: '', sinceMs, lateMs: 6 * HOUR, clock })
  /** One pass that acknowledges everything but what is held. */
  const pass = async (held: readonly string[] = []) => {
    const objects = await collect(place.list())
    for (const object of objects) if (!held.includes(object.key)) await place.acknowledge(object)
    return objects.map(object => object.key)
  }
  return { ...made, time, pass }
}

test('the first pass lists everything since, each later one only what can still come', async () => {
  const { put, pass, time, asked } = bench(START - 30 * 24 * HOUR)
  const keys = [START - 31 * 24 * HOUR, START - 20 * 24 * HOUR, START - HOUR].map(windowMs => key(windowMs))
  for (const one of keys) put(one)
  expect(await pass()).toEqual(keys.slice(1))
  asked.length = 0
  time.nowMs += MINUTE
  expect(await pass()).toEqual(keys.slice(2))
  expect(asked.filter(path => path.includes('/2026/01/11/'))).toEqual([])
})

test('a late file is found at the next pass, in the folder of when it was made; a very late one within a day', async () => {
  const { put, pass, time } = bench()
  put(key(START))
  await pass()
  const late = key(START - 5 * HOUR, START + MINUTE)
  const veryLate = key(START - 30 * HOUR, START + MINUTE)
  put(late)
  put(veryLate)
  time.nowMs += 5 * MINUTE
  expect(await pass()).toEqual(expect.arrayContaining([late]))
  expect(await pass()).not.toContain(veryLate)
  time.nowMs += 24 * HOUR
  expect(await pass()).toContain(veryLate)
})

test('what waits is given in every pass, however old it has become, until the object is there no longer', async () => {
  const { put, remove, pass, time } = bench()
  const held = key(START - HOUR)
  put(held)
  await pass([held])
  for (const later of [7 * HOUR, HOUR]) {
    time.nowMs += later
    expect(await pass([held])).toEqual([held])
  }
  remove(held)
  time.nowMs += 24 * HOUR
  expect(await pass([held])).toEqual([])
  expect(await pass()).toEqual([])
})

test('a whole listing that breaks off is made again', async () => {
  const { put, pass, time, bucket } = bench()
  const old = key(START - 30 * HOUR)
  put(old)
  const level = bucket.level
  bucket.level = () => {
    throw new Error('broken off')
  }
  await expect(pass()).rejects.toThrow('broken off')
  bucket.level = level
  time.nowMs += MINUTE
  expect(await pass()).toEqual([old])
})
