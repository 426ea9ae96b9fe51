import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fence } from '../../src/changestream/fence.ts'
import { changesAsOf, type Logged } from '../../src/ownership/as-of.ts'
import type { Change, Claim } from '../../src/ownership/claim.ts'
import { correctionsOf } from '../../src/ownership/corrections.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { askAsOf, bearingOn } from '../support/asked-as-of.ts'
import { indexOf, inWords, owner, question, type Shown, TestSource } from '../support/estate.ts'
import { histories } from '../support/histories.ts'
import { KnownChanges } from '../support/known-changes.ts'
import { propertyRuns } from '../support/property-runs.ts'

const at = '10.0.0.5'
const api: Shown = { address: at, owner: owner('api') }
const batch: Shown = { address: at, owner: owner('batch') }

/** Polls of one source, each logged `afterMs` after its reply. */
class LoggedSource {
  readonly logged: Logged[] = []
  private readonly source = new TestSource(createOwnershipIndex(), { bounds: { longestGapMs: 150 } })

  poll(sentAtMs: number, shown: readonly Shown[], afterMs = 0): void {
    const receivedAtMs = sentAtMs + 5
    for (const change of this.source.poll(sentAtMs, receivedAtMs, shown)) this.log(change, receivedAtMs + afterMs)
  }

  log(change: Change, loggedAtMs: number): void {
    this.logged.push({ change, loggedAtMs })
  }

  /** What was said at `asOfMs` of the instant `atMs`. */
  said(asOfMs: number, atMs: number, untilMs = atMs + 1): string {
    const { nowMs: _, ...asked } = question(at, atMs, untilMs)
    return inWords(askAsOf(asked, asOfMs, changesAsOf(this.logged, asOfMs), createOwnershipIndex()))
  }
}

const polled = (...shown: readonly (readonly Shown[])[]): LoggedSource => {
  const source = new LoggedSource()
  for (const [i, bindings] of shown.entries()) source.poll((i + 1) * 100, bindings)
  return source
}

describe('what was known at an earlier moment', () => {
  test('case 57: the answer before a correction is still what was said then, the one after it is revised', () => {
    const source = polled([api], [api], [batch], [batch])
    expect(source.said(205, 150)).toBe('owned sighted api')
    const said = source.logged.flatMap(({ change }) => (change.record === 'claim' ? [change] : []))
    const held = said.findLast(claim => claim.owners[0]?.application === 'api') as Claim
    // The source states it afterwards: the task had been killed at 140, what the poll at 200 showed was a stale listing.
    const end = { earliestMs: 140, latestMs: 145 }
    const killed: Claim = { ...held, revision: { epoch: 1, sequence: 9 }, state: 'closed', end }
    const named = correctionsOf(killed, new KnownChanges(source.logged.map(({ change }) => change)))
    source.log(killed, 1000)

    expect(source.said(999, 150)).toBe('owned sighted api')
    expect(source.said(1000, 150)).toBe('unowned absent-in-complete-polls')
    expect(source.said(1000, 139)).toBe('owned sighted api')
    expect(named.map(({ prefix, fromMs, untilMs }) => `${prefix} ${fromMs}..${untilMs}`)).toEqual([
      '10.0.0.5/32 140..305',
    ])
  })

  test('a handoff: unwatched at first, then between the two', () => {
    const source = polled([api], [api], [batch])
    expect(source.said(250, 210)).toBe('unknown not-yet api|nobody')
    expect(source.said(305, 210)).toBe('ambiguous handoff api|batch|nobody')
  })

  test('case 56: what is logged before anybody asks is in the first answer', () => {
    const source = polled([api], [api], [batch], [batch])
    expect(source.said(405, 310)).toBe('owned sighted batch')
    expect(source.said(405, 150)).toBe('owned sighted api')
  })

  test('the moment itself counts, the millisecond before it does not', () => {
    const source = polled([api], [api])
    expect(source.said(205, 150)).toBe('owned sighted api')
    expect(source.said(204, 150)).toBe('unknown not-yet api|nobody')
  })

  test('what happened earlier and was logged later was not known', () => {
    const source = new LoggedSource()
    source.poll(100, [api])
    source.poll(200, [api], 1000)
    expect(source.said(1204, 150)).toBe('unknown source-stale api|nobody')
    expect(source.said(1205, 150)).toBe('owned sighted api')
  })

  test('coverage is that of the moment: a source that was late is late, one that was due is due', () => {
    const source = polled([api], [api])
    source.poll(900, [api])
    expect(source.said(350, 210)).toBe('unknown not-yet api|nobody')
    expect(source.said(351, 210)).toBe('unknown source-stale api|nobody')
  })

  test('registrations and horizons are those of the moment', () => {
    const source = polled([api], [api])
    source.log({ record: 'horizon', domain: 'd1', beforeMs: 180 }, 1000)
    expect(source.said(0, 150)).toBe('unknown no-such-domain')
    expect(source.said(999, 150)).toBe('owned sighted api')
    expect(source.said(1000, 150)).toBe('unknown expired')
  })
})

describe('fencing', () => {
  const source = polled([api], [api])
  const held = source.logged.map(({ change }) => change).findLast(change => change.record === 'claim') as Claim
  const late: Claim = { ...held, revision: { epoch: 1, sequence: 9 }, owners: [owner('zombie')] }
  const successor: Change = {
    record: 'progress',
    source: held.source,
    revision: { epoch: 2, sequence: 1 },
    completeUpToMs: 300,
    overAtMs: 305,
    counts: { addresses: 1, changed: 0 },
    refused: null,
  }
  const { nowMs: _, ...asked } = question(at, 150)
  const said = (logged: readonly Logged[], asOfMs: number) => {
    const fence = new Fence()
    const known = changesAsOf(logged, asOfMs, change => fence.fencedBy(change) === undefined)
    return inWords(askAsOf(asked, asOfMs, known, createOwnershipIndex()))
  }

  test('what a predecessor wrote after its successor never counted', () => {
    const logged = [...source.logged, { change: successor, loggedAtMs: 400 }, { change: late, loggedAtMs: 500 }]
    expect(said(logged, 450)).toBe('owned sighted api')
    expect(said(logged, 600)).toBe('owned sighted api')
  })

  test('what was logged later is not even asked about', () => {
    const logged = [{ change: successor, loggedAtMs: 500 }, ...source.logged]
    const asked: Change[] = []
    const known = [...changesAsOf(logged, 450, change => asked.push(change) > 0)]
    expect(known).toEqual(source.logged.map(({ change }) => change))
    expect(asked).toEqual(known)
  })

  test('what it wrote before its successor counted at that moment', () => {
    const logged = [...source.logged, { change: late, loggedAtMs: 400 }, { change: successor, loggedAtMs: 500 }]
    expect(said(logged, 450)).toBe('owned sighted zombie')
  })
})

describe('the changes that one question needs', () => {
  test('give the answer that all of them give', () => {
    fc.assert(
      fc.property(histories({ questions: 10 }), ({ changes, questions }) => {
        const all = indexOf(changes)
        for (const asked of questions) {
          expect(indexOf([...bearingOn(asked, changes)]).ask(asked)).toEqual(all.ask(asked))
        }
      }),
      propertyRuns(40),
    )
  })

  test('leave out claims on other addresses, but for one that makes the domain known', () => {
    const source = new TestSource(createOwnershipIndex())
    const others = Array.from({ length: 50 }, (_, i) => ({ address: `10.0.1.${i}`, owner: owner('web', `web-${i}`) }))
    source.poll(100, 105, [...others, api])
    const claims = (domain: string) =>
      [...bearingOn({ ...question(at, 100), domain }, source.changes)].filter(({ record }) => record === 'claim')
    expect(claims('d1').length).toBe(2)
    expect(claims('d2')).toEqual([])
  })
})
