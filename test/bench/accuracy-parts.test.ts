import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BASELINES } from '../../bench/accuracy/baselines/all.ts'
import { cell } from '../../bench/accuracy/cell.ts'
import { eventsIn } from '../../bench/accuracy/events.ts'
import { cellFigures, figuresOf } from '../../bench/accuracy/figures.ts'
import { measureCell } from '../../bench/accuracy/measure-cell.ts'
import { drawPlots } from '../../bench/accuracy/plots/draw.ts'
import { differenceOf } from '../../bench/accuracy/replay.ts'
import { savedFigures } from '../../bench/accuracy/saved-figures.ts'
import { UsageError } from '../../bench/command.ts'
import type { Habits } from '../../src/simulator/fleet.ts'
import { createWorld, type Scale } from '../../src/simulator/world.ts'
import type { FlowEnd } from '../../src/store/port.ts'
import { MINUTE_MS, START_MS } from '../support/simulator.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whohad-plots-'))
})
afterEach(() => rm(folder, { recursive: true }))

const SCALE: Scale = { hosts: 3, containersPerHost: 8, groups: 4, instancesPerGroup: 3 }

/** What happens in an hour. */
function hourOf(habits: Partial<Habits>, scale: Partial<Scale> = {}) {
  const world = createWorld(5, START_MS, { ...SCALE, ...scale }, { briefestHoldingMs: 0, bridgeMs: 60_000, habits })
  world.agenda.runTo(START_MS + 60 * MINUTE_MS)
  return { world, events: eventsIn(world, { fromMs: START_MS, untilMs: START_MS + 60 * MINUTE_MS }) }
}

test('what a world is told to do often happens often, and not at all where it is told not to', () => {
  const never = hourOf({ sharing: 0, renamed: 0, moved: 0, listedOn: 0 }, { overlapping: false })
  const often = hourOf({ sharing: 0.5, renamed: 0.9, moved: 0.6, listedOn: 1, returning: 0.8 }, { vpcs: 5 })
  const none = { retags: 0, moved_tasks: 0, shared_addresses: 0, overlapping_addresses: 0 }
  expect(never.events).toMatchObject(none)
  expect(never.events.handoffs).toBeGreaterThan(100)
  for (const what of Object.keys(none) as (keyof typeof none)[]) expect(often.events[what]).toBeGreaterThan(5)
  expect(often.events.returns).toBeGreaterThan(never.events.returns + 50)
  const listedOn = ({ world }: typeof never) =>
    world.containers.acceptedBy(Number.POSITIVE_INFINITY).filter(task => task.listedUntilMs > task.finishedMs).length
  expect([listedOn(never), listedOn(often) > 50]).toEqual([0, true])
})

test('nothing outside of the span is counted', () => {
  const { world } = hourOf({ returning: 0.8 })
  const counts = (fromMs: number, untilMs: number) => Object.values(eventsIn(world, { fromMs, untilMs }))
  expect(counts(START_MS + 61 * MINUTE_MS, START_MS + 90 * MINUTE_MS).slice(0, -1)).toEqual([0, 0, 0, 0, 0])
})

const end: FlowEnd = {
  ip: '10.0.0.5',
  port: 1,
  domain: 'd',
  state: 'owned',
  reason: 'sighted',
  application: 'a',
  resourceId: 'i-1',
  cluster: '',
  account: '',
  region: '',
  zone: '',
  layer: 'instance',
  claimId: 'c',
  candidates: [],
  service: '',
}
const open: Partial<FlowEnd> = { state: 'ambiguous', reason: 'handoff', application: '', resourceId: '' }

test.each([
  ['nothing', {}, {}, 'same'],
  ['another kind of proof', {}, { reason: 'bridged' }, 'gained'],
  ['a name that came late', { application: '' }, { claimId: 'c2' }, 'gained'],
  ['another resource', {}, { resourceId: 'i-2' }, 'other'],
  ['another application', {}, { application: 'b' }, 'other'],
  ['what was owned is open', {}, { ...open, candidates: ['i-1'] }, 'other'],
  ['a candidate less', { ...open, candidates: ['i-1', 'i-2'] }, { ...open, candidates: ['i-1'] }, 'narrowed'],
  ['one of two is proved', { ...open, candidates: ['i-1', 'i-2'] }, {}, 'narrowed'],
  ['a candidate more', { ...open, candidates: ['i-1'] }, { ...open, candidates: ['i-1', 'i-2'] }, 'other'],
  ['somebody else is proved', { ...open, candidates: ['i-2', 'i-3'] }, {}, 'other'],
] as const)('a batch answer beside the live one: %s', (_, live, batch, difference) => {
  const ends = { source: { ...end, ...batch }, destination: end }
  expect(differenceOf({ source: { ...end, ...live }, destination: end }, ends, false)).toBe(difference)
})

test('figures are drawn, and can be drawn again from what was printed', async () => {
  const small = { scale: SCALE, minutes: 2, connectionsPerMinute: 20 }
  const measured = [cell('main', 'small', small), cell('poll-300', 'seldom', { ...small, pollMs: 300_000 })]
  const figures = figuresOf(
    await Promise.all(measured.map(async one => cellFigures(await measureCell(one, 1, BASELINES)))),
  )
  const files = await drawPlots(figures, folder)
  expect(files.length).toBe(4)
  const drawn = await Promise.all(files.map(file => readFile(file, 'utf8')))
  for (const svg of drawn) {
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 \d+ \d+"/)
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    expect(svg.match(/<text/g)?.length).toBe(svg.match(/<\/text>/g)?.length)
  }
  expect(drawn.join('')).toContain('>poll-300</text>')

  const printed = join(folder, 'printed.txt')
  await writeFile(printed, `tables\n\n${JSON.stringify({ bench: 'accuracy', ...figures })}\n`)
  await drawPlots(await savedFigures(printed), folder)
  expect(await Promise.all(files.map(file => readFile(file, 'utf8')))).toEqual(drawn)
  await writeFile(printed, '{"bench":"index"}\n')
  await expect(savedFigures(printed)).rejects.toThrow(UsageError)
})
