import { expect, test } from 'vitest'
import { ObjectSightings } from '../../../src/enricher/sightings/object-sightings.ts'
import type { Claim, SourceBounds } from '../../../src/ownership/claim.ts'
import type { OwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { inWords, owner, question, type Shown } from '../../support/estate.ts'
import { recordOf } from '../../support/flow-records.ts'
import { machine, polledByTheMinute, STEADY } from '../../support/machines.ts'

const ADDRESS = '10.0.0.5/32'
const API = machine('api', 1, { address: ADDRESS })
const BATCH = machine('batch', 2, { address: ADDRESS })

const polled = (shown: readonly (readonly Shown[])[], bounds: Partial<SourceBounds> = STEADY) =>
  polledByTheMinute(shown, bounds).index

type Flow = {
  readonly eni: string
  readonly from: number
  readonly until: number
  readonly sent?: boolean
  readonly address?: string
  /** Without, a record does not tell the addresses of its interface apart. */
  readonly withPackets?: boolean
}

/** A record of so many seconds; the address is that of the interface. */
const flow = ({ eni, from, until, sent = true, address = '10.0.0.5', withPackets = false }: Flow) =>
  recordOf({
    'interface-id': eni,
    srcaddr: sent ? address : '10.0.9.9',
    dstaddr: sent ? '10.0.9.9' : address,
    ...(withPackets && { 'pkt-srcaddr': sent ? address : '10.0.9.9', 'pkt-dstaddr': sent ? '10.0.9.9' : address }),
    'flow-direction': sent ? 'egress' : 'ingress',
    start: from,
    end: until,
    protocol: 6,
  })

function sightings(index: OwnershipIndex, flows: readonly Flow[], slackMs = 0): readonly Claim[] {
  const seen = new ObjectSightings({ objectId: 'o1', slackMs, index })
  for (const one of flows) seen.take(flow(one))
  return seen.claims()
}

function learnt(index: OwnershipIndex, flows: readonly Flow[], slackMs = 0): readonly Claim[] {
  const claims = sightings(index, flows, slackMs)
  for (const claim of claims) index.apply(claim)
  return claims
}

const at = (index: OwnershipIndex, fromSeconds: number, untilSeconds = fromSeconds + 1): string =>
  inWords(index.ask(question('10.0.0.5', fromSeconds * 1000, untilSeconds * 1000)))

/** It changes hands between the second poll and the third. */
const handoff = (bounds: Partial<SourceBounds> = STEADY) => polled([API, API, BATCH, BATCH, BATCH], bounds)
const LAST_OF_API = { eni: 'eni-1', from: 70, until: 80 }
const FIRST_OF_BATCH = { eni: 'eni-2', from: 100, until: 110 }

test('packets on both interfaces narrow a handoff to the time between them', () => {
  const index = handoff()
  expect(at(index, 70, 80)).toBe('ambiguous handoff api|batch|eni-1|eni-2|nobody')
  expect(at(index, 101, 111)).toBe('ambiguous handoff api|batch|eni-1|eni-2|nobody')
  const claims = learnt(index, [LAST_OF_API, FIRST_OF_BATCH])
  expect(claims.map(({ source, layer, lifetimeId }) => [source, layer, lifetimeId?.split('/').at(-1)])).toEqual([
    ['flow/o1', 'interface', 'end'],
    ['flow/o1', 'instance', 'end'],
    ['flow/o1', 'interface', 'start'],
    ['flow/o1', 'instance', 'start'],
  ])
  expect(at(index, 70, 80)).toBe('owned flow-sighting api')
  expect(at(index, 101, 111)).toBe('owned flow-sighting batch')
  expect(at(index, 80, 101)).toMatch(/^ambiguous handoff api.batch/)
  // By the whole seconds of a record, its first packet may have come at the end of its first one.
  expect(at(index, 100, 101)).toMatch(/^ambiguous handoff api.batch/)
  expect(at(index, 10, 80)).toBe('owned flow-sighting api')
  expect(at(index, 10, 50)).toBe('owned sighted api')
})

test('what is known already is not said again', () => {
  const index = handoff()
  const flows = [LAST_OF_API, FIRST_OF_BATCH]
  expect(learnt(index, flows)).toHaveLength(4)
  expect(sightings(index, flows)).toEqual([])
  expect(sightings(index, [{ eni: 'eni-1', from: 65, until: 75 }])).toEqual([])
  expect(sightings(index, [{ eni: 'eni-2', from: 95, until: 96 }])).toHaveLength(2)
})

test('nothing follows where nobody promises how briefly an address is held', () => {
  expect(sightings(handoff({ bridgeMs: 180_000 }), [LAST_OF_API, FIRST_OF_BATCH])).toEqual([])
  // Two polls may show moments that lie 61 seconds apart.
  expect(sightings(handoff({ ...STEADY, briefestHoldingMs: 61_000 }), [LAST_OF_API])).toEqual([])
  expect(sightings(handoff({ ...STEADY, briefestHoldingMs: 61_001 }), [LAST_OF_API])).toHaveLength(2)
})

test('a packet that comes shows where the address is, and nothing of who is behind it', () => {
  const index = handoff()
  learnt(index, [
    { ...LAST_OF_API, sent: false },
    { ...FIRST_OF_BATCH, sent: false },
  ])
  expect(index.sightableEdges('eni-1').map(({ claim, shownMs }) => [claim.layer, shownMs])).toEqual(
    expect.arrayContaining([
      ['instance', 60_000],
      ['interface', 80_000],
    ]),
  )
  expect(at(index, 70, 80)).toBe('ambiguous handoff api|batch|eni-1')
})

test('two claims on one interface are not told apart by its packets', () => {
  const renamed = [...machine('batch', 1, { address: ADDRESS })]
  const index = polled([API, API, renamed, renamed, renamed])
  const flows = [LAST_OF_API, { eni: 'eni-1', from: 100, until: 110 }]
  expect(sightings(index, flows)).toEqual([])
})

test('of containers on one interface, another one takes nothing back; the same one under another name does', () => {
  const task = (application: string, id: string, address: string): Shown => ({
    layer: 'container',
    owner: owner(application, id, { kind: 'container', eni: 'eni-1' }),
    address,
  })
  const ENI: Shown[] = ['10.0.0.5/32', '10.0.0.6/32'].map(address => ({
    layer: 'interface',
    owner: owner(null, 'eni-1', { kind: 'interface', eni: 'eni-1' }),
    address,
  }))
  const ended = (others: readonly (readonly Shown[])[]) =>
    polled(others.map((other, minute) => [...ENI, ...other, ...(minute < 2 ? [task('api', 'task-1', ADDRESS)] : [])]))
  const shown = (index: OwnershipIndex) =>
    sightings(index, [{ ...LAST_OF_API, withPackets: true }]).map(({ layer }) => layer)
  const web = task('web', 'task-2', '10.0.0.6/32')
  expect(shown(ended([[], [], [web], [web], [web]]))).toEqual(['container'])
  const before = task('api', 'task-1', '10.0.0.6/32')
  const moved = task('web', 'task-1', '10.0.0.6/32')
  expect(shown(ended([[before], [before], [before], [before], [before]]))).toEqual(['container'])
  expect(shown(ended([[before], [before], [moved], [moved], [moved]]))).toEqual([])
})

test('an interface that forwards shows nothing, nor does one whose records do not tell its addresses apart', () => {
  const forwarding = machine('nat', 1, { address: ADDRESS }).map(shown => ({
    ...shown,
    owner: { ...shown.owner, forwards: true },
  }))
  expect(sightings(polled([forwarding, forwarding, BATCH, BATCH, BATCH]), [LAST_OF_API])).toEqual([])
  const second = [...API, ...machine('api', 1, { address: '10.0.0.6/32' })]
  expect(sightings(polled([second, second, BATCH, BATCH, BATCH]), [LAST_OF_API])).toEqual([])
})

test('of a packet that may be older than its record says, only what its latest moment shows is said', () => {
  // Nobody else is claimed on the interface: whenever it came, the one packet was his.
  const starts = learnt(handoff(), [FIRST_OF_BATCH], 60_000).map(({ start }) => start)
  expect(starts).toEqual(Array(2).fill({ earliestMs: 40_000, latestMs: 101_000 }))
  expect(learnt(handoff(), [LAST_OF_API], 5_000).map(({ end }) => end.earliestMs)).toEqual([75_000, 75_000])
  expect(sightings(handoff(), [LAST_OF_API], 20_000)).toEqual([])
  const renamed = machine('batch', 1, { address: ADDRESS })
  const before = polled([renamed, [], [], API, API, API])
  expect(sightings(before, [{ eni: 'eni-1', from: 150, until: 160 }], 60_000)).toHaveLength(2)
  expect(sightings(before, [{ eni: 'eni-1', from: 125, until: 126 }], 70_000)).toEqual([])
})

test('an address that one poll alone has shown is certain between two packets around it', () => {
  const index = polled([[], [], API, [], [], []])
  expect(at(index, 120, 121)).toBe('ambiguous head api|eni-1|nobody')
  learnt(index, [{ eni: 'eni-1', from: 70, until: 110 }])
  expect(at(index, 110, 120)).toBe('owned flow-sighting api')
  expect(at(index, 120, 122)).toMatch(/^ambiguous/)
  learnt(index, [{ eni: 'eni-1', from: 125, until: 150 }])
  expect(at(index, 71, 150)).toBe('owned flow-sighting api')
  expect(at(index, 150, 151)).toBe('ambiguous tail api|eni-1|nobody')
})

test('of an address that may leave its interface and come back, packets tell within the bridge', () => {
  const movable = (machines: readonly Shown[]) => machines.map(shown => ({ ...shown, lifetimeId: null }))
  const shown = [movable(API), movable(API), movable(BATCH), movable(BATCH), movable(BATCH)]
  expect(sightings(polled(shown), [LAST_OF_API])).toHaveLength(2)
  expect(sightings(polled(shown, { ...STEADY, bridgeMs: 60_000 }), [LAST_OF_API])).toEqual([])
})

test('what a later revision takes back, packets do not keep', () => {
  const { index, source } = polledByTheMinute([API, API, []])
  learnt(index, [LAST_OF_API])
  expect(at(index, 70, 80)).toBe('owned flow-sighting api')
  // It is back under the same lifetime: then it was there throughout, and nothing is open any more.
  for (const minute of [3, 4, 5]) source.poll(minute * 60_000, minute * 60_000 + 1_000, API)
  expect(at(index, 70, 200)).toMatch(/^owned/)
})
