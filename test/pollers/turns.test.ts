import { describe, expect, test } from 'vitest'
import type { Turn } from '../../src/pollers/turns.ts'
import { firstPollAfterMs, type TurnParts, Turns } from '../../src/pollers/turns.ts'
import { VirtualClock } from '../../src/simulator/virtual-clock.ts'
import { quietPolls } from '../support/story-pollers.ts'

const MINUTE_MS = 60_000
const limits = { longestMs: MINUTE_MS, fastestMs: 15_000 }
const noJitter = () => 0

function schedule(parts: Partial<TurnParts> = {}) {
  const clock = new VirtualClock(0, () => {})
  return { clock, turns: new Turns({ clock, limits, random: noJitter, ...parts }) }
}

/** When each of the first turns came, in seconds; `work` is done in each. */
async function lived(
  { clock, turns }: ReturnType<typeof schedule>,
  count: number,
  work: (turn: Turn, place: number) => Promise<void> | void = () => {},
): Promise<readonly string[]> {
  const stop = new AbortController()
  const came: string[] = []
  for await (const turn of turns.until(stop.signal)) {
    came.push(`${turn} ${clock.now() / 1000}`)
    if (came.length === count) break
    await work(turn, came.length - 1)
  }
  return came
}

describe('turns of a poller', () => {
  test('come one interval after the other', async () => {
    expect(await lived(schedule(), 3)).toEqual(['poll 0', 'poll 60', 'poll 120'])
  })

  test('come right after a poll that overran its interval, and once', async () => {
    const one = schedule()
    const came = await lived(one, 4, (_, place) => (place === 0 ? one.clock.sleep(200_000) : undefined))
    expect(came).toEqual(['poll 0', 'poll 200', 'poll 260', 'poll 320'])
  })

  test('are one more for any number of wake-ups while a poll runs', async () => {
    const one = schedule()
    const came = await lived(one, 4, async (_, place) => {
      if (place > 0) return
      for (let i = 0; i < 3; i++) one.turns.wake()
      await one.clock.sleep(20_000)
    })
    expect(came).toEqual(['poll 0', 'poll 20', 'poll 80', 'poll 140'])
  })

  test('come earlier for a wake-up in between, yet not sooner than the fastest interval', async () => {
    const one = schedule()
    const came = lived(one, 3)
    await one.clock.sleep(1000)
    one.turns.wake()
    one.turns.wake()
    expect(await came).toEqual(['poll 0', 'poll 15', 'poll 75'])
  })

  test('follow the churn that the polls report', async () => {
    const one = schedule()
    const report = one.turns.learning({ ...quietPolls, lookDone: () => {} })
    const came = await lived(one, 6, () => {
      const completeUpToMs = one.clock.now()
      const outcome = { source: 's', bindings: 100, changed: 150, completeUpToMs, tookMs: 1, contradictions: [] }
      report.pollCompleted(outcome)
    })
    expect(came).toEqual(['poll 0', 'poll 60', 'poll 75', 'poll 90', 'poll 105', 'poll 120'])
    report.pollRefused({ source: 's', reason: 'throttled', detail: '', cause: null })
    expect(one.turns.intervalMs).toBe(MINUTE_MS)
  })

  test('follow also the churn that looks find before the polls do', async () => {
    const one = schedule()
    const report = one.turns.learning({ ...quietPolls, lookDone: () => {} })
    const came = await lived(one, 4, (_, place) => {
      const completeUpToMs = one.clock.now()
      const look = { source: 's', result: 'narrowed', asked: 10, tookMs: 1, cause: null } as const
      if (place === 1) for (let i = 0; i < 3; i++) report.lookDone({ ...look, changed: 50 })
      report.pollCompleted({ source: 's', bindings: 100, changed: 0, completeUpToMs, tookMs: 1, contradictions: [] })
    })
    expect(came).toEqual(['poll 0', 'poll 60', 'poll 75', 'poll 90'])
  })

  test('are brought forward by jitter, never put off', async () => {
    const came = await lived(schedule({ random: () => 0.5 }), 3)
    expect(came).toEqual(['poll 0', 'poll 57', 'poll 114'])
  })

  test('are looks between polls, while there is anything to look at', async () => {
    let left = 2
    const one = schedule({ looks: { everyMs: 5000, wanted: () => left > 0 } })
    const came = await lived(one, 5, turn => {
      if (turn === 'look') left--
    })
    expect(came).toEqual(['poll 0', 'look 5', 'look 10', 'poll 60', 'poll 120'])
  })

  test('have no look before the first poll, nor right before the next', async () => {
    const one = schedule({ firstAfterMs: 10_000, looks: { everyMs: 25_000, wanted: () => true } })
    expect(await lived(one, 5)).toEqual(['poll 10', 'look 35', 'look 60', 'poll 70', 'look 95'])
  })

  test('end with the signal, also in the middle of a wait', async () => {
    const { clock, turns } = schedule()
    const stop = new AbortController()
    const came: Turn[] = []
    const over = (async () => {
      for await (const turn of turns.until(stop.signal)) came.push(turn)
    })()
    await clock.sleep(1000)
    stop.abort()
    await over
    expect(came).toEqual(['poll'])
  })
})

describe('first polls of many sources', () => {
  test('begin at once with one source, and apart with hundreds', () => {
    expect(firstPollAfterMs(0, 1, MINUTE_MS)).toBe(0)
    const starts = Array.from({ length: 480 }, (_, place) => firstPollAfterMs(place, 480, MINUTE_MS))
    expect(new Set(starts).size).toBe(480)
    expect(Math.max(...starts)).toBeLessThan(MINUTE_MS)
  })
})
