import fc from 'fast-check'
import type { Ip } from '../../src/ownership/address.ts'
import type { Question } from '../../src/ownership/answer.ts'
import {
  type Change,
  type Claim,
  LAYERS,
  type Layer,
  type Progress,
  type SourceRecord,
} from '../../src/ownership/claim.ts'
import { SEGMENT_MS } from '../../src/ownership/generation/ticks.ts'
import type { Millis } from '../../src/ownership/window.ts'
import { owner, prefix } from './estate.ts'
import { type History, toldAs } from './histories.ts'
import { sometimes } from './history-space.ts'

/** Two families, so that words of both kinds are met. */
export const HOSTS = [
  { ip: '10.0.0.5', width: 32, blocks: [28, 30, 31] },
  { ip: '2001:db8::5', width: 128, blocks: [64, 96, 127] },
] as const
type Host = (typeof HOSTS)[number]

const ONE = 'a/one'
const TWO = 'b/two'
const LAST_MS = 1000
const POLL_MS = 10

/** One holder: how long he is certain, and how long it is unsure whether he has come, or gone; and how long nobody follows. */
type Turn = {
  readonly who: number
  readonly sure: number
  readonly coming: number
  readonly going: number
  readonly gap: number
}

const turn = fc.record<Turn>({
  who: fc.nat({ max: 3 }),
  sure: fc.constantFrom(20, 50, 120, 200),
  coming: fc.constantFrom(10, 25, 40),
  going: fc.constantFrom(10, 25, 40),
  gap: fc.constantFrom(0, 0, 5, 60, 150),
})
const turns = fc.array(turn, { minLength: 2, maxLength: 5 })

const OWNERS = [owner('api', 'i-1'), owner('batch', 'i-2'), owner('api', 'i-3'), owner('renamed', 'i-1')]

const CLAIM = {
  record: 'claim',
  revision: { epoch: 1, sequence: 1 },
  domain: 'd1',
  ports: null,
  layer: 'container',
  source: ONE,
  lifetimeId: null,
  lastSightingMs: 1,
  evidence: 'sighted',
  state: 'closed',
  expects: [],
  whole: false,
} as const

/** One holder after the other on a prefix; the last one stays, or never goes. */
export function succession(of: string, all: readonly Turn[], id: string, part: Partial<Claim> = {}): readonly Claim[] {
  let atMs = 30
  return all.map(({ who, sure, coming, going, gap }, i): Claim => {
    const start = { earliestMs: atMs, latestMs: atMs + coming }
    const earliestMs = start.latestMs + sure
    const isLast = i === all.length - 1
    // Who takes over at once comes while the other goes.
    atMs = earliestMs + (gap === 0 ? 0 : going + gap)
    const end = { earliestMs, latestMs: isLast ? Number.POSITIVE_INFINITY : earliestMs + going }
    const owners = [OWNERS[who] ?? OWNERS[0]] as Claim['owners']
    const state = isLast ? 'open' : 'closed'
    const name = { id: `${id}${(i * 7) % 5}-${i}`, lifetimeId: `life-${i}` }
    return { ...CLAIM, ...name, prefix: prefix(of), owners, start, end, state, ...part }
  })
}

export const subnetOf = ({ ip, blocks }: Host, part: Partial<Claim> = {}): Claim => ({
  ...CLAIM,
  id: 'subnet',
  prefix: prefix(`${ip}/${blocks[0]}`),
  layer: 'network',
  owners: [owner(null, 'subnet-1', { kind: 'subnet' })],
  start: { earliestMs: Number.NEGATIVE_INFINITY, latestMs: 0 },
  end: { earliestMs: 10, latestMs: Number.POSITIVE_INFINITY },
  state: 'open',
  whole: true,
  ...part,
})

export const sourceOf = (source: string, { ip, blocks }: Host, part: Partial<SourceRecord> = {}): SourceRecord => ({
  record: 'source',
  source,
  revision: { epoch: 1, sequence: 1 },
  kind: 'ec2',
  scope: [{ domain: 'd1', prefix: prefix(`${ip}/${blocks[0]}`), layers: LAYERS, fromMs: 0 }],
  bounds: { lagMs: 0, clockErrorMs: 0, bridgeMs: 0, briefestHoldingMs: 0, longestGapMs: 40 },
  validity: { fromMs: 0, untilMs: Number.POSITIVE_INFINITY },
  ...part,
})

export const pollsOf = (source: string, fromMs: Millis, untilMs: Millis): readonly Progress[] =>
  Array.from({ length: Math.max(0, Math.floor((untilMs - fromMs) / POLL_MS)) }, (_, i): Progress => {
    const completeUpToMs = fromMs + i * POLL_MS
    const revision = { epoch: 1, sequence: i }
    const counts = { addresses: 1, changed: 0 }
    return { record: 'progress', source, revision, completeUpToMs, overAtMs: completeUpToMs + 2, counts, refused: null }
  })

type World = { readonly host: Host; readonly changes: readonly Change[] }

const plainWorld: fc.Arbitrary<World> = fc
  .tuple(fc.constantFrom(...HOSTS), turns, fc.boolean())
  .map(([host, all, hasInterface]) => {
    const address = `${host.ip}/${host.width}`
    const beneath = succession(address, [{ who: 3, sure: 2000, coming: 10, going: 10, gap: 0 }], 'e', {
      layer: 'interface',
      owners: [owner(null, 'eni-1', { kind: 'interface' })],
      start: { earliestMs: Number.NEGATIVE_INFINITY, latestMs: 0 },
    })
    const claims = [subnetOf(host), ...succession(address, all, 'c'), ...(hasInterface ? beneath : [])]
    return { host, changes: [sourceOf(ONE, host), ...pollsOf(ONE, 0, LAST_MS), ...claims] }
  })

const anyMs = fc.integer({ min: 0, max: LAST_MS })
const layer = fc.constantFrom<Layer>(...LAYERS)

/** What else there may be in an estate, so that the evidence rules have more to weigh. */
const wrinkle = (host: Host): fc.Arbitrary<readonly Change[]> => {
  const of = fc.constantFrom(host.width, host.width, ...host.blocks).map(length => `${host.ip}/${length}`)
  const parts = fc.record<Partial<Claim>, never>({
    layer,
    source: sometimes<string>(fc.constantFrom(ONE, TWO), fc.constant('d/unregistered'), 6),
    whole: fc.boolean(),
    ports: sometimes(fc.constant(null), fc.constant({ first: 80, last: 443 }), 3),
    evidence: fc.constantFrom('sighted', 'bridged', 'authoritative-time'),
    expects: fc.constantFrom([], [], ['container'], ['instance', 'container']),
    lifetimeId: fc.constantFrom(null, 'life-1', 'life-2'),
    lastSightingMs: fc.constantFrom(1, 1, 0, 500),
  })
  const others = fc
    .tuple(of, turns, parts, fc.constantFrom('a', 'd', 'x'))
    .map(([on, all, part, id]) => succession(on, all, id, part))
  const odd = fc
    .tuple(
      of,
      fc.tuple(anyMs, anyMs, anyMs, anyMs),
      fc.constantFrom('open', 'missing', 'closed'),
      parts,
      fc.nat({ max: 4 }),
    )
    .map(([on, [a, b, c, d], state, part, dice]): readonly Claim[] => {
      const owners = dice === 0 ? OWNERS.slice(0, 2) : [OWNERS[dice - 1] as (typeof OWNERS)[number]]
      const start = { earliestMs: dice === 4 ? Number.NEGATIVE_INFINITY : Math.min(a, b), latestMs: Math.max(a, b) }
      const end = { earliestMs: Math.min(c, d), latestMs: dice === 3 ? Number.POSITIVE_INFINITY : Math.max(c, d) }
      return [{ ...CLAIM, id: `o${dice}`, prefix: prefix(on), owners, start, end, ...part, state }]
    })
  // A revision of a claim that came late: its holder is missing, or was seen off.
  const revised = fc.tuple(turn, fc.constantFrom('missing', 'closed'), fc.boolean()).map(([one, state, hasEnd]) =>
    succession(`${host.ip}/${host.width}`, [one, one], 'c').map((claim): Claim => {
      const end = { ...claim.end, latestMs: hasEnd ? claim.end.earliestMs + 50 : Number.POSITIVE_INFINITY }
      return { ...claim, revision: { epoch: 1, sequence: 2 }, state: state as Claim['state'], end }
    }),
  )
  const second = fc.tuple(anyMs, anyMs, fc.constantFrom(0, 0, 200)).map(([from, until, fromMs]): readonly Change[] => {
    const scope = [{ domain: 'd1', prefix: prefix(`${host.ip}/${host.blocks[1]}`), layers: LAYERS, fromMs }]
    return [sourceOf(TWO, host, { scope }), ...pollsOf(TWO, Math.min(from, until), Math.max(from, until))]
  })
  const registered = fc
    .tuple(fc.constantFrom(300, 500, 700, Number.POSITIVE_INFINITY), fc.constantFrom(0, 300), fc.subarray([...LAYERS]))
    .map(([untilMs, fromMs, layers]): readonly Change[] => {
      const block = prefix(`${host.ip}/${host.blocks[0]}`)
      const scope = [
        { domain: 'd1', prefix: block, layers, fromMs: 0 },
        { domain: 'd1', prefix: prefix(`${host.ip}/${host.width}`), layers: LAYERS, fromMs },
      ]
      const revision = { epoch: 2, sequence: 1 }
      return [sourceOf(ONE, host, { revision, validity: { fromMs: 0, untilMs }, scope })]
    })
  // Removed, or watching less, while a holder is missing: whether he may still be there is then another question.
  const missing = fc.tuple(registered, revised).map(both => both.flat())
  // Rule 7: two sources about the same lifetimes, of which one may not know the name.
  const twice = fc.tuple(turns, second, fc.boolean()).map(([all, registration, isNamed]) => [
    ...registration,
    ...succession(`${host.ip}/${host.width}`, all, 't', {
      source: TWO,
      ...(isNamed ? {} : { owners: [owner(null, 'i-1')] }),
    }),
  ])
  // Rule 8 at an instant, below who changes hands: one who was only seen on the way out is cut by nobody before.
  const below = fc
    .tuple(turns, turns, fc.constantFrom(0, 1), fc.constantFrom<Layer>('network', 'interface'))
    .map(([all, others, block, on]) => {
      const part = { layer: on, whole: true, lifetimeId: null }
      const of = `${host.ip}/${host.blocks[block]}`
      return [...succession(of, all, 'b', part), ...succession(of, others, 'w', { ...part, lastSightingMs: 0 })]
    })
  const horizon = anyMs.map((beforeMs): readonly Change[] => [{ record: 'horizon', domain: 'd1', beforeMs }])
  return fc.oneof(
    others,
    others,
    odd,
    odd,
    revised,
    second,
    second,
    registered,
    missing,
    missing,
    twice,
    below,
    horizon,
  )
}

/** The polls of the first source end early, or begin late. */
const curtailed = (changes: readonly Change[], fromMs: Millis, untilMs: Millis): readonly Change[] =>
  changes.filter(
    change =>
      change.record !== 'progress' ||
      change.source !== ONE ||
      (change.completeUpToMs >= fromMs && change.completeUpToMs <= untilMs),
  )

const crinkledWorld: fc.Arbitrary<World> = plainWorld.chain(({ host, changes }) =>
  fc
    .tuple(
      fc.array(wrinkle(host), { minLength: 1, maxLength: 3 }),
      sometimes(fc.constant(0), anyMs, 4),
      sometimes(fc.constant(LAST_MS), anyMs, 4),
      sometimes(fc.constant(true), fc.constant(false), 3),
    )
    .map(([wrinkles, fromMs, untilMs, hasSubnet]) => {
      const held = changes.filter(change => hasSubnet || change.record !== 'claim' || change.id !== 'subnet')
      return { host, changes: curtailed([...held, ...wrinkles.flat()], fromMs, untilMs) }
    }),
)

const long = fc.constantFrom(1, 15, 30, 50, 90, 180, 400)

const questionOf = ({ ip }: Host): fc.Arbitrary<Question> =>
  fc
    .tuple(anyMs, long, fc.constantFrom(LAST_MS + 100, LAST_MS + 100, 10_000, 600), fc.constantFrom(undefined, 80))
    .map(([fromMs, length, nowMs, port]) => {
      const question = { domain: 'd1', ip: ip as Ip, fromMs, untilMs: Math.min(fromMs + length, LAST_MS), nowMs }
      const asked = question.untilMs > fromMs ? question : { ...question, untilMs: fromMs + 1 }
      return port === undefined ? asked : { ...asked, port }
    })

/** Everything so much later: a segment's edge may lie within. */
const shifted = <T>(value: T, byMs: Millis): T => {
  if (Array.isArray(value)) return value.map(one => shifted(one, byMs)) as T
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, field]) => {
    if (name === 'bounds' || name === 'owners') return [name, field]
    const isTime = typeof field === 'number' && /Ms$/.test(name) && !(name === 'lastSightingMs' && field === 0)
    return [name, isTime ? field + byMs : shifted(field, byMs)]
  })
  return Object.fromEntries(entries)
}

/**
 * An address that changes hands above a subnet, as its one source tells it (`isPlain`), or with more to weigh: several sources
 * and layers, blocks in between, ports, services, odd times, late revisions, polls that are missing.
 */
export const handoffWorlds = ({ isPlain }: { readonly isPlain: boolean }): fc.Arbitrary<History> =>
  fc
    .tuple(isPlain ? plainWorld : crinkledWorld, sometimes(fc.constant(SEGMENT_MS), fc.constant(SEGMENT_MS - 400)))
    .chain(([{ host, changes }, laterMs]) =>
      fc
        .array(questionOf(host), { minLength: 25, maxLength: 25 })
        .map(questions => toldAs(shifted(changes, laterMs), shifted(questions, laterMs))),
    )
