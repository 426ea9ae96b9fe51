import fc from 'fast-check'
import type { SourceBounds } from '../../src/ownership/claim.ts'
import type { StatedTime } from '../../src/ownership/stated-times.ts'
import { owner, type Shown, type TestSource } from './estate.ts'

/** One holding as it really was, within the attachment that it lived in, and what the inventory says of both. */
export type Told = {
  readonly holder: string
  readonly fromMs: number
  readonly untilMs: number
  readonly hasLifetimeId: boolean
  /** Still listed on its way out until here. */
  readonly listedUntilMs: number
  readonly stated: readonly StatedTime[]
}

export const ADDRESS = '10.0.0.1'
export const LAG_MS = 20
export const CLOCK_ERROR_MS = 3
const BRIDGE_MS = 120
const LONGEST_POLL_MS = 15
const BAD_CLOCK_ERROR_MS = 25

export const BOUNDS: Partial<SourceBounds> = {
  lagMs: LAG_MS,
  clockErrorMs: CLOCK_ERROR_MS,
  bridgeMs: BRIDGE_MS,
  longestGapMs: 400,
}

const kinds = ['exact', 'not-before', 'not-after', 'processed-at'] as const
const statement = fc.record({
  edge: fc.constantFrom('start', 'end'),
  kind: fc.constantFrom(...kinds),
  subject: fc.constantFrom('binding', 'attachment'),
  offByMs: fc.integer({ min: 0, max: 60 }),
  /** Of its clock, from −1 to 1 of what that clock may be off. */
  skew: fc.double({ min: -1, max: 1, noNaN: true }),
  isBadClock: fc.boolean(),
})
const step = fc.record({
  gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 }), fc.integer({ min: BRIDGE_MS + 1, max: 300 })),
  heldMs: fc.oneof(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 700 })),
  attachedBeforeMs: fc.integer({ min: 0, max: 80 }),
  attachedAfterMs: fc.integer({ min: 0, max: 80 }),
  lingersMs: fc.integer({ min: 0, max: 250 }),
  again: fc.boolean(),
  hasLifetimeId: fc.boolean(),
  stated: fc.array(statement, { maxLength: 4 }),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Holdings of one address, one after the other; now and then the last holder is back, no sooner than the bridge allows. */
export const toldHistories: fc.Arbitrary<readonly Told[]> = fc
  .array(step, { minLength: 1, maxLength: 8 })
  .map(steps => steps.reduce<readonly Told[]>(follow, []))

function follow(before: readonly Told[], next: Step, i: number): readonly Told[] {
  const last = before.at(-1)
  const returns = next.again && last !== undefined && !last.hasLifetimeId && next.gapMs > BRIDGE_MS
  const fromMs = (last?.untilMs ?? 0) + next.gapMs
  const untilMs = fromMs + next.heldMs
  const times = {
    binding: { start: fromMs, end: untilMs },
    attachment: { start: fromMs - next.attachedBeforeMs, end: untilMs + next.attachedAfterMs },
  }
  const stated = next.stated.map(({ edge, kind, subject, offByMs, skew, isBadClock }): StatedTime => {
    const awayMs = kind === 'exact' ? 0 : kind === 'not-before' ? -offByMs : offByMs
    const errorMs = isBadClock ? BAD_CLOCK_ERROR_MS : CLOCK_ERROR_MS
    const atMs = times[subject][edge] + awayMs + Math.round(skew * errorMs)
    return { edge, kind, subject, atMs, ...(isBadClock ? { clockErrorMs: errorMs } : {}) }
  })
  const told: Told = {
    holder: returns ? last.holder : `holder-${i}`,
    fromMs,
    untilMs,
    hasLifetimeId: returns ? false : next.hasLifetimeId,
    // A return of the same holder is not listed beside what is left of it.
    listedUntilMs: untilMs + (next.hasLifetimeId && !returns ? next.lingersMs : 0),
    stated,
  }
  return [...before, told]
}

const schedulesFrom = (leastAfterMs: number) =>
  fc.array(
    fc.record({
      afterMs: fc.integer({ min: leastAfterMs, max: 150 }),
      tookMs: fc.integer({ min: 0, max: LONGEST_POLL_MS }),
      staleMs: fc.integer({ min: 0, max: LAG_MS }),
      isRefused: fc.integer({ min: 0, max: 7 }).map(n => n === 7),
    }),
    { minLength: 10, maxLength: 30 },
  )
export const schedules = schedulesFrom(1)
/** Polls so far apart that no reply shows an earlier moment than the one before: what is missing in it is gone. */
export const schedulesInOrder = schedulesFrom(LAG_MS + LONGEST_POLL_MS + 2 * CLOCK_ERROR_MS)
export type Schedule = typeof schedules extends fc.Arbitrary<infer S> ? S : never

/** Polls the history by a clock that is off by `offsetMs`. Returns what some complete poll listed. */
export function pollTold(
  source: TestSource,
  history: readonly Told[],
  schedule: Schedule,
  offsetMs: number,
): ReadonlySet<Told> {
  const listed = new Set<Told>()
  let nowMs = 0
  for (const { afterMs, tookMs, staleMs, isRefused } of schedule) {
    const sentMs = nowMs + afterMs
    nowMs = sentMs + tookMs
    if (isRefused) {
      source.refuse()
      continue
    }
    const momentMs = sentMs + Math.floor(tookMs / 2) - staleMs
    const shown = history.filter(({ fromMs, listedUntilMs }) => fromMs <= momentMs && momentMs < listedUntilMs)
    for (const told of shown) listed.add(told)
    source.poll(
      sentMs + offsetMs,
      nowMs + offsetMs,
      shown.map(told => asShown(told, momentMs)),
    )
  }
  return listed
}

const asShown = ({ holder, fromMs, untilMs, hasLifetimeId, stated }: Told, momentMs: number): Shown => ({
  address: ADDRESS,
  owner: owner(holder, holder),
  lifetimeId: hasLifetimeId ? `${holder}@${fromMs}` : null,
  state: momentMs < untilMs ? 'held' : 'ending',
  stated,
})
