import { expect, test } from 'vitest'
import type { FlowQuestion } from '../../bench/accuracy/baselines/baseline.ts'
import { Detections } from '../../bench/accuracy/baselines/detections.ts'
import { HOLD_MS, lastChangeAfterHold, lastChangeWins } from '../../bench/accuracy/baselines/last-change.ts'
import { liveMap } from '../../bench/accuracy/baselines/live-map.ts'
import { startOnly } from '../../bench/accuracy/baselines/start-only.ts'
import { Comparison, verdictOn } from '../../bench/accuracy/comparison.ts'
import { TrueEdges } from '../../bench/accuracy/edges.ts'
import type { Flow } from '../../bench/accuracy/flows.ts'
import { toIp } from '../../src/ownership/address.ts'
import type { Binding } from '../../src/ownership/snapshot.ts'
import type { EndTruth } from '../../src/simulator/ledger.ts'
import { owner, prefix } from '../support/estate.ts'

const ip = toIp('10.0.0.5') as NonNullable<ReturnType<typeof toIp>>
type Held = Partial<Omit<Binding, 'prefix'>> & { readonly address?: string }

/** A poll that asks from `sentAtMs` on, and is over ten seconds later. */
function poll(detections: Detections, sentAtMs: number, held: readonly Held[], source = 'ec2'): void {
  const sighting = { sentAtMs, receivedAtMs: sentAtMs + 10_000 }
  const bindings = held.map(({ address = '10.0.0.5', ...part }) => ({
    domain: 'd',
    prefix: prefix(address),
    ports: null,
    layer: 'instance' as const,
    owners: [owner('a')],
    lifetimeId: null,
    state: 'held' as const,
    sighting,
    stated: [],
    expects: [],
    whole: false,
    ...part,
  }))
  detections.saw(source, { sighting, bindings, scope: [] }, sentAtMs + 10_000)
}

const asked = (startMs: number, readMs = startMs + 60_000): FlowQuestion => ({ domain: 'd', ip, startMs, readMs })
const name = (found: ReturnType<typeof liveMap.ownerOf>) =>
  found === null || found === 'several' ? found : found.application

/** a is seen at 60 s and 120 s, nobody at 180 s, b at 240 s. */
function story(): Detections {
  const detections = new Detections()
  poll(detections, 60_000, [{}])
  poll(detections, 120_000, [{}])
  poll(detections, 180_000, [])
  poll(detections, 240_000, [{ owners: [owner('b')] }])
  return detections
}

test('the current owner is whoever the map has when the record comes', () => {
  const at = (readMs: number) => name(liveMap.ownerOf(story(), asked(0, readMs)))
  expect([69_999, 70_000, 189_999, 190_000, 249_999, 250_000].map(at)).toEqual([null, 'a', 'a', null, null, 'b'])
})

test('the last change that was detected by the start of the flow wins, once its poll is over', () => {
  const at = (startMs: number) => name(lastChangeWins.ownerOf(story(), asked(startMs)))
  expect([59_999, 60_000, 179_999, 180_000, 239_999, 240_000].map(at)).toEqual([null, 'a', 'a', null, null, 'b'])
  // The poll that would show b is not over when the record comes.
  expect(name(lastChangeWins.ownerOf(story(), asked(241_000, 249_000)))).toBeNull()
})

test('a hold brings in polls that were late, and dates nothing otherwise', () => {
  expect(HOLD_MS).toBe(900_000)
  expect(name(lastChangeAfterHold.ownerOf(story(), asked(241_000, 249_000)))).toBe('b')
  // b may well have come before 239 s; it was seen after.
  expect(name(lastChangeAfterHold.ownerOf(story(), asked(239_000)))).toBeNull()
})

test('with starts alone an owner stays until another is seen', () => {
  const at = (startMs: number) => name(startOnly.ownerOf(story(), asked(startMs)))
  expect([59_999, 60_000, 200_000, 239_999, 240_000].map(at)).toEqual([null, 'a', 'a', 'a', 'b'])
})

test('the longest prefix with an owner decides, then the highest layer; both fall back when they are released', () => {
  const detections = new Detections()
  const block = { address: '10.0.0.0/28', owners: [owner('block')] }
  const task = { layer: 'container' as const, owners: [owner('task')] }
  poll(detections, 0, [block])
  poll(detections, 60_000, [block, { owners: [owner('host')] }])
  poll(detections, 90_000, [task], 'titus')
  poll(detections, 150_000, [], 'titus')
  poll(detections, 180_000, [block])
  const at = (startMs: number) => name(lastChangeWins.ownerOf(detections, asked(startMs)))
  expect([30_000, 70_000, 100_000, 160_000, 190_000].map(at)).toEqual(['block', 'host', 'task', 'host', 'block'])
  expect(name(startOnly.ownerOf(detections, asked(190_000)))).toBe('task')
})

test('a reply without the tags is no change, and who shares an address is not guessed', () => {
  const detections = new Detections()
  poll(detections, 0, [{}])
  poll(detections, 60_000, [{ owners: [owner(null, 'a-1')] }])
  expect(name(liveMap.ownerOf(detections, asked(0, 70_000)))).toBe('a')
  poll(detections, 120_000, [{ owners: [owner('a'), owner('b')] }])
  expect(name(liveMap.ownerOf(detections, asked(0, 130_000)))).toBe('several')
  // Neither is an instance that is going away.
  poll(detections, 180_000, [{ state: 'ending' }])
  expect(name(liveMap.ownerOf(detections, asked(0, 190_000)))).toBeNull()
})

const held = (applications: readonly (string | null)[], nobody = false): EndTruth => ({
  kind: 'managed',
  holders: applications.map((application, i) => ({ application, resourceId: `i-${i}`, layer: 'instance' })),
  nobody,
})

test.each([
  ['a', held(['a']), 'right'],
  ['a', held(['a', 'a']), 'right'],
  ['a', held(['a', 'b']), 'partly'],
  ['a', held(['a'], true), 'partly'],
  ['a', held(['b']), 'other'],
  ['a', held([], true), 'nobody'],
  ['a', held([null]), 'nobody'],
] as const)('%s is compared with the truth: %#', (application, truth, verdict) => {
  expect(verdictOn(application, truth)).toBe(verdict)
})

test('flows and edges of a baseline are counted with what is wrong of them', () => {
  const flowAt = (startMs: number, source: EndTruth): Flow => {
    const end = (address: string) => ({ ip: toIp(address) ?? ip, observed: undefined, packet: undefined, port: 1 })
    const record = { source: end('10.0.0.5'), destination: end('10.0.0.6') } as Flow['record']
    const packets = { fromMs: startMs, untilMs: startMs + 1_000 }
    const truth = { source, destination: held(['c']) }
    const times = { startMs, window: packets, packets, arrivedMs: startMs + 60_000 }
    return { record, line: '', ...times, truth, vpc: 'd', bytes: 10 }
  }
  const detections = new Detections()
  poll(detections, 0, [{}, { address: '10.0.0.6', owners: [owner('c')] }])
  const comparison = new Comparison(lastChangeWins)
  const edges = new TrueEdges()
  for (const flow of [flowAt(1_000, held(['a'])), flowAt(61_000, held(['b'])), flowAt(121_000, held([], true))]) {
    comparison.add(flow, detections, flow.arrivedMs)
    edges.add(flow)
  }
  expect(comparison.counts).toMatchObject({
    right: 4,
    other: 1,
    nobody: 1,
    answeredFlows: 3,
    wrongFlows: 2,
    wrongBytes: 20,
  })
  const found = { reported: 3, wrong: 2, real: 2, realBytes: 20, found: 1, foundBytes: 10 }
  expect(edges.compare(comparison.edges)).toEqual(found)
})
