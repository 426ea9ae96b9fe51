import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/ownership/answer.ts'
import type { SourceRecord } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { inWords, owner, question, type Shown, TestSource } from '../support/estate.ts'

const A = owner('api', 'i-a')
const B = owner('batch', 'i-b')
const at = '10.0.0.5'

function world() {
  const index = createOwnershipIndex()
  const ask = (fromMs: number, untilMs?: number, part?: Parameters<typeof question>[3]) =>
    index.ask(question(at, fromMs, untilMs, part))
  /** The verdict, who, and whether it is final. */
  const told = (fromMs: number, untilMs?: number, part?: Parameters<typeof question>[3]) => {
    const answer = ask(fromMs, untilMs, part)
    return `${inWords(answer)}${answer.final ? ', final' : ''}`
  }
  return { index, ask, told }
}

/** Polls without length every 100 from `from` to `until`, both included, that all show the same. */
function polls(source: TestSource, from: number, until: number, shown: readonly Shown[] = []): void {
  for (let sent = from; sent <= until; sent += 100) source.poll(sent, sent, shown)
}

const registrationOf = (source: TestSource): SourceRecord => {
  const record = source.changes.findLast(change => change.record === 'source')
  if (record === undefined) throw new TypeError('not registered')
  return record
}

function remove(index: OwnershipIndex, source: TestSource, untilMs: number): void {
  const record = registrationOf(source)
  index.apply({ ...record, revision: { epoch: 1, sequence: 1e6 }, validity: { ...record.validity, untilMs } })
}

describe('a source that is added later', () => {
  test('and has not finished a poll changes nothing', () => {
    const { index, told, ask } = world()
    const first = new TestSource(index)
    polls(first, 100, 900)
    const record = registrationOf(first)
    index.apply({ ...record, source: 'late/one', validity: { ...record.validity, fromMs: 500 } })
    expect([told(300), told(700)]).toEqual(Array(2).fill('unowned absent-in-complete-polls, final'))
    expect(ask(700).watermarkMs).toBe(900)
  })

  test('does not put in doubt what others saw before it', () => {
    const { index, told } = world()
    polls(new TestSource(index), 100, 1500)
    const free = told(500)
    const late = new TestSource(index, { source: 'late/one' })
    polls(late, 1000, 1500, [{ address: at, owner: B }])
    expect([free, told(500)]).toEqual(Array(2).fill('unowned absent-in-complete-polls, final'))
    expect(told(999)).toBe('unowned absent-in-complete-polls, final')
    expect(told(1200)).toBe('owned sighted batch, final')
  })

  test('does not take away an owner whom others were certain of, nor join him', () => {
    const { index, told } = world()
    polls(new TestSource(index, { layers: ['instance'] }), 100, 900, [{ address: at, owner: A }])
    const before = told(500)
    const late = new TestSource(index, { source: 'late/one', layers: ['container'] })
    polls(late, 700, 900, [{ address: at, owner: B, layer: 'container' }])
    expect([before, told(500), told(699)]).toEqual(Array(3).fill('owned sighted api, final'))
    expect(told(800)).toBe('owned sighted batch, final')
  })

  test('speaks from when its first poll was over: what came and went during that poll it need not have seen', () => {
    const { index, ask } = world()
    const only = new TestSource(index, { bounds: { lagMs: 10 } })
    only.poll(100, 120, [])
    only.poll(200, 205, [])
    expect(inWords(ask(119))).toBe('unknown before-coverage')
    expect(inWords(ask(120))).toBe('unowned absent-in-complete-polls')
    const late = new TestSource(index, { source: 'late/one', bounds: { lagMs: 10 } })
    late.poll(150, 170, [{ address: at, owner: B }])
    late.poll(200, 205, [{ address: at, owner: B }])
    expect(inWords(ask(150))).toBe('unowned absent-in-complete-polls')
    expect(inWords(ask(175))).toBe('owned sighted batch')
  })

  test('leaves its past before coverage where it alone watches, and that is final', () => {
    const { index, told } = world()
    polls(new TestSource(index, { covered: ['d1 10.9.0.0/16'] }), 100, 900)
    const late = new TestSource(index, { source: 'late/one' })
    polls(late, 700, 900, [{ address: at, owner: B }])
    expect(told(500)).toBe('unknown before-coverage batch|nobody, final')
    expect(told(500, 501, { ip: question('10.0.0.6', 0).ip })).toBe('unknown before-coverage, final')
    const later = new TestSource(index, { source: 'later/one' })
    polls(later, 800, 900)
    expect(told(500)).toBe('unknown before-coverage batch|nobody, final')
  })

  test('leaves before coverage a layer that it alone watches, where that layer was expected', () => {
    const { index, told } = world()
    const seen = { address: at, owner: A, layer: 'interface', expects: ['container'] } as const
    polls(new TestSource(index, { layers: ['interface'] }), 100, 900, [seen])
    const late = new TestSource(index, { source: 'late/one', layers: ['container'] })
    const before = told(500)
    polls(late, 700, 900, [{ address: at, owner: B, layer: 'container' }])
    expect([before, told(500)]).toEqual(Array(2).fill('unknown before-coverage, final'))
  })

  test('is heard on its past where it proves something of it', () => {
    const { index, told } = world()
    polls(new TestSource(index, { layers: ['interface'] }), 100, 900)
    const late = new TestSource(index, { source: 'late/one' })
    polls(late, 700, 900, [
      { address: at, owner: B, stated: [{ edge: 'start', kind: 'exact', subject: 'binding', atMs: 400 }] },
    ])
    expect(told(399)).toBe('unowned absent-in-complete-polls, final')
    expect(told(400)).toBe('owned authoritative-time batch, final')
  })

  test('may dispute what was only stated of times that nobody watched, so that is not final', () => {
    const { index, told } = world()
    const stated = [{ edge: 'start', kind: 'exact', subject: 'binding', atMs: 400 }] as const
    polls(new TestSource(index, { layers: ['instance'] }), 700, 900, [{ address: at, owner: A, stated }])
    expect(told(500)).toBe('owned authoritative-time api')
    const late = new TestSource(index, { source: 'late/one', layers: ['container'] })
    polls(late, 800, 900, [{ address: at, owner: B, layer: 'container' }])
    expect(told(500)).toBe('unknown before-coverage batch|api, final')
  })

  test('that watches a new layer from now on does not unsettle what it said without it', () => {
    const { index, told } = world()
    const source = new TestSource(index, { layers: ['instance'] })
    polls(source, 100, 500)
    const record = registrationOf(source)
    const scope = record.scope.map(one => ({ ...one, layers: ['instance', 'container'] as const, fromMs: 600 }))
    index.apply({ ...record, revision: { epoch: 1, sequence: 6 }, scope: [...record.scope, ...scope] })
    polls(source, 600, 900, [{ address: at, owner: B, layer: 'container' }])
    expect(told(300)).toBe('unowned absent-in-complete-polls, final')
    expect(told(700)).toBe('owned sighted batch, final')
  })

  test('and watches no layer that holds addresses proves nobody absent', () => {
    const { index, ask } = world()
    polls(new TestSource(index, { layers: ['network', 'service'], covered: ['inet.0 0.0.0.0/0'] }), 100, 900)
    const asked = { domain: 'inet.0', ip: question('52.0.0.1', 0).ip }
    expect(inWords(ask(500, 501, asked))).toBe('unknown unmanaged-prefix')
    polls(new TestSource(index, { source: 'ec2/a', covered: ['inet.0 0.0.0.0/0'] }), 600, 900)
    expect(inWords(ask(500, 501, asked))).toBe('unknown before-coverage')
    expect(inWords(ask(700, 701, asked))).toBe('external internet')
  })
})

describe('a source that was removed', () => {
  function removedAt400(shown: readonly Shown[] = []) {
    const { index, ask, told } = world()
    const bounds = { bridgeMs: 150 }
    const gone = new TestSource(index, { source: 'gone/one', bounds })
    polls(gone, 100, 300, shown)
    const stays = new TestSource(index, { source: 'stays/one', bounds })
    const goOn = (until: number, seen: readonly Shown[] = []) => polls(stays, 100, until, seen)
    return { index, ask, told, goOn, remove: () => remove(index, gone, 400) }
  }

  test('holds back the watermark up to its end and not after it', () => {
    const { ask, goOn, remove: removeIt } = removedAt400()
    goOn(900)
    expect([ask(500).watermarkMs, ask(500).final]).toEqual([300, false])
    removeIt()
    expect([ask(500).watermarkMs, ask(500).final]).toEqual([900, true])
    expect(ask(350).watermarkMs).toBe(300)
    expect(ask(350, 500).watermarkMs).toBe(300)
    expect(ask(250).watermarkMs).toBe(300)
  })

  test('that saw all of its time owes nothing to a window across its end', () => {
    const { index, ask } = world()
    const gone = new TestSource(index, { source: 'gone/one' })
    polls(gone, 100, 400)
    polls(new TestSource(index, { source: 'stays/one' }), 100, 900)
    remove(index, gone, 400)
    expect(ask(350, 500)).toMatchObject({ state: 'unowned', watermarkMs: 900, final: true, split: null })
  })

  test('is still needed for the time before its end, and what it never saw is stale, for good', () => {
    const { told, goOn, remove: removeIt } = removedAt400()
    goOn(900)
    removeIt()
    expect(told(250)).toBe('unowned absent-in-complete-polls, final')
    expect(told(350, 351, { nowMs: 410 })).toBe('unknown source-stale, final')
    expect(told(400)).toBe('unowned absent-in-complete-polls, final')
  })

  test('is waited for until the day of its removal has come', () => {
    const { told, goOn, remove: removeIt } = removedAt400()
    goOn(900)
    removeIt()
    expect(told(350, 351, { nowMs: 390 })).toBe('unknown not-yet')
  })

  test('keeps what it proved, and leaves nobody possible after its end', () => {
    const { told, goOn, remove: removeIt } = removedAt400([{ address: at, owner: A }])
    goOn(900)
    expect(told(500)).toBe('unknown source-stale api|nobody')
    removeIt()
    expect(told(250)).toBe('owned sighted api, final')
    expect(told(350)).toBe('unknown source-stale api|nobody, final')
    expect(told(400)).toBe('unowned absent-in-complete-polls, final')
  })

  test('does not dispute the owner whom its successor names', () => {
    const { told, goOn, remove: removeIt } = removedAt400([{ address: at, owner: A, lifetimeId: null }])
    goOn(900, [{ address: at, owner: B, lifetimeId: null }])
    expect(told(500)).toBe('ambiguous conflicting-sources batch|api')
    removeIt()
    expect(told(500)).toBe('owned sighted batch, final')
    expect(told(250)).toBe('ambiguous conflicting-sources api|batch, final')
  })

  test('and whose lifetimes another source lists too leaves them to it', () => {
    const { told, goOn, remove: removeIt } = removedAt400([{ address: at, owner: A }])
    goOn(900, [{ address: at, owner: A }])
    removeIt()
    expect(told(200, 800)).toBe('owned sighted api, final')
  })

  test('does not end a holding that a source claims too of which nothing else is known', () => {
    const { index, told } = world()
    const gone = new TestSource(index, { source: 'gone/one' })
    polls(gone, 100, 300, [{ address: at, owner: A }])
    const claim = gone.changes.find(change => change.record === 'claim')
    if (claim === undefined) throw new TypeError('no claim')
    index.apply({ ...claim, id: 'another', source: 'unheard/one' })
    polls(new TestSource(index, { source: 'stays/one' }), 100, 900)
    remove(index, gone, 400)
    expect(told(250)).toBe('owned sighted api, final')
    expect(told(500)).toBe('unknown source-stale api|nobody, final')
  })

  test('leaves an address that nobody else watches unmanaged', () => {
    const { index, told } = world()
    const gone = new TestSource(index)
    polls(gone, 100, 400, [{ address: at, owner: A }])
    remove(index, gone, 400)
    expect(told(300)).toBe('owned sighted api, final')
    expect(told(500)).toBe('unknown unmanaged-prefix')
  })

  test('and was the only one to watch an expected layer leaves the lower layers unproved', () => {
    const { index, ask } = world()
    const gone = new TestSource(index, {
      source: 'gone/one',
      layers: ['container'],
      bounds: { briefestHoldingMs: 500 },
    })
    polls(gone, 100, 400)
    const seen = { address: at, owner: A, layer: 'interface', expects: ['container'] } as const
    polls(new TestSource(index, { layers: ['interface'] }), 100, 900, [seen])
    remove(index, gone, 400)
    expect(inWords(ask(250))).toBe('owned sighted api')
    expect(inWords(ask(500))).toBe('unknown source-stale')
    expect(ask(500).under.map(held => held.owner.application)).toEqual(['api'])
  })

  test('will not bring a missing claim back', () => {
    const { index, told } = world()
    const gone = new TestSource(index, { source: 'gone/one' })
    polls(gone, 100, 300, [{ address: at, owner: A }])
    gone.poll(400, 400, [])
    expect(told(350)).toBe('ambiguous tail api|nobody')
    remove(index, gone, 400)
    expect(told(350)).toBe('ambiguous tail api|nobody, final')
  })
})

test('a source that stalls holds back what it watches and nothing else', () => {
  const { index, ask, told } = world()
  polls(new TestSource(index, { source: 'stalled/one', covered: ['d1 10.0.0.0/24'] }), 100, 300)
  polls(new TestSource(index, { source: 'lively/one', bounds: { longestGapMs: 150 } }), 100, 900)
  const elsewhere = { ip: question('10.0.1.5', 0).ip }
  expect(told(250)).toBe('unowned absent-in-complete-polls, final')
  expect(told(500, 501, { nowMs: 950 })).toBe('unknown not-yet')
  expect(ask(500).watermarkMs).toBe(300)
  expect(told(500, 501, elsewhere)).toBe('unowned absent-in-complete-polls, final')
  expect(ask(500, 501, elsewhere).watermarkMs).toBe(900)
})

test('a window is final when all of it is: neither above the watermark nor since a missing claim was last seen', () => {
  const { index, ask } = world()
  const source = new TestSource(index)
  polls(source, 100, 300, [{ address: at, owner: A }])
  expect([ask(250, 300).final, ask(250, 301).final]).toEqual([true, false])
  source.poll(400, 400, [])
  expect([ask(250, 300).final, ask(250, 301).final]).toEqual([true, false])
  source.poll(500, 500, [])
  expect([ask(250, 500).final, ask(250, 501).final]).toEqual([true, false])
})

/** Who holds the address from when; `null` is nobody. */
type Turn = { readonly fromMs: number; readonly holder: string | null }

const turns: fc.Arbitrary<readonly Turn[]> = fc
  .array(fc.record({ heldMs: fc.integer({ min: 20, max: 400 }), holder: fc.constantFrom('p', 'q', null) }), {
    minLength: 3,
    maxLength: 8,
    size: 'max',
  })
  .map(steps => {
    let fromMs = 0
    return steps.map(({ heldMs, holder }, i) => {
      const turn = { fromMs, holder: holder && `${holder}${i}` }
      fromMs += heldMs
      return turn
    })
  })

const schedules = fc.array(
  fc.record({
    source: fc.integer({ min: 0, max: 2 }),
    afterMs: fc.integer({ min: 5, max: 60 }),
    tookMs: fc.integer({ min: 0, max: 30 }),
    staleMs: fc.integer({ min: 0, max: 20 }),
    isBlank: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
    refused: fc.integer({ min: 0, max: 7 }).map(n => n === 0),
  }),
  { minLength: 20, maxLength: 45, size: 'max' },
)

test('a final answer stays what it is, whatever is polled, added and removed after it', () => {
  let finals = 0
  let keptOverAddition = 0
  fc.assert(
    fc.property(turns, turns, schedules, fc.integer({ min: 0, max: 900 }), (hosts, tasks, schedule, addedMs) => {
      const index = createOwnershipIndex()
      const bounds = { lagMs: 20, bridgeMs: 0, longestGapMs: 300 }
      const make = (source: string, layer: 'instance' | 'container') => ({
        polled: new TestSource(index, { source, bounds, layers: [layer] }),
        layer,
        truth: layer === 'instance' ? hosts : tasks,
      })
      const sources = [make('ec2/a', 'instance'), make('titus/a', 'container'), make('ec2/b', 'instance')]
      const settled = new Map<number, string>()
      let nowMs = 0
      const isAdded = [true, false, false]
      const check = () => {
        for (let atMs = 0; atMs < nowMs; atMs += 23) {
          const answer = index.ask(question(at, atMs, atMs + 17, { nowMs }))
          const held = settled.get(atMs)
          if (held !== undefined) expect([atMs, inFull(answer)]).toEqual([atMs, held])
          else if (answer.final) settled.set(atMs, inFull(answer))
        }
      }
      for (const { source, afterMs, tookMs, staleMs, isBlank, refused } of schedule) {
        nowMs += afterMs
        const one = sources[source]
        if (one === undefined || (source > 0 && nowMs < addedMs)) continue
        const sentAtMs = nowMs
        nowMs += tookMs
        if (refused) one.polled.refuse()
        else {
          const holder = one.truth.findLast(turn => turn.fromMs <= sentAtMs - staleMs)?.holder ?? null
          // A life of its own in each source: joined ones may prove more of the past than either did (rule 7).
          const lifetimeId = `${source} ${holder}`
          const shown = { address: at, owner: owner(holder, `r-${holder}`), layer: one.layer, lifetimeId }
          one.polled.poll(sentAtMs, nowMs, holder === null || isBlank ? [] : [shown])
          if (!isAdded[source]) keptOverAddition += settled.size
          isAdded[source] = true
        }
        check()
      }
      if (isAdded[1]) remove(index, sources[1]?.polled as TestSource, nowMs)
      nowMs += 10
      check()
      finals += settled.size
    }),
    { numRuns: 120, seed: 20171, endOnFailure: true },
  )
  expect(finals).toBeGreaterThan(3000)
  expect(keptOverAddition).toBeGreaterThan(500)
})

/**
 * What may not change. Whom an unknown answer guesses at may grow: a source added later has ideas about its past. And a
 * gap that a lifetime id bridges later gives the whole holding another kind of proof.
 */
const inFull = ({ state, reason, holding, split, candidates, final }: Answer): string => {
  const named = candidates.map(held => held.holding?.owner.resourceId ?? 'nobody')
  const parts = split?.parts.map(part => `${part.fromMs} ${part.state}`)
  if (state === 'owned') return JSON.stringify([state, holding?.owner.resourceId, final])
  return JSON.stringify([state, reason, state === 'ambiguous' ? [named, parts] : [], final])
}
