import type { LoggedChange } from '../../src/changestream/port.ts'
import type { Change, SourceBounds } from '../../src/ownership/claim.ts'
import type { OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Snapshot } from '../../src/ownership/snapshot.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import type { Millis, Window } from '../../src/ownership/window.ts'
import { adoptState } from '../../src/pollers/adopt.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { DEFAULT_NARROWING, Narrowing, type TargetedLook } from '../../src/pollers/narrowing.ts'
import { diffContextOf, pollOnce } from '../../src/pollers/poll.ts'
import { isDoubt } from '../../src/pollers/refusal.ts'
import type { WeatheredWorld } from '../../test/support/bad-weather.ts'
import { BreakingLog } from '../../test/support/layered-polls.ts'
import { ec2Of, titusOf } from '../../test/support/world-inventories.ts'
import { type Cell, declaredBounds, type Outage } from './cell.ts'

/** As many as EC2 and Titus give. */
const PAGE_SIZE = 1000

export type Polled = {
  /** Whole polls that counted, and those that were refused or lost. */
  polls: number
  refused: number
  /** Of these, by a guard. */
  doubted: number
  looks: number
  /** Longest time from the earliest moment that one poll may have shown to the latest that the next may have. */
  seeableMs: Millis
}

type Looked = Inventory & { readonly look: TargetedLook }

type Saw = (source: string, snapshot: Snapshot, knownMs: Millis) => void

type Turn = {
  readonly of: Outage['source']
  dueMs: Millis
  readonly everyMs: Millis
  readonly take: () => Promise<void>
  /** Of a poller that is not there: who comes back knows what the change stream says, and no more. */
  readonly miss: () => void
}

const MINUTE_MS = 60_000

const nothing = () => undefined
const signal = new AbortController().signal

/** How much later than its address is taken or given up a task may be shown to start or end. */
export const shownLateMs = ({ weather }: Cell): Millis => weather.lagMs / 2

/**
 * The pollers of EC2 and Titus, on the world's time: each poll through `pollOnce`, each look through `Narrowing`, what they
 * publish straight into the index.
 */
export class Pollers {
  readonly counted: Polled = { polls: 0, refused: 0, doubted: 0, looks: 0, seeableMs: 0 }
  readonly #run: WeatheredWorld
  readonly #index: OwnershipIndex
  readonly #log: BreakingLog
  readonly #states = new Map<string, SourceState>()
  readonly #completeUpToMs = new Map<string, Millis>()
  readonly #saw: Saw
  readonly #turns: Turn[]
  /** On the world's clock. */
  readonly #outages: readonly { readonly of: Outage['source']; readonly fromMs: Millis; readonly untilMs: Millis }[]

  /** `saw` is told of each whole poll that counted, with the poller's time at its end. Outages are counted from `fromMs`. */
  constructor(run: WeatheredWorld, index: OwnershipIndex, cell: Cell, fromMs: Millis, saw: Saw) {
    this.#run = run
    this.#index = index
    this.#log = new BreakingLog(index)
    this.#saw = saw
    const { pollMs, lookMs } = cell
    const { lagMs, clockErrorMs, bridgeMs } = declaredBounds(cell)
    const bounds: SourceBounds = {
      lagMs,
      clockErrorMs,
      bridgeMs,
      briefestHoldingMs: cell.briefestHoldingMs,
      longestGapMs: pollMs * 2.5,
    }
    const told = (inventory: Looked): Looked => (cell.statedTimes ? inventory : withoutStatedTimes(inventory))
    const ec2 = told(ec2Of(run, bounds, { pageSize: PAGE_SIZE }))
    const tasks = told(titusOf(run, bounds, shownLateMs(cell), index, PAGE_SIZE))
    const [ofEc2, ofTasks] = [this.#narrowing(ec2), this.#narrowing(tasks)]
    const startMs = run.nowMs
    const missEc2 = () => this.#forget(ec2.source, ofEc2)
    const missTitus = () => this.#forget(tasks.source, ofTasks)
    // Titus does not say where its interfaces are: EC2 comes first.
    const tasksFromMs = startMs + pollMs / 2
    this.#turns = [
      { of: 'ec2', dueMs: startMs, everyMs: pollMs, take: () => this.#poll(ec2, ofEc2), miss: missEc2 },
      { of: 'titus', dueMs: tasksFromMs, everyMs: pollMs, take: () => this.#poll(tasks, ofTasks), miss: missTitus },
    ]
    if (lookMs !== null)
      this.#turns.push(
        { of: 'ec2', dueMs: startMs, everyMs: lookMs, take: () => this.#look(ec2, ofEc2), miss: missEc2 },
        { of: 'titus', dueMs: tasksFromMs, everyMs: lookMs, take: () => this.#look(tasks, ofTasks), miss: missTitus },
      )
    this.#outages = cell.outages.map(({ source, fromMinute, untilMinute }) => ({
      of: source,
      fromMs: fromMs + fromMinute * MINUTE_MS,
      untilMs: fromMs + untilMinute * MINUTE_MS,
    }))
  }

  #narrowing({ look, ...inventory }: Looked): Narrowing {
    const { clock } = this.#run
    const report = { lookDone: nothing }
    return new Narrowing({
      look,
      context: diffContextOf(inventory),
      log: this.#log,
      clock,
      report,
      limits: DEFAULT_NARROWING,
    })
  }

  /** What somebody else has to say: into the same stream. */
  publish(changes: readonly Change[]): Promise<void> {
    return this.#log.append(changes)
  }

  /** Waits for what is due next, and does it. */
  async next(): Promise<void> {
    const turn = this.#turns.reduce((soonest, other) => (other.dueMs < soonest.dueMs ? other : soonest))
    const run = this.#run
    run.pass(Math.max(0, turn.dueMs - run.nowMs))
    turn.dueMs = run.nowMs + turn.everyMs
    if (this.#outages.some(({ of, fromMs, untilMs }) => of === turn.of && fromMs <= run.nowMs && run.nowMs < untilMs)) {
      turn.miss()
      return
    }
    await turn.take()
    this.#index.compact()
  }

  /** All that was published, in its order. */
  changes(): AsyncIterable<readonly LoggedChange[]> {
    return this.#log.read()
  }

  /** Minutes of `span` in which pollers were not there, those of each added up. */
  minutesOff(span: Window): number {
    const offMs = this.#outages.map(
      ({ fromMs, untilMs }) => Math.min(untilMs, span.untilMs) - Math.max(fromMs, span.fromMs),
    )
    return offMs.reduce((sum, ms) => sum + Math.max(0, ms), 0) / MINUTE_MS
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
    pollRefused: ({ reason }: { readonly reason: string }) => {
      this.counted.refused++
      if (isDoubt(reason)) this.counted.doubted++
    },
    publishFailed: nothing,
    adoptFailed: nothing,
  }
}

/** An inventory that shows who holds what, and says nothing of since when. */
function withoutStatedTimes(inventory: Looked): Looked {
  const { list, look } = inventory
  const unstated = <T extends Pick<Snapshot, 'bindings'>>(shown: T): T => ({
    ...shown,
    bindings: shown.bindings.map(binding => ({ ...binding, stated: [] })),
  })
  return {
    ...inventory,
    list: async aborted => unstated(await list(aborted)),
    look: {
      ...look,
      async at(claims, aborted) {
        const shown = await look.at(claims, aborted)
        return shown && unstated(shown)
      },
    },
  }
}
