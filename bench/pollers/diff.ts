import { setTimeout as sleep } from 'node:timers/promises'
import type { Change } from '../../src/ownership/claim.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { toSnapshot } from '../../src/pollers/ec2/snapshot.ts'
import { pollOnce } from '../../src/pollers/poll.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { Stopwatch } from '../stopwatch.ts'
import { ESTATE, madeUpEstate } from './estate.ts'

export type DiffTask = { readonly addresses: number }

export type Polled = {
  readonly poll: 'first' | 'unchanged' | 'one in a hundred' | 'unchanged after it'
  readonly bindings: number
  readonly claims: number
  readonly otherRecords: number
  /** From the listing to the snapshot. */
  readonly mapSeconds: number
  /** From the snapshot to the changes: guards and diff. */
  readonly diffSeconds: number
  readonly diffCpuSeconds: number
}

export type Diffed = { readonly polls: readonly Polled[]; readonly requests: number; readonly peakRssBytes: number }

/** Time of the estate: the polls are a minute apart, whatever they take here. */
const START_MS = Date.UTC(2026, 10, 20)
const POLL_MS = 60_000
const CHANGED_ONE_IN = 100
const never = new AbortController().signal

const { addresses }: DiffTask = JSON.parse(process.argv[2] ?? '')
const estate = madeUpEstate(addresses)
let state: SourceState = {
  epoch: 1,
  sequence: 0,
  completeUpToMs: null,
  addresses: 0,
  claims: new Map(),
  record: null,
}

async function poll(name: Polled['poll'], turnOf: (slot: number) => number): Promise<Polled> {
  const mapping = new Stopwatch()
  const whole = new Stopwatch()
  const claims: Change[] = []
  let others = 0
  const log = {
    append: async (changes: readonly Change[]) => {
      for (const change of changes) {
        if (change.record === 'claim') claims.push(change)
        else others++
      }
    },
  }
  const inventory = {
    source: 'ec2/123456789012/us-east-1',
    kind: 'ec2',
    bounds: { lagMs: 10_000, clockErrorMs: 100, bridgeMs: 180_000, briefestHoldingMs: 0, longestGapMs: 150_000 },
    list: async () => {
      const listing = estate.listing(START_MS + state.sequence * POLL_MS, turnOf)
      return mapping.time(() => toSnapshot(listing, ESTATE))
    },
  }
  const making = new Stopwatch()
  const timed = { ...inventory, list: () => making.timeUntilDone(inventory.list) }
  const refused: string[] = []
  const report = {
    pollCompleted() {},
    pollRefused: ({ detail }: { readonly detail: string }) => void refused.push(detail),
    publishFailed() {},
    adoptFailed() {},
  }
  state = await whole.timeUntilDone(() => pollOnce(timed, state, { log, clock: systemClock, report }, never))
  if (refused.length > 0) throw new Error(`the ${name} poll was refused: ${refused}`)
  return {
    poll: name,
    bindings: state.addresses,
    claims: claims.length,
    otherRecords: others,
    mapSeconds: mapping.wallSeconds,
    diffSeconds: whole.wallSeconds - making.wallSeconds,
    diffCpuSeconds: whole.cpuSeconds - making.cpuSeconds,
  }
}

const changed = (slot: number) => (slot % CHANGED_ONE_IN === 0 ? 1 : 0)
const polls: Polled[] = []
for (const [name, turnOf] of [
  ['first', () => 0],
  ['unchanged', () => 0],
  ['one in a hundred', changed],
  ['unchanged after it', changed],
] as const) {
  polls.push(await poll(name, turnOf))
  await sleep(100)
}
const diffed: Diffed = { polls, requests: estate.requests, peakRssBytes: process.resourceUsage().maxRSS * 1024 }
console.log(JSON.stringify(diffed))
