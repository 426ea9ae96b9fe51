import { expect, test } from 'vitest'
import type { Clock } from '../../src/runtime/clock.ts'
import { VirtualClock } from '../../src/simulator/virtual-clock.ts'

const clockAt = (startMs: number) => new VirtualClock(startMs, () => undefined)

test('an hour passes at once, and whoever keeps the world is told before anybody wakes', async () => {
  const told: number[] = []
  const clock = new VirtualClock(1_000, nowMs => told.push(nowMs))
  await clock.sleep(3_600_000)
  expect(clock.now()).toBe(3_601_000)
  expect(told).toEqual([3_601_000])
})

test('sleepers wake in the order of their times, each at its own', async () => {
  const clock = clockAt(0)
  const woken: [string, number][] = []
  const sleep = async (name: string, ms: number) => {
    await clock.sleep(ms)
    woken.push([name, clock.now()])
  }
  await Promise.all([sleep('late', 500), sleep('early', 100), sleep('middle', 300)])
  expect(woken).toEqual([
    ['early', 100],
    ['middle', 300],
    ['late', 500],
  ])
})

test('nobody wakes while a request is under way', async () => {
  const clock = clockAt(0)
  const ended = clock.requestStarted()
  const asleep = clock.sleep(60_000)
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
  expect(clock.now()).toBe(0)
  ended()
  await asleep
  expect(clock.now()).toBe(60_000)
})

test('a sleep ends with its signal, and time stays', async () => {
  const clock = clockAt(0)
  const stopping = new AbortController()
  const asleep = clock.sleep(60_000, stopping.signal)
  stopping.abort(new Error('stop'))
  await expect(asleep).rejects.toThrow('stop')
  await expect(clock.sleep(1, stopping.signal)).rejects.toThrow('stop')
  expect(clock.now()).toBe(0)
})

test('time goes on from where it was once it follows the wall clock', async () => {
  let wallMs = 5_000_000
  const slept: number[] = []
  const wall: Clock = { now: () => wallMs, sleep: async ms => void slept.push(ms) }
  const clock = clockAt(100)
  clock.advanceTo(200)
  clock.followWallClock(wall)
  expect(clock.now()).toBe(200)
  wallMs += 1_234
  clock.advanceTo(999_999)
  expect(clock.now()).toBe(1_434)
  await clock.sleep(50)
  expect(slept).toEqual([50])
})
