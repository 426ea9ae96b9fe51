import fc from 'fast-check'
import { type Ip, toIp } from '../../src/ownership/address.ts'
import type { Question } from '../../src/ownership/answer.ts'
import {
  type Change,
  type Claim,
  type Evidence,
  type Horizon,
  LAYERS,
  type Layer,
  type Owner,
  type PortRange,
  type Progress,
  type Revision,
  type Scope,
  type SourceRecord,
} from '../../src/ownership/claim.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'
import type { Bounds, Millis } from '../../src/ownership/window.ts'
import { owner, prefix } from './estate.ts'
import { storyOf } from './history-words.ts'

/** A heap of changes, and questions about the space that they are about. Where a property fails it prints as a story. */
export type History = { readonly changes: readonly Change[]; readonly questions: readonly Question[] }

export const toldAs = (
  changes: readonly Change[],
  questions: readonly Question[],
): History & fc.WithToStringMethod => ({
  changes,
  questions,
  [fc.toStringMethod]: () => `\n${storyOf(changes)}\n`,
})

/** Times lie on a coarse grid, so that boundaries coincide and touch often. */
const GRID_MS: readonly Millis[] = Array.from({ length: 13 }, (_, i) => i * 10)
const time = fc.constantFrom(...GRID_MS)
const sometimes = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, usually = 4): fc.Arbitrary<T> =>
  fc.oneof({ weight: usually, arbitrary: usual }, { weight: 1, arbitrary: rare })

/** An address and prefixes around it, from the host outwards. */
type Neighbourhood = { readonly address: Ip; readonly neighbour: Ip; readonly prefixes: readonly Prefix[] }

const neighbourhood = (address: string, neighbour: string, lengths: readonly number[]): Neighbourhood => ({
  address: toIp(address) as Ip,
  neighbour: toIp(neighbour) as Ip,
  prefixes: lengths.map(length => prefix(`${address}/${length}`)),
})

const IPV4 = [32, 31, 28, 24, 8, 0]
const IPV6 = [128, 64, 56, 0]
const NEIGHBOURHOODS = [
  neighbourhood('10.0.0.5', '10.0.0.4', IPV4),
  neighbourhood('255.255.255.255', '255.255.255.240', IPV4),
  neighbourhood('128.0.0.1', '127.255.255.255', IPV4),
  neighbourhood('2001:db8::ffff:0:5', '2001:db8::ffff:0:4', IPV6),
  neighbourhood('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '8000::', IPV6),
]

const DOMAINS = ['d1', 'inet.0', 'inet6.0'] as const
const SOURCES = ['a/one', 'b/two', 'c/three'] as const

/** Of one source that declares what it is worth. */
const registration = (source: string, { prefixes }: Neighbourhood, domain: string): fc.Arbitrary<SourceRecord> => {
  const layers = sometimes(fc.constant<readonly Layer[]>(LAYERS), fc.subarray<Layer>([...LAYERS], { minLength: 1 }), 2)
  const scope = fc.record<Scope>({
    domain: sometimes(fc.constant(domain), fc.constantFrom(...DOMAINS), 9),
    prefix: sometimes(fc.constant(prefixes.at(-1) as Prefix), fc.constantFrom(...prefixes), 5),
    layers,
    fromMs: sometimes(fc.constantFrom(0, 10), time, 3),
  })
  return fc.record<SourceRecord>({
    record: fc.constant('source'),
    source: fc.constant(source),
    revision,
    kind: fc.constantFrom('ec2', 'titus'),
    scope: fc.array(scope, { minLength: 1, maxLength: 3 }),
    bounds: fc.record({
      lagMs: fc.constantFrom(0, 3),
      clockErrorMs: fc.constantFrom(0, 1),
      bridgeMs: fc.constant(0),
      briefestHoldingMs: fc.constantFrom(0, 13, 25, 1000),
      longestGapMs: fc.constantFrom(1000, 1000, 45, 25),
    }),
    validity: fc.record({
      fromMs: sometimes(fc.constant(0), time),
      untilMs: sometimes(fc.constant(Number.POSITIVE_INFINITY), time, 6),
    }),
  })
}

const revision: fc.Arbitrary<Revision> = fc.record({
  epoch: fc.integer({ min: 1, max: 2 }),
  sequence: fc.nat({ max: 3 }),
})

/** Complete polls on most of the grid, one after the other, some of them slow; refused ones between them. */
const polls = (source: string): fc.Arbitrary<readonly Progress[]> => {
  const moments = fc.oneof(
    { withCrossShrink: true },
    { weight: 1, arbitrary: fc.subarray([...GRID_MS], { maxLength: 5 }) },
    { weight: 4, arbitrary: fc.subarray([...GRID_MS], { minLength: 9 }) },
  )
  return fc
    .tuple(
      moments,
      fc.array(fc.constantFrom(2, 0, 9, 10, 12), { minLength: 13, maxLength: 13 }),
      fc.array(fc.nat({ max: 9 }), { minLength: 13, maxLength: 13 }),
    )
    .map(([chosen, tookMs, dice]) =>
      chosen.map((completeUpToMs, i): Progress => {
        const isRefused = dice[i] === 9
        return {
          record: 'progress',
          source,
          revision: { epoch: 1, sequence: i },
          completeUpToMs: isRefused ? (chosen[i - 1] ?? Number.NEGATIVE_INFINITY) : completeUpToMs,
          overAtMs: isRefused ? Number.NEGATIVE_INFINITY : completeUpToMs + (tookMs[i] ?? 0),
          counts: { addresses: 1, changed: 0 },
          refused: isRefused ? { reason: 'throttled', detail: '' } : null,
        }
      }),
    )
}

const OWNERS: readonly Owner[] = [
  owner('api', 'i-1', { eni: 'eni-1' }),
  owner('batch', 'i-2'),
  owner('api', 'i-3'),
  owner('batch', 'i-1'),
  owner(null, 'i-1'),
  owner(null, 'eni-1', { kind: 'branch', eni: 'eni-1' }),
]

/** What makes a claim the one that it is: no revision of it says otherwise (docs/change-stream.md). */
type Identity = Pick<
  Claim,
  'id' | 'domain' | 'prefix' | 'ports' | 'layer' | 'source' | 'owners' | 'lifetimeId' | 'evidence' | 'whole'
>

const HTTP: PortRange = { first: 80, last: 443 }
const HIGH: PortRange = { first: 443, last: 65535 }

const identity = ({ prefixes }: Neighbourhood, domain: string): fc.Arbitrary<Omit<Identity, 'id'>> =>
  fc.record({
    domain: sometimes(fc.constant(domain), fc.constantFrom(...DOMAINS), 12),
    prefix: sometimes(fc.constant(prefixes[0] as Prefix), fc.constantFrom(...prefixes), 3),
    ports: sometimes(fc.constant(null), fc.constantFrom(HTTP, HIGH), 8),
    layer: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom<Layer>('interface', 'instance', 'container') },
      { weight: 1, arbitrary: fc.constantFrom<Layer>('network', 'service') },
    ),
    source: sometimes<string>(fc.constantFrom(...SOURCES), fc.constant('d/unregistered'), 20),
    owners: sometimes<readonly Owner[]>(
      fc.constantFrom(...OWNERS).map(one => [one]),
      fc.subarray([...OWNERS].slice(0, 3), { minLength: 2 }),
      14,
    ),
    lifetimeId: sometimes<string | null>(fc.constantFrom('life-1', 'life-2'), fc.constant(null), 1),
    evidence: sometimes<Evidence>(
      fc.constant('sighted'),
      fc.constantFrom('authoritative-time', 'flow-sighting', 'bridged'),
      3,
    ),
    whole: sometimes(fc.constant(false), fc.constant(true), 12),
  })

/** What one revision of a claim says. */
type Said = Pick<Claim, 'start' | 'end' | 'lastSightingMs' | 'state' | 'expects' | 'revision'>

/** Times as polls give them: a start window, some sightings, an end window. */
const polledTimes = fc
  .tuple(fc.nat({ max: 8 }), fc.nat({ max: 2 }), fc.nat({ max: 9 }), fc.nat({ max: 2 }), fc.nat({ max: 11 }))
  .map(([first, startWidth, lasted, endWidth, dice]): Omit<Said, 'expects' | 'revision'> => {
    const start: Bounds = {
      earliestMs: dice === 0 ? Number.NEGATIVE_INFINITY : first * 10,
      latestMs: (first + startWidth) * 10,
    }
    const lastSeenMs = (first + startWidth + lasted) * 10
    const state = dice < 6 ? 'open' : dice < 8 ? 'missing' : 'closed'
    const latestMs = state === 'open' || dice === 6 ? Number.POSITIVE_INFINITY : lastSeenMs + endWidth * 10
    // An open claim is published when it is first seen, and not again.
    const earliestMs = state === 'open' ? start.latestMs - startWidth * 5 : lastSeenMs
    return { start, end: { earliestMs, latestMs }, lastSightingMs: Math.max(1, earliestMs), state }
  })

const bounds = (unbounded: Millis): fc.Arbitrary<Bounds> =>
  fc.tuple(time, time, fc.nat({ max: 5 })).map(([a, b, dice]) => {
    const [earliestMs, latestMs] = [Math.min(a, b), Math.max(a, b)]
    if (dice > 1) return { earliestMs, latestMs }
    return unbounded < 0 ? { earliestMs: unbounded, latestMs } : { earliestMs, latestMs: unbounded }
  })

/** Times that no poll would give: windows that contradict each other, claims that are never certain or never possible. */
const anyTimes = fc.record<Omit<Said, 'expects' | 'revision'>>({
  start: bounds(Number.NEGATIVE_INFINITY),
  end: bounds(Number.POSITIVE_INFINITY),
  lastSightingMs: sometimes(time, fc.constant(0), 2),
  state: fc.constantFrom('open', 'missing', 'closed'),
})

const said: fc.Arbitrary<Said> = fc
  .tuple(
    sometimes(polledTimes, anyTimes, 3),
    sometimes<readonly Layer[]>(fc.constant([]), fc.constantFrom(['container'], ['instance', 'container']), 3),
    revision,
  )
  .map(([times, expects, revised]) => ({ ...times, expects, revision: revised }))

/** A claim with all its revisions, but for its id. */
type Told = Omit<Identity, 'id'> & { readonly letter: string; readonly revisions: readonly Said[] }

const told = (held: fc.Arbitrary<Omit<Identity, 'id'>>): fc.Arbitrary<Told> =>
  fc
    .tuple(held, fc.constantFrom(...'zyxwv'), fc.array(said, { minLength: 1, maxLength: 3 }))
    .map(([one, letter, revisions]) => ({ ...one, letter, revisions }))

/** Published ranges and subnets around the address. */
const surroundings = ({ prefixes }: Neighbourhood, domain: string): fc.Arbitrary<Omit<Identity, 'id'>> =>
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

/** Ids are in no order with sources or times. */
const claimsOf = (all: readonly Told[]): readonly Claim[] =>
  all.flatMap(({ letter, revisions, ...held }, i) =>
    revisions.map((one): Claim => ({ record: 'claim', id: `${letter}${i}`, ...held, ...one })),
  )

const horizon = (domain: string): fc.Arbitrary<Horizon> =>
  fc.record<Horizon>({
    record: fc.constant('horizon'),
    domain: fc.constantFrom(domain, ...DOMAINS),
    beforeMs: fc.constantFrom(10, 20, 50),
  })

/** On the grid, one millisecond before or after it; an instant or a stretch. */
const window = fc
  .tuple(time, fc.constantFrom(0, -1, 1), fc.constantFrom(0, 0, 1, 2, 4, 12), fc.constantFrom(0, -1, 1))
  .map(([gridMs, shiftMs, steps, moreMs]) => {
    const fromMs = gridMs + shiftMs
    return { fromMs, untilMs: Math.max(fromMs + 1, fromMs + steps * 10 + moreMs) }
  })

const question = ({ address, neighbour }: Neighbourhood, domain: string): fc.Arbitrary<Question> =>
  fc
    .tuple(
      window,
      sometimes(fc.constant(address), fc.constant(neighbour), 6),
      sometimes<string>(fc.constant(domain), fc.constantFrom(...DOMAINS, 'd2'), 12),
      fc.option(fc.constantFrom(79, 80, 443, 444), { nil: undefined }),
      fc.constantFrom(125, 131, 10_000),
    )
    .map(([{ fromMs, untilMs }, ip, asked, port, nowMs]) => ({
      domain: asked,
      ip,
      fromMs,
      untilMs,
      nowMs,
      ...(port === undefined ? {} : { port }),
    }))

export type Shape = { readonly mostClaims?: number; readonly questions?: number }

/**
 * Several sources that watch and claim one neighbourhood of addresses, as polls would have it and as they never would. Every
 * value is drawn alone, so that a failure shrinks to few changes.
 */
export function histories({ mostClaims = 7, questions = 40 }: Shape = {}): fc.Arbitrary<History> {
  const places = fc.tuple(
    fc.constantFrom(...NEIGHBOURHOODS),
    sometimes<string>(fc.constant('d1'), fc.constantFrom('inet.0', 'inet6.0'), 2),
  )
  return places.chain(([place, domain]) => {
    const watchers = SOURCES.map(source =>
      fc.tuple(
        sometimes(
          fc.array(registration(source, place, domain), { minLength: 1, maxLength: 2 }),
          fc.constant<SourceRecord[]>([]),
          8,
        ),
        polls(source),
      ),
    )
    return fc
      .tuple(
        fc.tuple(...watchers).chain(all => sometimes(fc.constant(all), fc.subarray([...all]), 3)),
        fc.array(told(identity(place, domain)), { maxLength: mostClaims }),
        fc.array(told(surroundings(place, domain)), { maxLength: 2 }),
        sometimes<readonly Horizon[]>(fc.constant([]), fc.array(horizon(domain), { minLength: 1, maxLength: 2 }), 3),
        fc.array(question(place, domain), { minLength: questions, maxLength: questions }),
      )
      .map(([sources, claims, around, horizons, asked]) => {
        const watched = sources.flatMap(([records, progress]) => [...records, ...progress])
        return toldAs([...watched, ...claimsOf([...claims, ...around]), ...horizons], asked)
      })
  })
}
