import fc from 'fast-check'
import type { SourceBounds } from '../../src/ownership/claim.ts'
import type { OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { owner, type Shown, TestSource } from './estate.ts'

/** One holding as it really was. */
export type Held = {
  readonly address: string
  readonly holder: string
  readonly fromMs: number
  readonly untilMs: number
  /** Without one the address may leave its holder and come back, but never within the declared bridge. */
  readonly hasLifetimeId: boolean
}

const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3']
export const BRIDGE_MS = 120

/** Holdings of a few addresses that follow one another with gaps from zero up; sometimes the last holder returns. */
export const histories: fc.Arbitrary<readonly Held[]> = fc
  .tuple(
    ...ADDRESSES.map(address =>
      fc
        .array(
          fc.record({
            gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 121, max: 300 })),
            heldMs: fc.integer({ min: 1, max: 900 }),
            again: fc.boolean(),
            hasLifetimeId: fc.boolean(),
          }),
          { maxLength: 8 },
        )
        .map(steps => follow(address, steps)),
    ),
  )
  .map(lists => lists.flat())

type Step = {
  readonly gapMs: number
  readonly heldMs: number
  readonly again: boolean
  readonly hasLifetimeId: boolean
}

function follow(address: string, steps: readonly Step[]): readonly Held[] {
  const held: Held[] = []
  let nowMs = 0
  for (const [i, { gapMs, heldMs, again, hasLifetimeId }] of steps.entries()) {
    const last = held.at(-1)
    const returns = again && last !== undefined && !last.hasLifetimeId && gapMs > BRIDGE_MS
    const fromMs = nowMs + gapMs
    nowMs = fromMs + heldMs
    const holder = returns ? last.holder : `${address}-${i}`
    held.push({ address, holder, fromMs, untilMs: nowMs, hasLifetimeId: returns ? false : hasLifetimeId })
  }
  return held
}

export type Poll = {
  readonly afterMs: number
  readonly pages: readonly { readonly waitMs: number; readonly staleMs: number; readonly tookMs: number }[]
  readonly refused: boolean
}

export const LAG_MS = 20
export const CLOCK_ERROR_MS = 3

export const polls: fc.Arbitrary<readonly Poll[]> = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 1, max: 90 }),
    pages: fc.array(
      fc.record({
        waitMs: fc.integer({ min: 0, max: 10 }),
        staleMs: fc.integer({ min: 0, max: LAG_MS }),
        tookMs: fc.integer({ min: 0, max: 15 }),
      }),
      { minLength: ADDRESSES.length, maxLength: ADDRESSES.length },
    ),
    refused: fc.integer({ min: 0, max: 7 }).map(n => n === 7),
  }),
  { minLength: 15, maxLength: 40 },
)

const declared: Partial<SourceBounds> = {
  lagMs: LAG_MS,
  clockErrorMs: CLOCK_ERROR_MS,
  bridgeMs: BRIDGE_MS,
  longestGapMs: 400,
}

/**
 * Polls the history: each address is a page of its own, shown as it was up to LAG_MS before some instant of the request,
 * timed by a clock that is off by `clockOffsetMs`. Returns the holdings that some complete poll showed.
 */
export function pollHistory(
  index: OwnershipIndex,
  history: readonly Held[],
  schedule: readonly Poll[],
  clockOffsetMs: number,
): ReadonlySet<Held> {
  const seen = new Set<Held>()
  const source = new TestSource(index, { bounds: declared })
  let nowMs = 0
  for (const poll of schedule) {
    nowMs += poll.afterMs
    const sentAtMs = nowMs + clockOffsetMs
    const shown: Shown[] = []
    for (const [i, page] of poll.pages.entries()) {
      nowMs += page.waitMs
      const sent = nowMs
      nowMs += page.tookMs
      const momentMs = sent + Math.floor(page.tookMs / 2) - page.staleMs
      const address = ADDRESSES[i] ?? ''
      const held = history.find(one => one.address === address && one.fromMs <= momentMs && momentMs < one.untilMs)
      if (held === undefined) continue
      if (!poll.refused) seen.add(held)
      shown.push({
        address,
        owner: owner(held.holder, held.holder),
        lifetimeId: held.hasLifetimeId ? `${held.holder}@${held.fromMs}` : null,
        sentAtMs: sent + clockOffsetMs,
        receivedAtMs: nowMs + clockOffsetMs,
      })
    }
    if (poll.refused) source.refuse()
    else source.poll(sentAtMs, nowMs + clockOffsetMs, shown)
  }
  return seen
}

/** Everybody who held the address at some instant of the window; '' is nobody. */
export function holdersDuring(
  history: readonly Held[],
  address: string,
  fromMs: number,
  untilMs: number,
): ReadonlySet<string> {
  const holders = new Set<string>()
  for (let atMs = fromMs; atMs < untilMs; atMs++) {
    const held = history.find(one => one.address === address && one.fromMs <= atMs && atMs < one.untilMs)
    holders.add(held?.holder ?? '')
  }
  return holders
}
