import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { requestBudget } from '../../src/pollers/request-budget.ts'
import { TokenBucket } from '../../src/pollers/token-bucket.ts'
import { ManualClock } from '../support/manual-clock.ts'

const signal = new AbortController().signal

describe('the token bucket', () => {
  const limits = fc.record({
    perSecond: fc.double({ min: 0.5, max: 20, noNaN: true }),
    burst: fc.integer({ min: 1, max: 20 }),
  })
  const step = fc.record({ afterMs: fc.integer({ min: 0, max: 5_000 }), throttled: fc.boolean() })

  test('within any stretch of time no more is taken than the burst and what came back meanwhile', () => {
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 80 }), (bucketLimits, steps) => {
        const bucket = new TokenBucket(bucketLimits, 0)
        const takenAt: number[] = []
        let nowMs = 0
        for (const { afterMs, throttled } of steps) {
          nowMs += afterMs
          if (throttled) bucket.throttled(nowMs)
          while (bucket.take(nowMs)) takenAt.push(nowMs)
        }
        takenAt.forEach((fromMs, first) => {
          takenAt.slice(first).forEach((untilMs, more) => {
            const most = bucketLimits.burst + ((untilMs - fromMs) / 1000) * bucketLimits.perSecond
            expect(more + 1).toBeLessThanOrEqual(most + 1e-3)
          })
        })
      }),
    )
  })

  test('whoever waits as long as it says gets a token', () => {
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 20 }), (bucketLimits, steps) => {
        const bucket = new TokenBucket(bucketLimits, 0)
        let nowMs = 0
        for (const { afterMs, throttled } of steps) {
          nowMs += afterMs
          if (throttled) bucket.throttled(nowMs)
          while (bucket.take(nowMs));
        }
        while (bucket.take(nowMs));
        const waitMs = bucket.waitMs(nowMs)
        expect(waitMs).toBeGreaterThan(0)
        expect(bucket.take(nowMs + waitMs)).toBe(true)
      }),
    )
  })

  test('throttling halves the rate once for all who hear of it together, and it grows back', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 0)
    bucket.throttled(0)
    bucket.throttled(10)
    bucket.throttled(500)
    expect(bucket.take(500)).toBe(false)
    expect(bucket.perSecond(500)).toBeCloseTo(5, 0)
    for (let nowMs = 2_000; nowMs < 40_000; nowMs += 2_000) bucket.throttled(nowMs)
    expect(bucket.perSecond(40_000)).toBeLessThan(1.5)
    expect(bucket.perSecond(40_000)).toBeGreaterThanOrEqual(1)
    expect(bucket.perSecond(101_000)).toBe(10)
  })

  test('a clock that runs backwards gives nothing and takes nothing', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 10_000)
    expect(bucket.take(10_000)).toBe(true)
    expect(bucket.take(5_000)).toBe(false)
    expect(bucket.waitMs(10_000)).toBe(1_000)
  })
})

describe('the request budget', () => {
  test('lets requests go in the order of asking, at the rate', async () => {
    const clock = new ManualClock(0)
    const budget = requestBudget({ perSecond: 2, burst: 2 }, clock)
    const order: number[] = []
    const admitted = [0, 1, 2, 3, 4].map(async n => {
      const waitedMs = await budget.admit(signal)
      order.push(n)
      return waitedMs
    })
    expect(await Promise.all(admitted)).toEqual([0, 0, 500, 1_000, 1_500])
    expect(order).toEqual([0, 1, 2, 3, 4])
  })

  test('says how long a request waited', async () => {
    const clock = new ManualClock(0)
    const budget = requestBudget({ perSecond: 1, burst: 1 }, clock)
    expect(await budget.admit(signal)).toBe(0)
    expect(await budget.admit(signal)).toBe(1_000)
  })

  test('whoever gives up leaves the turn to the next one', async () => {
    const clock = new ManualClock(0)
    const budget = requestBudget({ perSecond: 1, burst: 1 }, clock)
    await budget.admit(signal)
    const stopping = new AbortController()
    const given = budget.admit(stopping.signal)
    const next = budget.admit(signal)
    stopping.abort(new Error('stopped'))
    await expect(given).rejects.toThrow('stopped')
    expect(await next).toBe(1_000)
  })

  test('a second copy goes only where nobody waits and more than half of the burst is left', async () => {
    const clock = new ManualClock(0)
    const budget = requestBudget({ perSecond: 1, burst: 4 }, clock)
    expect(budget.admitNow()).toBe(true)
    expect(budget.admitNow()).toBe(true)
    expect(budget.admitNow()).toBe(false)
    clock.advance(1_000)
    const waiting = budget.admit(signal)
    expect(budget.admitNow()).toBe(false)
    await waiting
  })
})
