import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Generation } from '../../../src/ownership/generation/generation.ts'
import { ownersOf, ownersOfByPlace } from '../../../src/ownership/generation/look-ups.ts'
import { SegmentBuilder } from '../../../src/ownership/generation/segment-builder.ts'
import { FactTable } from '../../../src/ownership/ledger/fact-table.ts'
import { TextTable } from '../../../src/ownership/ledger/text-table.ts'
import { owner } from '../../support/estate.ts'
import { propertyRuns } from '../../support/property-runs.ts'

type Stay = readonly [fromMs: number, untilMs: number]

const facts = new FactTable()
const factsOfBlocks = new Set<number>()
const factOf = (application: string, whole = false): number =>
  facts.intern({
    source: 's',
    owners: [owner(application)],
    layer: 'container',
    evidence: 'sighted',
    state: 'closed',
    expects: [],
    whole,
    ports: null,
  })

/** Hosts 0, 1, 2 … of domain 1, each with its stays, which are certain throughout. */
function generationOf(hosts: readonly (readonly Stay[])[], blocks: readonly Around[] = []): Generation {
  const builder = new SegmentBuilder(0, { rows: 0, hosts4: 0, hosts6: 0 })
  for (const [host, stays] of hosts.entries()) {
    builder.prefix(1, 4, 32, host, 0, 0, 0)
    const inOrder = [...stays].sort((a, b) => a[0] - b[0])
    for (const [i, [fromMs, untilMs]] of inOrder.entries()) {
      builder.row(fromMs, fromMs, untilMs, untilMs, 0, factOf(`app-${host}-${i}`), i)
    }
  }
  for (const { length, stays } of [...blocks].sort((a, b) => a.length - b.length)) {
    builder.prefix(1, 4, length, 0, 0, 0, 0)
    const inOrder = [...stays].sort((a, b) => a[0] - b[0])
    for (const [i, [fromMs, untilMs]] of inOrder.entries()) {
      const fact = factOf(`block-${length}-${i}`, true)
      factsOfBlocks.add(fact)
      builder.row(fromMs, fromMs, untilMs, untilMs, 0, fact, 100 * length + i)
    }
  }
  const empty = new TextTable().columns()
  return new Generation({
    base: [builder.finish().columns],
    overlay: [],
    facts: facts.columns(),
    domains: empty,
    ids: empty,
    histories: [],
    horizons: [],
  })
}

function lookUpsOf(asked: readonly (readonly [host: number, ...Stay])[]) {
  return {
    family: 4 as const,
    count: asked.length,
    domains: new Int32Array(asked.length).fill(1),
    words: Int32Array.from(asked, ([host]) => host),
    fromMs: Float64Array.from(asked, ([, fromMs]) => fromMs),
    untilMs: Float64Array.from(asked, ([, , untilMs]) => untilMs),
  }
}

const stay = fc
  .tuple(fc.nat(100), fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 100 })))
  .map(([from, length]): Stay => [from, from + length])
const hosts = fc.array(fc.array(stay, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 4 })
const asked = fc.array(
  fc.tuple(fc.nat(5), stay).map(([host, [from, until]]) => [host, from, until] as const),
  { minLength: 1, maxLength: 200 },
)

test('look-ups in groups, in any order, answer as each does alone', () => {
  fc.assert(
    fc.property(hosts, asked, (stays, questions) => {
      const generation = generationOf(stays)
      const lookUps = lookUpsOf(questions)
      const alone = questions.map(([host, from, until]) => generation.ownerOf(1, 4, host, 0, 0, 0, from, until))
      const inGroups = new Int32Array(questions.length)
      ownersOf(generation, lookUps, inGroups)
      expect([...inGroups]).toEqual(alone)
      const byPlace = new Int32Array(questions.length)
      ownersOfByPlace(generation, lookUps, byPlace, new Uint32Array(questions.length))
      expect([...byPlace]).toEqual(alone)
    }),
    propertyRuns(300),
  )
})

/** Blocks of domain 1 around hosts 0 to 7, each with its stays, which are certain throughout and may lie over one another. */
type Around = { readonly length: number; readonly stays: readonly Stay[] }
const around = fc.uniqueArray(
  fc.record<Around>({
    length: fc.constantFrom(24, 29, 30, 31),
    stays: fc.array(
      fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 200 })).map(([from, length]): Stay => [from, from + length]),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  { selector: ({ length }) => length, maxLength: 4 },
)

test('beside an owner stands a stretch around the window over which he is the owner of every window, by the same claim', () => {
  let byBlocks = 0
  fc.assert(
    fc.property(hosts, around, asked, fc.infiniteStream(fc.nat(1000)), (stays, blocks, questions, random) => {
      const generation = generationOf(stays, blocks)
      const lookUps = lookUpsOf(questions)
      const owners = new Int32Array(questions.length)
      const beside = {
        fromMs: new Float64Array(questions.length),
        untilMs: new Float64Array(questions.length),
        claims: new Int32Array(questions.length),
      }
      ownersOf(generation, lookUps, owners, beside)
      for (const [i, [host, from, until]] of questions.entries()) {
        const [fromMs, untilMs] = [beside.fromMs[i] ?? 0, beside.untilMs[i] ?? 0]
        if ((owners[i] ?? -1) < 0 || fromMs >= untilMs) continue
        expect([fromMs <= from, until <= untilMs]).toEqual([true, true])
        const at = (): number => fromMs + ((random.next().value ?? 0) % (untilMs - fromMs + 1))
        for (let round = 0; round < 5; round++) {
          const [first = 0, last = 0] = [at(), at()].sort((a, b) => a - b)
          if (first === last) continue
          const again = new Int32Array(1)
          const claims = new Int32Array(1)
          ownersOf(generation, lookUpsOf([[host, first, last]]), again, { ...lone(), claims })
          expect([host, first, last, again[0], claims[0]]).toEqual([host, first, last, owners[i], beside.claims[i]])
        }
        if (factsOfBlocks.has(owners[i] ?? -1)) byBlocks++
      }
    }),
    propertyRuns(300),
  )
  expect(byBlocks).toBeGreaterThan(50)
})

const lone = () => ({ fromMs: new Float64Array(1), untilMs: new Float64Array(1) })

test('windows of another segment, over its edge or of no time at all are for the whole question', () => {
  const generation = generationOf([[[0, 50]]])
  const edge = 30 * 86_400_000
  const found = new Int32Array(5)
  ownersOf(
    generation,
    lookUpsOf([
      [0, 10, 20],
      [0, edge - 1, edge + 1],
      [0, edge + 5, edge + 6],
      [0, Number.NEGATIVE_INFINITY, 5],
      [0, 20, 30],
    ]),
    found,
  )
  expect([...found]).toEqual([factOf('app-0-0'), -2, -2, -2, factOf('app-0-0')])
})
