import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { briefOfFact } from '../../../src/api/bulk/brief.ts'
import { ByteSink } from '../../../src/api/bulk/byte-sink.ts'
import { answerTail } from '../../../src/api/bulk/csv-layout.ts'
import { OwnedTails } from '../../../src/api/bulk/owned-tails.ts'
import { SteadyMemo } from '../../../src/api/bulk/steady-memo.ts'
import { LAYERS } from '../../../src/ownership/claim.ts'
import { EVIDENCE, FactTable } from '../../../src/ownership/ledger/fact-table.ts'
import { owner } from '../../support/answers.ts'
import { propertyRuns } from '../../support/property-runs.ts'

const name = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom('', 'checkout', 'a"b', 'a,b', 'a\nb', 'a\rb', 'é', 'x'.repeat(900)),
)
const nameOrNull = fc.option(name)

const facts = fc.record({
  owners: fc
    .record({
      application: nameOrNull,
      cluster: nameOrNull,
      kind: name,
      resourceId: name,
      account: nameOrNull,
      region: nameOrNull,
      zone: nameOrNull,
      vpc: nameOrNull,
      eni: nameOrNull,
      team: nameOrNull,
    })
    .map(texts => [owner(null, '', texts)]),
  layer: fc.constantFrom(...LAYERS),
  source: name,
  evidence: fc.constantFrom(...EVIDENCE),
  state: fc.constantFrom('open' as const, 'closed' as const),
  expects: fc.constant([]),
  whole: fc.boolean(),
  ports: fc.constant(null),
})

test('the columns of an owner, copied from the bytes of the index, are those that are made of the fact, or none', () => {
  let copied = 0
  fc.assert(
    fc.property(fc.array(facts, { minLength: 1, maxLength: 8 }), several => {
      const table = new FactTable()
      const marked = several.map(fact => table.intern(fact))
      const tails = new OwnedTails(table)
      const sink = new ByteSink(16)
      for (const number of [...marked, ...marked]) {
        const expected = answerTail(briefOfFact(table.fact(number), ''))
        const isWritten = tails.write(sink, number)
        const written = sink.take().toString()
        expect(written).toBe(isWritten ? expected : '')
        if (isWritten) copied++
      }
    }),
    propertyRuns(200),
  )
  expect(copied).toBeGreaterThan(100)
})

describe('what is remembered of an address', () => {
  const steady = { fromMs: 100, untilMs: 200 }
  const keys = function* (domains: number, words: number) {
    for (let domain = 1; domain <= domains; domain++)
      for (let word = -words; word < words; word++) yield { domain, word }
  }

  test('is told of that address in that domain, however many others there are', () => {
    const memo = new SteadyMemo<string>()
    for (const { domain, word } of keys(40, 100)) {
      expect(memo.find(domain, word, 100, 200)).toBeUndefined()
      memo.keep(domain, word, steady, `${domain} ${word}`)
    }
    const forgotten = [...keys(40, 100)].filter(
      ({ domain, word }) => memo.find(domain, word, 100, 200) !== `${domain} ${word}`,
    )
    expect(forgotten).toEqual([])
    expect(memo.find(41, 0, 100, 200)).toBeUndefined()
  })

  test('is told for the time for which it holds alone, and replaced by what is kept later', () => {
    const memo = new SteadyMemo<string>()
    memo.keep(1, 7, undefined, 'never')
    expect(memo.find(1, 7, 0, 1)).toBeUndefined()
    memo.keep(1, 7, steady, 'first')
    const found = (fromMs: number, untilMs: number) => memo.find(1, 7, fromMs, untilMs)
    expect([found(100, 200), found(150, 151), found(99, 200), found(100, 201)]).toEqual([
      'first',
      'first',
      undefined,
      undefined,
    ])
    memo.keep(1, 7, { fromMs: 300, untilMs: 400 }, 'second')
    expect([found(100, 200), found(300, 400)]).toEqual([undefined, 'second'])
  })

  test('begins anew once it is full', () => {
    const memo = new SteadyMemo<number>()
    for (let word = 0; word < 200_000; word++) memo.keep(1, word, steady, word)
    const known = Array.from({ length: 200_000 }, (_, word) => memo.find(1, word, 100, 200))
    expect(known.findIndex((value, word) => value !== undefined && value !== word)).toBe(-1)
    expect(known.filter(value => value !== undefined).length).toBeLessThan(140_000)
    expect(known.at(-1)).toBe(199_999)
  })
})
