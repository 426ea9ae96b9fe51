import fc from 'fast-check'
import type { Change, Claim, Progress, SourceRecord } from '../../src/ownership/claim.ts'
import type { DomainRule } from '../../src/ownership/domains.ts'
import type { Reach } from '../../src/ownership/reach.ts'
import type { Bounds, Millis } from '../../src/ownership/window.ts'
import { changesOf, held, open, type Told } from './domain-worlds.ts'
import { histories } from './histories.ts'
import { NEIGHBOURHOODS } from './history-space.ts'

/** All that a join reads: an index's changes, how domains are told, and the lines of a flow log. */
export type JoinWorld = {
  readonly changes: readonly Change[]
  readonly rules: readonly DomainRule[]
  readonly reaches: readonly Reach[]
  readonly nowMs: Millis
  readonly slackMs: Millis
  readonly header: string
  readonly lines: readonly string[]
}

/** The stories of `histories` in whole seconds, as flow logs tell time. */
const later = (atMs: Millis): Millis => atMs * 1000
const laterBounds = ({ earliestMs, latestMs }: Bounds): Bounds => ({
  earliestMs: later(earliestMs),
  latestMs: later(latestMs),
})

function inSeconds(change: Change): Change {
  switch (change.record) {
    case 'horizon':
      return { ...change, beforeMs: later(change.beforeMs) }
    case 'progress':
      return laterPoll(change)
    case 'source':
      return laterSource(change)
    case 'claim':
      return laterClaim(change)
  }
}

const laterPoll = (poll: Progress): Progress => ({
  ...poll,
  completeUpToMs: later(poll.completeUpToMs),
  overAtMs: later(poll.overAtMs),
})

const laterSource = (source: SourceRecord): SourceRecord => ({
  ...source,
  bounds: {
    ...source.bounds,
    longestGapMs: later(source.bounds.longestGapMs),
    briefestHoldingMs: later(source.bounds.briefestHoldingMs),
  },
  validity: { fromMs: later(source.validity.fromMs), untilMs: later(source.validity.untilMs) },
  scope: source.scope.map(scope => ({ ...scope, fromMs: later(scope.fromMs) })),
})

const laterClaim = (claim: Claim): Claim => ({
  ...claim,
  start: laterBounds(claim.start),
  end: laterBounds(claim.end),
  lastSightingMs: later(claim.lastSightingMs),
})

const ADDRESSES = [
  ...NEIGHBOURHOODS.flatMap(({ address, neighbour }) => [address, neighbour]),
  '8.8.8.8',
  '192.168.0.1',
  '172.31.0.9',
  '10.0.0.9',
  '2a00:1450::1',
  'fd00::1',
]
const HEADER =
  'version interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr srcport dstport protocol start end flow-direction vpc-id account-id'

/** Interfaces with their addresses: one, several, one that forwards, one whose address the claims have elsewhere as well. */
const INTERFACES: Readonly<Record<string, readonly string[]>> = {
  'eni-7': ['10.0.0.8'],
  'eni-8': ['10.0.1.1', '10.0.1.2'],
  'eni-9': ['10.0.1.9'],
  'eni-10': ['10.0.1.12', 'fd00::12'],
}
const PEERS = ['10.0.0.9', '192.168.0.1'] as const

/** What most of an estate is like: interfaces that stay what they are, and two peers of which one changes hands. */
const STEADY: readonly Told[] = [
  ...Object.entries(INTERFACES).flatMap(([eni, addresses]) =>
    addresses.map(
      (address): Told => ({
        ...held('d1', address.includes(':') ? `${address}/128` : address, eni, -1000, 1e6),
        layer: 'interface',
        owner: { eni, forwards: eni === 'eni-9' },
      }),
    ),
  ),
  { ...held('d1', '10.0.1.12', 'stray', 20_000, 70_000), owner: { eni: 'eni-99' } },
  held('d1', PEERS[0], 'peer', -1000, 1e6),
  held('d1', PEERS[1], 'before', -1000, 50_000),
  held('d1', PEERS[1], 'after', 50_000, 1e6),
]
const steadyChanges = changesOf({ d1: ['10.0.0.8/30', '10.0.1.0/28', '192.168.0.0/24', 'fd00::/64'] }, STEADY)

const second = fc.integer({ min: 0, max: 135 })
const port = fc.constantFrom('80', '443', '79', '444', '-')

/** One line about the neighbourhood that a story is set in, mostly. */
const lineAbout = (near: readonly string[]): fc.Arbitrary<string> => {
  const address = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...near) },
    { weight: 2, arbitrary: fc.constantFrom(...ADDRESSES) },
    { weight: 3, arbitrary: fc.constantFrom(...PEERS) },
  )
  const packet = fc.oneof({ weight: 3, arbitrary: fc.constant('-') }, address)
  return fc
    .record({
      eni: fc.constantFrom('eni-1', 'eni-1', 'eni-2', 'eni-7', 'eni-99', '-'),
      ends: fc.tuple(address, address),
      packets: fc.tuple(packet, packet),
      ports: fc.tuple(port, port),
      protocol: fc.constantFrom('6', '6', '1', '-'),
      start: second,
      long: fc.constantFrom(0, 0, 1, 3, 10, 40),
      direction: fc.constantFrom('ingress', 'egress', 'egress', '-'),
      vpc: fc.constantFrom('-', 'd1', 'vpc-9'),
      account: fc.constantFrom('-', '111', '222'),
      isTimeless: fc.integer({ min: 0, max: 19 }).map(number => number === 0),
    })
    .map(({ eni, ends, packets, ports, protocol, start, long, direction, vpc, account, isTimeless }) =>
      [
        '5',
        eni,
        ...ends,
        ...packets,
        ...ports,
        protocol,
        isTimeless ? '-' : String(start),
        String(start + long),
        direction,
        vpc,
        account,
      ].join(' '),
    )
}

/** One line as interfaces write most of theirs: between an address of their own and a peer. */
const usualLine: fc.Arbitrary<string> = fc
  .record({
    eni: fc.constantFrom(...Object.keys(INTERFACES)),
    which: fc.nat({ max: 1 }),
    peer: fc.constantFrom(...PEERS, '8.8.8.8', '10.0.1.3', 'fd00::9'),
    start: second,
    direction: fc.constantFrom('ingress', 'egress', '-'),
    packets: fc.constantFrom('none', 'none', 'own', 'other'),
    isOut: fc.boolean(),
  })
  .map(({ eni, which, peer, start, direction, packets, isOut }) => {
    const addresses = INTERFACES[eni] ?? []
    const own = addresses[which % addresses.length] ?? '-'
    const behind = packets === 'none' ? '-' : packets === 'own' ? own : '10.0.1.3'
    const leaves = direction === '-' ? isOut : direction === 'egress'
    const ends = leaves ? [own, peer, behind, '-'] : [peer, own, '-', behind]
    return ['5', eni, ...ends, '80', '443', '6', String(start), String(start + 2), direction, 'd1', '111'].join(' ')
  })

/** What stands in the keys of objects, and tells two domains apart in one kind of the rules. */
export const [REGION, OTHER_REGION] = ['eu-west-1', 'us-east-1'] as const

const rules = fc.constantFrom<readonly DomainRule[]>(
  [],
  [
    { domain: 'd1', vpc: 'vpc-9', region: REGION },
    { domain: 'd2', vpc: 'vpc-9', region: OTHER_REGION },
  ],
  [{ domain: 'd1', account: '111' }],
  [
    { domain: 'd1', vpc: 'vpc-9', untilMs: 60_000 },
    { domain: 'd2', vpc: 'vpc-9', fromMs: 60_000 },
  ],
)

const reaches = fc.constantFrom<readonly Reach[]>(
  [],
  [],
  [open('d1', 'd2')],
  [open('d1', 'd2', ['10.0.0.0/8', '8.8.8.0/24'], { fromMs: 30_000, untilMs: 90_000 })],
  [open('d1', 'inet.0', ['10.0.0.0/24'])],
)

/** The addresses that the claims of a story lie around. */
const nearOf = (changes: readonly Change[]): readonly string[] => {
  const prefixes = new Set(changes.flatMap(change => (change.record === 'claim' ? [change.prefix.split('/')[0]] : [])))
  const found = NEIGHBOURHOODS.filter(({ address }) => prefixes.has(address))
  return (found.length > 0 ? found : NEIGHBOURHOODS).flatMap(({ address, neighbour }) => [address, address, neighbour])
}

export const joinWorlds: fc.Arbitrary<JoinWorld> = histories({ mostClaims: 8, questions: 1 }).chain(({ changes }) =>
  fc.record({
    changes: fc.constant([...steadyChanges, ...changes.map(inSeconds)]),
    rules,
    reaches,
    nowMs: fc.constantFrom(200_000, 200_000, 131_000, 61_000, 61_500),
    slackMs: fc.constantFrom(0, 2000, 2500),
    header: fc.constant(HEADER),
    lines: fc
      .tuple(
        fc.array(lineAbout(nearOf(changes)), { minLength: 22, maxLength: 22 }),
        fc.array(usualLine, { minLength: 12, maxLength: 12 }),
      )
      .map(lines => lines.flat()),
  }),
)
