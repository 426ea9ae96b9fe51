import type { Change } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { DEFAULT_NARROWING, Narrowing } from '../../src/pollers/narrowing.ts'
import { diffContextOf, pollOnce } from '../../src/pollers/poll.ts'
import type { PaceLimits } from '../../src/pollers/schedule.ts'
import { Turns } from '../../src/pollers/turns.ts'
import { VirtualClock } from '../../src/simulator/virtual-clock.ts'
import { DOMAIN, holderAt, LAG_MS, madeUpHandoffs, prefixOf, randomOf, shownOf } from './handoffs.ts'

export type CoverageTask = {
  readonly addresses: number
  readonly minutes: number
  readonly limits: PaceLimits
  /** How far apart looks stand; null for polls alone. */
  readonly lookEveryMs: number | null
}

export type Coverage = {
  readonly owned: number
  readonly wrong: number
  readonly ends: number
  readonly polls: number
  readonly looks: number
  /** At a thousand interfaces to a page, and 200 addresses to a filter. */
  readonly requests: number
}

const START_MS = Date.UTC(2026, 10, 20)
const MINUTE_MS = 60_000
const POLL_TAKES_MS = 1000
const LOOK_TAKES_MS = 300
/** Ends are asked about once the first polls and the first handoffs lie behind. */
const WARM_UP_MS = 15 * MINUTE_MS
const ENDS = 20_000
const LONGEST_FLOW_MS = 5000

/** Polls made-up handoffs through the poller's own parts, and asks who held the ends of flows that really were. */
export async function measureCoverage({ addresses, minutes, limits, lookEveryMs }: CoverageTask): Promise<Coverage> {
  const random = randomOf('replies')
  const questions = randomOf('questions')
  const endMs = START_MS + minutes * MINUTE_MS
  const handoffs = madeUpHandoffs(randomOf('world'), addresses, START_MS, endMs)
  const clock = new VirtualClock(START_MS, () => {})
  const index = createOwnershipIndex()
  const log = {
    append: async (changes: readonly Change[]) => {
      for (const change of changes) index.apply(change)
    },
  }
  const counts = { polls: 0, looks: 0, requests: 0 }
  const ask = async (asked: readonly string[], tookMs: number) => {
    const sentAtMs = clock.now()
    clock.advanceTo(sentAtMs + tookMs)
    const sighting = { sentAtMs, receivedAtMs: clock.now() }
    return { sighting, bindings: asked.flatMap(ip => shownOf(ip, handoffs.get(ip) ?? [], sighting, random)) }
  }
  const all = [...handoffs.keys()]
  const inventory = {
    source: 'ec2/123456789012/us-east-1',
    kind: 'ec2',
    bounds: {
      lagMs: LAG_MS,
      clockErrorMs: 100,
      bridgeMs: 0,
      briefestHoldingMs: 0,
      longestGapMs: limits.longestMs * 2.5,
    },
    async list() {
      counts.polls++
      counts.requests += Math.ceil(addresses / 1000) * 2
      const scope = [{ domain: DOMAIN, prefix: '10.0.0.0/8' as Prefix, layers: ['interface'] as const }]
      return { ...(await ask(all, POLL_TAKES_MS)), scope }
    },
  }
  const looks = lookEveryMs === null ? undefined : { everyMs: lookEveryMs, wanted: (): boolean => narrowing.wanted() }
  const turns = new Turns({ clock, limits, ...(looks && { looks }), random: () => random.next() })
  const refused: string[] = []
  const report = turns.learning({
    pollCompleted() {},
    pollRefused: ({ detail }) => void refused.push(detail),
    publishFailed() {},
    adoptFailed() {},
    lookDone() {},
  })
  const narrowing = new Narrowing({
    context: diffContextOf(inventory),
    log,
    clock,
    report,
    limits: DEFAULT_NARROWING,
    look: {
      laneOf: () => 'address',
      mostAtOnce: 200,
      async at(claims) {
        counts.looks++
        counts.requests += 2
        const asked = new Map(claims.map(({ domain, prefix }) => [prefix, { domain, prefix }]))
        const shown = await ask(
          [...asked.keys()].map(prefix => prefix.slice(0, prefix.indexOf('/'))),
          LOOK_TAKES_MS,
        )
        return { ...shown, asked: [...asked.values()], wouldShow: ({ prefix }) => asked.has(prefix) }
      },
    },
  })
  const never = new AbortController().signal
  let state: SourceState = {
    epoch: 1,
    sequence: 0,
    completeUpToMs: null,
    addresses: 0,
    claims: new Map(),
    record: null,
  }
  for await (const turn of turns.until(never)) {
    if (clock.now() > endMs) break
    if (turn === 'look') state = await narrowing.look(state, never)
    else {
      const before = state
      state = await pollOnce(inventory, before, { log, clock, report }, never)
      narrowing.polled(before, state)
    }
  }
  if (refused.length > 0) throw new Error(`polls were refused: ${refused[0]}`)
  return { ...counts, ...askEnds() }

  /** Ends of flows while their address had one holder all the time. */
  function askEnds() {
    const found = { owned: 0, wrong: 0, ends: 0 }
    // What the last polls may still have to tell is left out, as the hold of a flow log record leaves it.
    const spanMs = endMs - 4 * MINUTE_MS - START_MS - WARM_UP_MS
    while (found.ends < ENDS) {
      const ip = all[Math.floor(questions.next() * all.length)] as string
      const fromMs = Math.floor(START_MS + WARM_UP_MS + questions.next() * spanMs)
      const untilMs = fromMs + 1 + Math.floor(questions.next() * LONGEST_FLOW_MS)
      const holding = holderAt(handoffs.get(ip) ?? [], fromMs)
      if (holding === undefined || holding.untilMs < untilMs) continue
      found.ends++
      const prefix = prefixOf(ip)
      const ipOnly = prefix.slice(0, prefix.indexOf('/')) as Parameters<typeof index.ask>[0]['ip']
      const answer = index.ask({ domain: DOMAIN, ip: ipOnly, fromMs, untilMs, nowMs: clock.now() })
      if (answer.state !== 'owned') continue
      found.owned++
      if (answer.holding?.owner.resourceId !== holding.holder) found.wrong++
    }
    return found
  }
}
