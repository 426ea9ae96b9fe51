import { expect, test } from 'vitest'
import { holdCredentials } from '../../../src/pollers/ec2/credentials.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const MINUTE_MS = 60_000

function held(lastsMs: number | null) {
  const clock = new ManualClock(1_000_000)
  const fetches: boolean[] = []
  const late: number[] = []
  let fails = false
  const credentials = holdCredentials(
    async anew => {
      fetches.push(anew)
      if (fails) throw new Error('away')
      return {
        accessKeyId: `key-${fetches.length}`,
        secretAccessKey: 'none',
        ...(lastsMs === null ? {} : { expiration: new Date(clock.now() + lastsMs) }),
      }
    },
    clock,
    ({ expireAtMs }) => late.push(expireAtMs),
  )
  const key = async () => (await credentials.keys()).accessKeyId
  const fail = (now: boolean) => {
    fails = now
  }
  return { clock, credentials, key, fetches, late, fail }
}

test('all who ask at once wait for one fetch', async () => {
  const { key, fetches } = held(60 * MINUTE_MS)
  expect(await Promise.all([key(), key(), key()])).toEqual(['key-1', 'key-1', 'key-1'])
  expect(fetches).toEqual([false])
})

test('keys without an end are kept', async () => {
  const { key, clock } = held(null)
  await key()
  clock.advance(10_000 * MINUTE_MS)
  expect(await key()).toBe('key-1')
})

test('requests that were begun with keys that were refused meanwhile go on with those that came since', async () => {
  const { key, clock, credentials, fetches } = held(60 * MINUTE_MS)
  await key()
  clock.advance(10 * MINUTE_MS)
  const begunAtMs = clock.now()
  clock.advance(10)
  expect(credentials.renew(begunAtMs)).toBe(true)
  expect(await key()).toBe('key-2')
  expect(credentials.renew(begunAtMs)).toBe(true)
  expect(await key()).toBe('key-2')
  // The caches below are passed by when keys were refused.
  expect(fetches).toEqual([false, true])
  // These are new, and refused all the same.
  clock.advance(10)
  expect(credentials.renew(clock.now())).toBe(false)
})

test('where new ones cannot be had those at hand serve, and it is tried again no sooner than half a minute later', async () => {
  const { key, clock, fetches, late, fail } = held(60 * MINUTE_MS)
  await key()
  fail(true)
  clock.advance(56 * MINUTE_MS)
  for (let n = 0; n < 5; n++) expect(await key()).toBe('key-1')
  expect(fetches).toHaveLength(2)
  expect(late).toEqual([1_000_000 + 60 * MINUTE_MS])
  clock.advance(MINUTE_MS)
  fail(false)
  expect(await key()).toBe('key-3')
})

test('keys that have run out are not given away', async () => {
  const { key, clock, fail } = held(60 * MINUTE_MS)
  await key()
  fail(true)
  clock.advance(61 * MINUTE_MS)
  await expect(key()).rejects.toThrow('away')
  fail(false)
  expect(await key()).toBe('key-3')
})
