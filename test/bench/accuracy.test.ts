import { expect, test } from 'vitest'
import { BASELINES } from '../../bench/accuracy/baselines/all.ts'
import { type Cell, isBeyond } from '../../bench/accuracy/cell.ts'
import { CELLS, QUICK_CELLS } from '../../bench/accuracy/cells.ts'
import { cellFigures, figuresOf } from '../../bench/accuracy/figures.ts'
import { judge } from '../../bench/accuracy/judge.ts'
import { provableShare } from '../../bench/accuracy/limit.ts'
import { measureCell } from '../../bench/accuracy/measure-cell.ts'
import { optionsOf } from '../../bench/accuracy/options.ts'
import { tablesOf } from '../../bench/accuracy/tables.ts'
import { UsageError } from '../../bench/command.ts'
import type { EndTruth } from '../../src/simulator/ledger.ts'

const SEED = 3
const TINY: Partial<Cell> = {
  scale: { hosts: 2, containersPerHost: 4, groups: 4, instancesPerGroup: 2 },
  minutes: 6,
  connectionsPerMinute: 30,
}
const tiny = (name: string): Cell => {
  const found = CELLS.find(cell => cell.name === name)
  if (found === undefined) throw new Error(`there is no cell ${name}`)
  return { ...found, ...TINY }
}

test.each(['main', 'targeted', 'slack-60', 'returns', 'all-at-once'])(
  'no answer is wrong in a small world: %s',
  async name => {
    const measured = await measureCell(tiny(name), SEED, BASELINES)
    expect(measured.examples).toEqual([])
    const figures = cellFigures(measured)
    expect(figures.wrong + figures.wrong_edges).toBe(0)
    expect(figures.batch).toMatchObject({ records: figures.records, wrong: 0, differing: 0 })
    expect(figures.not_shown).toEqual([])
    // What never says anything is never wrong.
    expect(figures.attributable_ends).toBeGreaterThan(200)
    expect(figures.owned_share).toBeGreaterThan(0.4)
    expect(figures.edges.reported).toBeGreaterThan(20)
    for (const { name: baseline } of BASELINES) expect(figures.baselines[baseline]?.right_share).toBeGreaterThan(0.5)
  },
)

test('beyond the declared bounds the same comparison finds wrong answers', async () => {
  const measured = await measureCell({ ...tiny('beyond-lag-110'), pollMs: 15_000, pace: 0.05 }, SEED, [])
  const figures = cellFigures(measured)
  expect(figures.wrong).toBeGreaterThan(0)
  expect(measured.examples.length).toBeGreaterThan(0)
  expect(figures.beyond).toMatchObject({ declared: { lagMs: 10_000 }, real: { lagMs: 110_000 } })
  // And they are not counted among those that must not be.
  expect(figuresOf([figures])).toMatchObject({ wrong: 0, cells: [], beyond: [figures] })
  expect(tablesOf(figuresOf([figures]))).toMatch(/^\| cell \| what is otherwise \| ends wrong \|/)
})

test('exactly the cells named so are beyond their bounds', () => {
  for (const cell of CELLS) expect([cell.name, isBeyond(cell)]).toEqual([cell.name, cell.name.startsWith('beyond-')])
})

test('while the poller of containers is off no host is taken for the holder, and machines are answered as before', async () => {
  const outages = [{ source: 'titus', fromMinute: 2, untilMinute: Number.POSITIVE_INFINITY }] as const
  const measured = await measureCell({ ...tiny('titus-off'), outages }, SEED, [])
  const { wrong, happened, reasons, answer_delay_seconds, batch } = cellFigures(measured)
  expect({ wrong, batch: batch.wrong, differing: batch.differing }).toEqual({ wrong: 0, batch: 0, differing: 0 })
  expect(happened).toMatchObject({ minutes_off: 4 })
  expect(reasons['unknown source-stale']).toBeGreaterThan(50)
  // What the other poller alone speaks of waits for nobody.
  expect(answer_delay_seconds.never).toBeLessThan(measured.tally.records)
})

test('an index made anew after blind minutes answers as the one that lived through them', async () => {
  const outages = (['ec2', 'titus'] as const).map(source => ({ source, fromMinute: 1, untilMinute: 22 }))
  const measured = await measureCell({ ...tiny('blind-hour'), outages, minutes: 24 }, SEED, [])
  const { wrong, batch, owned_share, happened } = cellFigures(measured)
  expect({ wrong, batch: batch.wrong, differing: batch.differing }).toEqual({ wrong: 0, batch: 0, differing: 0 })
  expect(happened.minutes_off).toBe(42)
  // Later it is known more than when the records had to leave.
  expect(batch.owned_share).toBeGreaterThan(owned_share)
})

test('the same seed gives the same figures, and another one others', async () => {
  const cell = { ...tiny('poll-300'), minutes: 2 }
  const figures = async (seed: number) => cellFigures(await measureCell(cell, seed, BASELINES))
  expect(await figures(1)).toEqual(await figures(1))
  expect(await figures(1)).not.toEqual(await figures(2))
})

test('the figures name what there is, and null what there is not', async () => {
  const main = cellFigures(await measureCell({ ...tiny('main'), minutes: 2 }, SEED, BASELINES))
  expect(figuresOf([main])).toMatchObject({
    wrong: 0,
    owned_share: main.owned_share,
    owned_share_targeted: null,
    owned_share_with_sightings: null,
    baselines: { 'current-owner': { wrong_share: { flows: expect.any(Number), edges: expect.any(Number) } } },
  })
  expect(tablesOf(figuresOf([main]))).toContain('| main | 0 |')
  const wrong = { ...main, wrong: 2, wrong_edges: 1 }
  expect(figuresOf([main, wrong]).wrong).toBe(3)
})

const holder = (application: string | null, resourceId: string, layer = 'instance') =>
  ({ application, resourceId, layer }) as EndTruth['holders'][number]
const truth = (holders: EndTruth['holders'], nobody = false): EndTruth => ({ kind: 'managed', holders, nobody })
const a = holder('a', 'i-1')

test.each([
  ['the owner', { state: 'owned', application: 'a', resourceId: 'i-1' }, truth([a]), 'owned'],
  ['another resource of it', { state: 'owned', application: 'a', resourceId: 'i-2' }, truth([a]), 'wrong'],
  ['another application', { state: 'owned', application: 'b', resourceId: 'i-1' }, truth([a]), 'wrong'],
  ['one without its name', { state: 'owned', application: '', resourceId: 'i-1' }, truth([a]), 'unnamed'],
  ['one of two', { state: 'owned', application: 'a', resourceId: 'i-1' }, truth([a, holder('b', 'i-2')]), 'wrong'],
  ['one who left meanwhile', { state: 'owned', application: 'a', resourceId: 'i-1' }, truth([a], true), 'wrong'],
  ['one where nobody is', { state: 'owned', application: 'a', resourceId: 'i-1' }, truth([], true), 'wrong'],
  ['nobody, truly', { state: 'unowned', application: '', resourceId: '' }, truth([], true), 'unowned'],
  ['nobody, where one was', { state: 'unowned', application: '', resourceId: '' }, truth([a]), 'wrong'],
  ['the internet, where one was', { state: 'external', application: '', resourceId: '' }, truth([a]), 'wrong'],
  ['not known', { state: 'unknown', application: '', resourceId: '' }, truth([a]), 'unknown'],
] as const)('an answer is judged: %s', (_, said, isTrue, outcome) => {
  expect(judge(said, isTrue, () => true)).toBe(outcome)
})

test('nobody, where one was too briefly for any poll, is unseen; a bare interface is nobody', () => {
  const nobody = { state: 'unowned', application: '', resourceId: '' } as const
  expect(judge(nobody, truth([a]), () => false)).toBe('unseen')
  expect(judge(nobody, truth([holder(null, 'eni-1', 'interface')]), () => false)).toBe('unowned')
})

test('what faultless polls prove falls with interval, lag and length, and is all of a long life', () => {
  const polling = { intervalMs: 60_000, lagMs: 10_000, clockErrorMs: 0 }
  const life = { fromMs: 0, untilMs: 600_000 }
  const mean = (share: (atMs: number) => number) => {
    let sum = 0
    for (let atMs = 0; atMs < life.untilMs; atMs += 1_000) sum += share(atMs)
    return sum / (life.untilMs / 1_000)
  }
  const at = (atMs: number, lengthMs = 1) => ({ fromMs: atMs, untilMs: atMs + lengthMs })
  // 1 − (interval + lag) / lifetime
  expect(mean(atMs => provableShare(life, at(atMs), polling))).toBeCloseTo(1 - 70 / 600, 2)
  expect(mean(atMs => provableShare(life, at(atMs), { ...polling, lagMs: 0 }))).toBeCloseTo(1 - 60 / 600, 2)
  expect(mean(atMs => provableShare(life, at(atMs, 30_000), polling))).toBeCloseTo(1 - 100 / 600, 2)
  expect(provableShare({ fromMs: 0, untilMs: Number.POSITIVE_INFINITY }, at(300_000), polling)).toBe(1)
})

test('the command line is read, and what it does not know is refused', () => {
  const unsaid = { quick: false, seed: 1, only: undefined, from: undefined, plots: undefined }
  expect(optionsOf([])).toEqual(unsaid)
  expect(optionsOf(['--quick', '--seed', '7', '--cells', 'main,lag-0', '--plots', '--from', 'x.txt'])).toEqual({
    quick: true,
    seed: 7,
    only: ['main', 'lag-0'],
    from: 'x.txt',
    plots: 'docs/accuracy',
  })
  expect(optionsOf(['--help'])).toBeUndefined()
  for (const args of [['--seed', 'x'], ['--cells', 'none'], ['--fast']]) {
    expect(() => optionsOf(args)).toThrow(UsageError)
  }
  expect(QUICK_CELLS.length).toBeGreaterThan(3)
  expect(QUICK_CELLS.filter(isBeyond)).toEqual([])
  expect(new Set(CELLS.map(({ name }) => name)).size).toBe(CELLS.length)
})
