import { describe, expect, test } from 'vitest'
import { type HedgeWinner, hedged, ReplyTimes } from '../../src/pollers/hedge.ts'
import { systemClock } from '../../src/runtime/clock.ts'

const signal = new AbortController().signal

/** Attempts that a test ends by hand, in the order in which they were begun. */
function attempts() {
  const begun: { resolve(text: string): void; reject(error: Error): void; signal: AbortSignal }[] = []
  const attempt = (attemptSignal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      attemptSignal.addEventListener('abort', () => reject(attemptSignal.reason), { once: true })
      begun.push({ resolve, reject, signal: attemptSignal })
    })
  const nth = async (n: number) => {
    while (begun[n] === undefined) await systemClock.sleep(1)
    return begun[n]
  }
  return { attempt, begun, nth }
}

function parts(mayRepeat = true) {
  const ended: HedgeWinner[] = []
  return { ended, parts: { clock: systemClock, mayRepeat: () => mayRepeat, ended: (w: HedgeWinner) => ended.push(w) } }
}

describe('a slow request', () => {
  test('is asked a second time; the first reply counts and the other is aborted', async () => {
    const { attempt, nth } = attempts()
    const { ended, parts: given } = parts()
    const reply = hedged(attempt, 1, given, signal)
    const [first, second] = [await nth(0), await nth(1)]
    second.resolve('second')
    expect(await reply).toBe('second')
    expect(first.signal.aborted).toBe(true)
    expect(ended).toEqual(['second'])
  })

  test('may still be answered by the first copy', async () => {
    const { attempt, nth } = attempts()
    const { ended, parts: given } = parts()
    const reply = hedged(attempt, 1, given, signal)
    await nth(1)
    ;(await nth(0)).resolve('first')
    expect(await reply).toBe('first')
    expect(ended).toEqual(['first'])
  })

  test('is saved by one copy where the other fails', async () => {
    const { attempt, nth } = attempts()
    const reply = hedged(attempt, 1, parts().parts, signal)
    await nth(1)
    ;(await nth(0)).reject(new Error('broken'))
    ;(await nth(1)).resolve('second')
    expect(await reply).toBe('second')
  })

  test('fails with the failure of the first copy where both fail', async () => {
    const { attempt, nth } = attempts()
    const { ended, parts: given } = parts()
    const reply = hedged(attempt, 1, given, signal)
    ;(await nth(1)).reject(new Error('of the second'))
    ;(await nth(0)).reject(new Error('of the first'))
    await expect(reply).rejects.toThrow('of the first')
    expect(ended).toEqual(['neither'])
  })

  test('is not asked twice where there is no room', async () => {
    const { attempt, begun, nth } = attempts()
    const reply = hedged(attempt, 1, parts(false).parts, signal)
    const first = await nth(0)
    await systemClock.sleep(20)
    first.resolve('first')
    expect(await reply).toBe('first')
    expect(begun).toHaveLength(1)
  })

  test('ends with both copies when everything is stopped', async () => {
    const { attempt, nth } = attempts()
    const stopping = new AbortController()
    const reply = hedged(attempt, 1, parts().parts, stopping.signal)
    const second = await nth(1)
    stopping.abort(new Error('stopped'))
    await expect(reply).rejects.toThrow('stopped')
    expect(second.signal.aborted).toBe(true)
  })
})

test('a request that fails before it is slow is not repeated', async () => {
  const { attempt, begun, nth } = attempts()
  const reply = hedged(attempt, 60_000, parts().parts, signal)
  ;(await nth(0)).reject(new Error('broken'))
  await expect(reply).rejects.toThrow('broken')
  expect(begun).toHaveLength(1)
})

describe('when a reply is slow', () => {
  const limits = { quantile: 0.9, fewestReplies: 10, leastMs: 50 }
  const slowAfter = (...tookMs: number[]) => {
    const times = new ReplyTimes(limits)
    for (const each of tookMs) times.add(each)
    return times.slowMs()
  }

  test('is not known from few replies', () => {
    expect(slowAfter(...Array.from({ length: 9 }, () => 100))).toBeUndefined()
  })
  test('is the quantile of the latest hundred', () => {
    expect(slowAfter(...Array.from({ length: 100 }, (_, i) => i + 1))).toBe(91)
    expect(slowAfter(...Array.from({ length: 200 }, (_, i) => (i < 100 ? 100_000 : i - 99)))).toBe(91)
  })
  test('is never less than the least', () => {
    expect(slowAfter(...Array.from({ length: 50 }, () => 3))).toBe(50)
  })
})
