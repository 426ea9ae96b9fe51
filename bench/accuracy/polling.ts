import type { SourceBounds } from '../../src/ownership/claim.ts'
import type { OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Snapshot } from '../../src/ownership/snapshot.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import type { Millis } from '../../src/ownership/window.ts'
import { adoptState } from '../../src/pollers/adopt.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { DEFAULT_NARROWING, Narrowing } from '../../src/pollers/narrowing.ts'
import { diffContextOf, pollOnce } from '../../src/pollers/poll.ts'
import type { WeatheredWorld } from '../../test/support/bad-weather.ts'
import { BreakingLog } from '../../test/support/layered-polls.ts'
import { titusOf } from '../../test/support/world-inventories.ts'
import type { Cell } from './cells.ts'
import { ec2OfWorld, PAGE_SIZE } from './ec2-of-world.ts'

/** No address without a lifetime id comes back to where it was within this time: the world keeps to it, and it is declared. */
export const BRIDGE_MS = 180_000

export type Polled = {
  /** Whole polls that counted, and those that were refused or lost. */
  polls: number
  refused: number
  looks: number
  /** Longest time from the earliest moment that one poll may have shown to the latest that the next may have. */
  seeableMs: Millis
}

type Saw = (source: string, snapshot: Snapshot, knownMs: Millis) => void

type Turn = { dueMs: Millis; readonly everyMs: Millis; readonly take: () => Promise<void> }

const nothing = () => undefined
const signal = new AbortController().signal

/** How much later than its address is taken or given up a task may be shown to start or end. */
export const shownLateMs = ({ weather }: Cell): Millis => weather.lagMs / 2

/**
 * The pollers of EC2 and Titus, on the world's time: each poll through `pollOnce`, each look through `Narrowing`, what they
 * publish straight into the index.
 */
export class Pollers {
  readonly counted: Polled = { polls: 0, refused: 0, looks: 0, seeableMs: 0 }
  readonly #run: WeatheredWorld
  readonly #index: OwnershipIndex
  readonly #log: BreakingLog
  readonly #states = new Map<string, SourceState>()
  readonly #completeUpToMs = new Map<string, Millis>()
  readonly #saw: Saw
  readonly #turns: readonly Turn[]

  /** `saw` is told of each whole poll that counted, with the poller's time at its end. */
  constructor(run: WeatheredWorld, index: OwnershipIndex, cell: Cell, saw: Saw) {
    this.#run = run
    this.#index = index
    this.#log = new BreakingLog(index)
    this.#saw = saw
    const { pollMs, lookMs, weather } = cell
    const bounds: SourceBounds = {
      lagMs: weather.lagMs,
      clockErrorMs: weather.clockErrorMs,
      bridgeMs: BRIDGE_MS,
      briefestHoldingMs: 0,
      longestGapMs: pollMs * 2.5,
    }
    const { inventory, look } = ec2OfWorld(run, bounds)
    const ec2 = cell.statedTimes ? inventory : withoutStatedTimes(inventory)
    const titus = titusOf(run, bounds, shownLateMs(cell), index, PAGE_SIZE)
    const tasks = cell.statedTimes ? titus : withoutStatedTimes(titus)
    const narrowing = new Narrowing({
      look,
      context: diffContextOf(ec2),
      log: this.#log,
      clock: run.clock,
      report: { lookDone: nothing },
      limits: DEFAULT_NARROWING,
    })
    const startMs = run.nowMs
    this.#turns = [
      { dueMs: startMs, everyMs: pollMs, take: () => this.#poll(ec2, narrowing) },
      // Titus does not say where its interfaces are: EC2 comes first.
      { dueMs: startMs + pollMs / 2, everyMs: pollMs, take: () => this.#poll(tasks) },
      ...(lookMs === null ? [] : [{ dueMs: startMs, everyMs: lookMs, take: () => this.#look(ec2, narrowing) }]),
    ]
  }

  /** Waits for what is due next, and does it. */
  async next(): Promise<void> {
    const turn = this.#turns.reduce((soonest, other) => (other.dueMs < soonest.dueMs ? other : soonest))
    const run = this.#run
    run.pass(Math.max(0, turn.dueMs - run.nowMs))
    turn.dueMs = run.nowMs + turn.everyMs
    await turn.take()
    this.#index.compact()
  }

  async #poll(inventory: Inventory, narrowing?: Narrowing): Promise<void> {
    const run = this.#run
    const { random, weather, clock } = run
    const { source } = inventory
    if (random.chance(weather.restarted)) {
      this.#forget(source, narrowing)
      run.offsetMs = run.drawOffset()
    }
    const before = this.#states.get(source) ?? (await adoptState(inventory, this.#log, clock, signal))
    if (random.chance(weather.dying)) this.#log.breaksAfter = random.integer(0, 12)
    let shown: Snapshot | undefined
    const list = async () => {
      shown = await inventory.list(signal)
      return shown
    }
    try {
      const after = await pollOnce(
        { ...inventory, list },
        before,
        { log: this.#log, clock, report: this.#report },
        signal,
      )
      this.#states.set(source, after)
      narrowing?.polled(before, after)
      if (shown !== undefined && after.completeUpToMs !== before.completeUpToMs) this.#saw(source, shown, clock.now())
    } catch {
      this.counted.refused++
      this.#forget(source, narrowing)
    }
    this.#log.breaksAfter = Number.POSITIVE_INFINITY
  }

  async #look({ source }: Inventory, narrowing: Narrowing): Promise<void> {
    const state = this.#states.get(source)
    if (state === undefined || !narrowing.wanted()) return
    this.counted.looks++
    this.#states.set(source, await narrowing.look(state, signal))
  }

  #forget(source: string, narrowing?: Narrowing): void {
    this.#states.delete(source)
    narrowing?.forget()
  }

  readonly #report = {
    pollCompleted: ({ source, completeUpToMs }: { readonly source: string; readonly completeUpToMs: Millis }) => {
      const { counted } = this
      const { clock, weather } = this.#run
      counted.polls++
      const gapMs = clock.now() + weather.clockErrorMs - (this.#completeUpToMs.get(source) ?? completeUpToMs)
      counted.seeableMs = Math.max(counted.seeableMs, gapMs)
      this.#completeUpToMs.set(source, completeUpToMs)
    },
    pollRefused: () => void this.counted.refused++,
    publishFailed: nothing,
    adoptFailed: nothing,
  }
}

/** An inventory that shows who holds what, and says nothing of since when. */
const withoutStatedTimes = (inventory: Inventory): Inventory => ({
  ...inventory,
  async list(aborted) {
    const snapshot = await inventory.list(aborted)
    return { ...snapshot, bindings: snapshot.bindings.map(binding => ({ ...binding, stated: [] })) }
  },
})
