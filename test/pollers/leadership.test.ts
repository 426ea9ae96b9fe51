import { beforeEach, describe, expect, test } from 'vitest'
import { Fence } from '../../src/changestream/fence.ts'
import type { Progress } from '../../src/ownership/claim.ts'
import { DrivenClock } from '../support/driven-clock.ts'
import { INTERVAL_MS, MemoryLog, Rival } from '../support/rival-pollers.ts'

let clock: DrivenClock
let log: MemoryLog
let a: Rival
let b: Rival

beforeEach(() => {
  clock = new DrivenClock(Date.UTC(2026, 10, 20))
  log = new MemoryLog(clock)
  a = new Rival('a', log, clock)
  b = new Rival('b', log, clock)
})

const intervals = (count: number) => clock.drive(count * INTERVAL_MS)
const epochs = () =>
  log.records.filter(({ change }) => change.record === 'source' && change.revision.sequence === 0).length
const polls = (rival: Rival) => rival.happened.filter(what => what === 'polled').length

/** Complete polls that count, in the order of the log. */
function counted(): readonly Progress[] {
  const fence = new Fence()
  return log.records.flatMap(({ change }) =>
    fence.fencedBy(change) === undefined && change.record === 'progress' && change.refused === null ? [change] : [],
  )
}

function longestGap(): number {
  const marks = counted().map(({ completeUpToMs }) => completeUpToMs)
  return Math.max(...marks.slice(1).map((mark, i) => mark - (marks[i] ?? 0)))
}

describe('two pollers of one source', () => {
  test('the second stands by for as long as the first is heard', async () => {
    a.start()
    await intervals(2)
    b.start()
    await intervals(30)
    expect(b.happened).toEqual(['stands by for 1'])
    expect(polls(a)).toBeGreaterThanOrEqual(31)
    expect(epochs()).toBe(1)
  })

  test('also where its polls are refused: it is alive, and another one would be refused alike', async () => {
    a.start()
    await intervals(2)
    b.start()
    a.fails = true
    await intervals(10)
    expect(a.happened).toContain('refused failed')
    expect(epochs()).toBe(1)
  })

  test('takes over from one that is paused before the coverage gets a hole, and does not give it back', async () => {
    a.start()
    await intervals(2)
    b.start()
    await intervals(3)
    a.pause()
    await intervals(5)
    expect(b.happened.slice(0, 3)).toEqual(['stands by for 1', 'leads with 2', 'polled'])
    await a.resume()
    await intervals(30)
    expect(longestGap()).toBeLessThan(2.5 * INTERVAL_MS)
    expect(a.happened.slice(-3)).toEqual(['polled', 'superseded by 2', 'stands by for 2'])
    expect(epochs()).toBe(2)
  })

  test('what the paused one still writes is fenced off, and of it nothing counts', async () => {
    a.start()
    await intervals(2)
    b.start()
    a.pause()
    await intervals(5)
    const before = log.records.length
    await a.resume()
    const late = log.records.slice(before)
    expect(late.map(({ change }) => change.record)).toEqual(['progress'])
    expect(counted().at(-1)?.revision.epoch).toBe(2)
  })

  test('takes over within a second from one that ends in good order', async () => {
    a.start()
    await intervals(2)
    b.start()
    await intervals(2)
    await a.stop()
    await clock.drive(1_000)
    expect(b.happened).toEqual(['stands by for 1', 'leads with 2'])
    expect(
      log.records.map(({ change }) => change).find(change => change.record === 'progress' && change.refused),
    ).toMatchObject({
      refused: { reason: 'stopped' },
      revision: { epoch: 1 },
    })
  })

  test('of two that begin at the same moment one leads', async () => {
    a.start(() => 0.2)
    b.start(() => 0.9)
    await intervals(10)
    const [leader, other] = polls(a) > polls(b) ? [a, b] : [b, a]
    expect(polls(leader)).toBeGreaterThan(6)
    expect(polls(other)).toBe(0)
    expect(longestGap()).toBeLessThan(2.5 * INTERVAL_MS)
  })

  test('where listings take longer than both have patience for, one of them leads all the same, and keeps the lead', async () => {
    a.listMs = b.listMs = 7 * INTERVAL_MS
    a.start()
    await intervals(1)
    b.start()
    await intervals(60)
    const [taken, done] = [epochs(), counted().length]
    expect(done).toBeGreaterThan(3)
    await intervals(100)
    expect(epochs()).toBe(taken)
    expect(counted().length).toBeGreaterThan(done + 10)
  })

  test('goes on at once after a publish that failed: it is its own turn still', async () => {
    a.start()
    await intervals(2)
    const { append } = log
    log.append = async () => {
      throw new Error('no broker')
    }
    await intervals(1)
    log.append = append
    await intervals(3)
    expect(a.happened).toContain('not published: Error: no broker')
    expect(a.happened.slice(-3)).toEqual(['leads with 2', 'polled', 'polled'])
  })
})
