import { describe, expect, test } from 'vitest'
import type { Claim } from '../../src/ownership/claim.ts'
import { ClaimLedger } from '../../src/ownership/ledger/claim-ledger.ts'
import { FactTable } from '../../src/ownership/ledger/fact-table.ts'
import { TextTable } from '../../src/ownership/ledger/text-table.ts'
import { owner, prefix } from '../support/estate.ts'

const claim: Claim = {
  record: 'claim',
  id: 'c1',
  revision: { epoch: 2, sequence: 7 },
  domain: 'd1',
  prefix: prefix('10.0.0.5'),
  ports: { first: 80, last: 443 },
  layer: 'container',
  source: 'titus/main',
  owners: [owner('api'), owner('batch')],
  lifetimeId: 'task-1',
  start: { earliestMs: Number.NEGATIVE_INFINITY, latestMs: 1_495_670_748_001 },
  end: { earliestMs: 1_495_670_749_000, latestMs: Number.POSITIVE_INFINITY },
  lastSightingMs: 1_495_670_749_003,
  evidence: 'authoritative-time',
  state: 'missing',
  expects: ['instance', 'container'],
  whole: true,
}

describe('the ledger', () => {
  test('gives back every field of a claim as it came', () => {
    const ledger = new ClaimLedger()
    expect(ledger.claim(ledger.take(claim).ref)).toEqual(claim)
    const bare: Claim = {
      ...claim,
      id: 'c2',
      prefix: prefix('2001:db8::ffff:1/120'),
      ports: null,
      lifetimeId: null,
      expects: [],
      whole: false,
    }
    expect(ledger.claim(ledger.take(bare).ref)).toEqual(bare)
  })

  test('keeps the highest revision, and tells what came of each', () => {
    const ledger = new ClaimLedger()
    expect(ledger.take(claim).outcome).toBe('new')
    expect(ledger.take(claim).outcome).toBe('known')
    expect(ledger.take({ ...claim, revision: { epoch: 1, sequence: 99 } }).outcome).toBe('known')
    expect(ledger.take({ ...claim, revision: { epoch: 2, sequence: 8 }, state: 'closed' }).outcome).toBe('revised')
    expect(ledger.claim(0).state).toBe('closed')
    expect(ledger.size).toBe(1)
  })

  test('of two contents under one revision the same one wins in either order, whatever the order of their fields', () => {
    const { revision, ...rest } = claim
    const [a, b] = [claim, { ...rest, revision, lastSightingMs: 5 }]
    const kept = [
      [a, b],
      [b, a],
    ].map(order => {
      const ledger = new ClaimLedger()
      for (const one of order) ledger.take(one as Claim)
      return ledger.claim(0)
    })
    expect(kept[0]).toEqual(kept[1])
  })

  test('knows a claim that comes again, whatever objects it is made of', () => {
    const ledger = new ClaimLedger()
    ledger.take(claim)
    expect(ledger.take(structuredClone(claim)).outcome).toBe('known')
    expect(ledger.take({ ...claim, expects: [...claim.expects].reverse() }).outcome).toBe('known')
  })

  test('finds the claims that name an interface now, and after it was restored', () => {
    const on = (eni: string | null) => [{ ...owner('api'), eni }, owner('batch')]
    const ledger = new ClaimLedger()
    ledger.take({ ...claim, id: 'there', owners: on('eni-1') })
    ledger.take({ ...claim, id: 'moved', owners: on('eni-1') })
    ledger.take({ ...claim, id: 'moved', owners: on('eni-2'), revision: { epoch: 3, sequence: 0 } })
    ledger.take({ ...claim, id: 'back', owners: on('eni-1') })
    ledger.take({ ...claim, id: 'back', owners: on(null), revision: { epoch: 3, sequence: 0 } })
    ledger.take({ ...claim, id: 'back', owners: on('eni-1'), revision: { epoch: 3, sequence: 1 } })
    ledger.take({ ...claim, id: 'block', owners: on('eni-1'), layer: 'network' })
    for (const one of [ledger, new ClaimLedger(ledger.columns())]) {
      const naming = (eni: string) => one.claimsNaming(eni).map(({ id }) => id)
      expect(naming('eni-1').sort()).toEqual(['back', 'there'])
      expect([naming('eni-2'), naming('eni-3')]).toEqual([['moved'], []])
    }
  })

  test('is not changed by another that was restored from its columns and went on', () => {
    const ledger = new ClaimLedger()
    for (let i = 0; i < 10; i++) ledger.take({ ...claim, id: `c${i}` })
    const restored = new ClaimLedger(ledger.columns())
    restored.take({ ...claim, id: 'late' })
    ledger.take({ ...claim, id: 'other' })
    const idsOf = (one: ClaimLedger) => one.claimsOf(one.cell(0)).map(({ id }) => id)
    expect([idsOf(ledger)[0], idsOf(restored)[0]]).toEqual(['other', 'late'])
    expect([idsOf(ledger).length, idsOf(restored).length]).toEqual([11, 11])
  })

  test('finds all claims of a prefix among thousands, and after it was restored', () => {
    const ledger = new ClaimLedger()
    for (let i = 0; i < 3000; i++) ledger.take({ ...claim, id: `c${i}`, prefix: prefix(`10.0.${i % 100}.7`) })
    const restored = new ClaimLedger(ledger.columns())
    restored.take({ ...claim, id: 'late', prefix: prefix('10.0.42.7') })
    const cell = restored.cell(restored.refOf('c42'))
    expect(restored.claimsOf(cell)).toHaveLength(31)
    expect(ledger.claimsOf(cell)).toHaveLength(30)
    expect(ledger.refOf('late')).toBe(-1)
  })
})

describe('a table of texts', () => {
  test('gives each text one number, and the text again', () => {
    const table = new TextTable()
    const texts = ['', 'a', 'ü€😀', ...Array.from({ length: 5000 }, (_, i) => `text ${i}`)]
    const numbers = texts.map(text => table.intern(text))
    expect(texts.map(text => table.intern(text))).toEqual(numbers)
    expect(numbers.map(number => table.text(number))).toEqual(texts)
    expect(table.numberOf('nobody')).toBe(-1)
  })

  test('that another thread was given stays as it was', () => {
    const table = new TextTable()
    table.intern('one')
    const before = new TextTable(table.columns())
    table.intern('two')
    expect([before.size, before.numberOf('two'), before.intern('three'), before.text(1)]).toEqual([1, -1, 1, 'three'])
    expect(table.text(1)).toBe('two')
  })
})

describe('a table of facts', () => {
  const plain = {
    source: 's',
    owners: [owner('api')],
    layer: 'container',
    evidence: 'sighted',
    state: 'closed',
    expects: [],
    whole: false,
    ports: null,
  } as const

  test('keeps equal facts once, and different ones apart', () => {
    const facts = new FactTable()
    const first = facts.intern(plain)
    expect(facts.intern({ ...plain, owners: [owner('api')] })).toBe(first)
    for (const other of [
      { ...plain, source: 't' },
      { ...plain, alsoFrom: ['t'] },
      { ...plain, layer: 'instance' as const },
      { ...plain, evidence: 'bridged' as const },
      { ...plain, state: 'open' as const },
      { ...plain, expects: ['container' as const] },
      { ...plain, whole: true },
      { ...plain, ports: { first: 0, last: 0 } },
      { ...plain, owners: [owner('batch')] },
    ]) {
      const number = facts.intern(other)
      expect(number).not.toBe(first)
      expect(facts.fact(number)).toEqual(other)
    }
  })

  test('gives owners back as they came: none, several, with labels, after thousands of others', () => {
    const facts = new FactTable()
    const lists = [
      [],
      [owner('api', 'i-1', { labels: { tier: 'web', zone: 'a' } })],
      [owner('api', '', { forwards: true, detail: '' }), owner(null, 'i-2'), owner('api', 'ü€😀')],
      ...Array.from({ length: 3000 }, (_, i) => [owner(`app-${i % 7}`, `i-${i}`), owner(null, `i-${i + 1}`)]),
    ]
    const numbers = lists.map(owners => facts.intern({ ...plain, owners }))
    expect(new Set(numbers).size).toBe(lists.length)
    const restored = new FactTable(facts.columns())
    for (const one of [facts, restored]) {
      expect(numbers.map(number => one.fact(number).owners)).toEqual(lists)
      expect(structuredClone(lists).map(owners => one.intern({ ...plain, owners }))).toEqual(numbers)
      // Asked often enough to be known as the objects that they are.
      for (let i = 0; i < 3; i++) expect(lists.map(owners => one.intern({ ...plain, owners }))).toEqual(numbers)
    }
    const other = owner('api', 'i-1', { labels: { zone: 'a', tier: 'web' } })
    expect(facts.intern({ ...plain, owners: [other] })).toBe(numbers[1])
  })

  test('counts the progress of a holding from two sources as the lesser of the two', () => {
    const facts = new FactTable()
    const both = facts.intern({ ...plain, source: 'a', alsoFrom: ['b'] })
    const progressMs = facts.progress(source => (source === 'a' ? 10 : 7))
    expect(progressMs[facts.sourceNumber(both)]).toBe(7)
  })
})
