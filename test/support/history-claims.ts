import fc from 'fast-check'
import type { Claim, ClaimState, Evidence, Layer, Owner, PortRange } from '../../src/ownership/claim.ts'
import { type Edge, sightedEdge } from '../../src/ownership/flow-sightings.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'
import type { Bounds, Millis } from '../../src/ownership/window.ts'
import { owner } from './estate.ts'
import { DOMAINS, type Place, revision, SOURCES, sometimes, time } from './history-space.ts'

const API = owner('api', 'i-1', { eni: 'eni-1' })
const BATCH = owner('batch', 'i-2', { eni: 'eni-2' })
const SECOND_API = owner('api', 'i-3', { eni: 'eni-1' })
const RENAMED = owner('batch', 'i-1')
const UNNAMED = owner(null, 'i-1')
const INTERFACE = owner(null, 'eni-1', { kind: 'branch', eni: 'eni-1' })
const one = fc.constantFrom(API, BATCH, SECOND_API, RENAMED, UNNAMED, INTERFACE).map((held): readonly Owner[] => [held])
const several = fc.subarray([API, BATCH, SECOND_API], { minLength: 2 })

/** What makes a claim the one that it is: no revision of it says otherwise (docs/change-stream.md). */
type Identity = Pick<
  Claim,
  'domain' | 'prefix' | 'ports' | 'layer' | 'source' | 'owners' | 'lifetimeId' | 'evidence' | 'whole'
>

const HTTP: PortRange = { first: 80, last: 443 }
const HIGH: PortRange = { first: 443, last: 65535 }
const holderLayer = fc.constantFrom<Layer>('interface', 'instance', 'container')
const evidence = sometimes<Evidence>(
  fc.constant('sighted'),
  fc.constantFrom('authoritative-time', 'flow-sighting', 'bridged'),
  3,
)

const identity = ({ prefixes, domain }: Place): fc.Arbitrary<Identity> =>
  fc.record({
    domain: sometimes(fc.constant(domain), fc.constantFrom(...DOMAINS), 12),
    prefix: sometimes(fc.constant(prefixes[0] as Prefix), fc.constantFrom(...prefixes), 3),
    ports: sometimes(fc.constant(null), fc.constantFrom(HTTP, HIGH), 8),
    layer: sometimes(holderLayer, fc.constantFrom<Layer>('network', 'service'), 9),
    source: sometimes<string>(fc.constantFrom(...SOURCES), fc.constant('d/unregistered'), 20),
    owners: sometimes<readonly Owner[]>(one, several, 14),
    lifetimeId: sometimes<string | null>(fc.constantFrom('life-1', 'life-2'), fc.constant(null), 1),
    evidence,
    whole: sometimes(fc.constant(false), fc.constant(true), 2),
  })

/** What one revision of a claim says. */
type Times = Pick<Claim, 'start' | 'end' | 'lastSightingMs' | 'state'>
type Said = Times & Pick<Claim, 'expects' | 'revision'>

/** How polls see one holding: steps of the grid from its start window to its end window. */
type Seen = {
  readonly first: number
  readonly startWidth: number
  readonly lasted: number
  readonly endWidth: number
  readonly state: ClaimState
}

const width = fc.constantFrom(0, 0, 1, 2)

const seen = fc.record<Seen>({
  first: fc.nat({ max: 8 }),
  startWidth: width,
  lasted: fc.nat({ max: 9 }),
  endWidth: width,
  state: fc.constantFrom('open', 'open', 'missing', 'closed', 'closed'),
})

function timesOf({ first, startWidth, lasted, endWidth, state }: Seen, isFirstPoll: boolean): Times {
  const start: Bounds = {
    earliestMs: isFirstPoll ? Number.NEGATIVE_INFINITY : first * 10,
    latestMs: (first + startWidth) * 10,
  }
  const lastSeenMs = start.latestMs + lasted * 10
  // An open claim is published when it is first seen, and not again; a missing one has no end while it is listed as ending.
  const earliestMs = state === 'open' ? start.latestMs - startWidth * 5 : lastSeenMs
  const isEnding = state === 'open' || (state === 'missing' && endWidth === 0)
  const latestMs = isEnding ? Number.POSITIVE_INFINITY : lastSeenMs + endWidth * 10
  return { start, end: { earliestMs, latestMs }, lastSightingMs: Math.max(1, earliestMs), state }
}

const bounds = (unbounded: Millis): fc.Arbitrary<Bounds> =>
  fc.tuple(time, time, fc.nat({ max: 5 })).map(([a, b, dice]) => {
    const [earliestMs, latestMs] = [Math.min(a, b), Math.max(a, b)]
    if (dice > 1) return { earliestMs, latestMs }
    return unbounded < 0 ? { earliestMs: unbounded, latestMs } : { earliestMs, latestMs: unbounded }
  })

const polledTimes = fc.tuple(seen, fc.nat({ max: 11 })).map(([times, dice]) => timesOf(times, dice === 11))

/** Times that no poll would give: windows that contradict each other, claims that are never certain or never possible. */
const anyTimes = fc.record<Times>({
  start: bounds(Number.NEGATIVE_INFINITY),
  end: bounds(Number.POSITIVE_INFINITY),
  lastSightingMs: sometimes(time, fc.constant(0), 2),
  state: fc.constantFrom('open', 'missing', 'closed'),
})

const expects = sometimes<readonly Layer[]>(
  fc.constant([]),
  fc.constantFrom(['container'], ['instance', 'container']),
  3,
)

const said: fc.Arbitrary<Said> = fc
  .tuple(sometimes(polledTimes, anyTimes, 3), expects, revision)
  .map(([times, expected, revised]) => ({ ...times, expects: expected, revision: revised }))

/** A claim with all its revisions, but for its id. */
type Told = Identity & { readonly letter: string; readonly revisions: readonly Said[] }

const letter = fc.constantFrom(...'zyxwv')

const alone = (held: fc.Arbitrary<Identity>): fc.Arbitrary<readonly Told[]> =>
  fc
    .tuple(held, letter, fc.array(said, { minLength: 1, maxLength: 3 }))
    .map(([claimed, first, revisions]) => [{ ...claimed, letter: first, revisions }])

/** Published ranges and subnets around the address. */
const surroundings = ({ prefixes, domain }: Place): fc.Arbitrary<Identity> =>
  fc.record({
    domain: fc.constant(domain),
    prefix: fc.constantFrom(...prefixes.slice(1)),
    ports: fc.constant(null),
    layer: fc.constantFrom<Layer>('service', 'network'),
    source: fc.constantFrom(...SOURCES),
    owners: fc.constant([owner(null, 'range-1', { kind: 'range' })]),
    lifetimeId: fc.constant(null),
    evidence: fc.constant('sighted'),
    whole: fc.constant(false),
  })

/** One holder after the other in the list of one source, as an address changes hands: each begins where the last one ended. */
function succession(held: fc.Arbitrary<Identity>): fc.Arbitrary<readonly Told[]> {
  const owners = sometimes(fc.constantFrom<readonly Owner[]>([API], [BATCH]), one, 1)
  const turn = fc.record({
    owners,
    evidence: fc.constantFrom<Evidence>('sighted', 'bridged'),
    letter,
    gap: fc.constantFrom(0, 0, 0, 1),
    times: seen,
    expected: expects,
  })
  return fc.tuple(held, fc.array(turn, { minLength: 2, maxLength: 4 }), revision).map(([claimed, turns, revised]) => {
    let next = 0
    return turns.map(({ owners: holder, evidence: shown, letter: first, gap, times, expected }, i): Told => {
      const state = i < turns.length - 1 ? 'closed' : times.state
      const here = { ...times, first: next + gap, lasted: Math.min(3, times.lasted), state }
      next = here.first + here.startWidth + here.lasted
      const revisions = [{ ...timesOf(here, false), expects: expected, revision: revised }]
      return { ...claimed, ports: null, lifetimeId: null, owners: holder, evidence: shown, letter: first, revisions }
    })
  })
}

const NAMES: readonly (readonly [Owner, Owner])[] = [
  [API, API],
  [API, UNNAMED],
  [UNNAMED, API],
  [UNNAMED, UNNAMED],
  [API, RENAMED],
]

/** Two sources about one lifetime, which agree more or less on when it began and ended, and on its name. */
function describedTwice(held: fc.Arbitrary<Identity>): fc.Arbitrary<readonly Told[]> {
  const other = fc.record({
    source: fc.constantFrom(...SOURCES),
    letter,
    startWidth: width,
    lasted: fc.integer({ min: -1, max: 1 }),
    endWidth: width,
    state: fc.constantFrom<ClaimState>('open', 'missing', 'closed'),
    expected: expects,
    revised: revision,
  })
  return fc
    .tuple(held, seen, other, other, fc.constantFrom(...NAMES))
    .map(([claimed, times, first, second, names]): readonly Told[] =>
      [first, second].map(({ source, letter: begin, lasted, startWidth, endWidth, state, expected, revised }, i) => {
        const here = { first: times.first, startWidth, lasted: Math.max(0, times.lasted + lasted), endWidth, state }
        const revisions = [{ ...timesOf(here, false), expects: expected, revision: revised }]
        return { ...claimed, source, lifetimeId: 'life-1', owners: [names[i] as Owner], letter: begin, revisions }
      }),
    )
}

/** Ids are in no order with sources or times. */
const claimsOf = (all: readonly Told[]): readonly Claim[] =>
  all.flatMap(({ letter: first, revisions, ...held }, i) =>
    revisions.map((revised): Claim => ({ record: 'claim', id: `${first}${i}`, ...held, ...revised })),
  )

/** A packet near an edge of a claim, as a flow log shows it: within the open window, at its rim, or beyond. */
type Flow = {
  readonly which: number
  readonly edge: Edge
  readonly inMs: Millis
  readonly spreadMs: Millis
  readonly source: string
}

const flow = fc.record<Flow>({
  which: fc.nat({ max: 30 }),
  edge: fc.constantFrom('start', 'end'),
  inMs: fc.integer({ min: -2, max: 22 }),
  spreadMs: fc.constantFrom(0, 1, 4),
  source: fc.constantFrom('flow/one', 'flow/two'),
})

function flowClaims(flows: readonly Flow[], claims: readonly Claim[]): readonly Claim[] {
  return flows.flatMap(({ which, edge, inMs, spreadMs, source }, i) => {
    const claim = claims[which % Math.max(1, claims.length)]
    if (claim === undefined) return []
    const { start, end } = claim
    if (start.earliestMs === Number.NEGATIVE_INFINITY) return []
    const earliestMs = (edge === 'start' ? start : end).earliestMs + inMs
    const shown = { earliestMs, latestMs: earliestMs + spreadMs }
    const windows =
      edge === 'start'
        ? { start: shown, end: { earliestMs: start.latestMs, latestMs: start.latestMs } }
        : { start: { earliestMs: end.earliestMs, latestMs: end.earliestMs }, end: shown }
    const said = { evidence: 'flow-sighting', state: 'closed', lifetimeId: sightedEdge(claim.id, edge) } as const
    return [{ ...claim, ...said, ...windows, id: `f${i}`, source, expects: [], lastSightingMs: 1 }]
  })
}

export function claimChanges(place: Place, most: number): fc.Arbitrary<readonly Claim[]> {
  const held = identity(place)
  const groups = fc.oneof(
    { weight: 4, arbitrary: alone(held) },
    { weight: 1, arbitrary: succession(held) },
    { weight: 1, arbitrary: describedTwice(held) },
  )
  return fc
    .tuple(
      fc.array(groups, { maxLength: most }),
      fc.array(alone(surroundings(place)), { maxLength: 2 }),
      sometimes<readonly Flow[]>(fc.constant([]), fc.array(flow, { minLength: 1, maxLength: 4 }), 1),
    )
    .map(([holders, around, flows]) => {
      const claims = claimsOf([...holders, ...around].flat())
      return [...claims, ...flowClaims(flows, claims)]
    })
}
