import { Incumbents } from '../../src/changestream/incumbents.ts'
import type { ChangeLog, LoggedChange, ReadOptions } from '../../src/changestream/port.ts'
import type { Change } from '../../src/ownership/claim.ts'
import type { Snapshot } from '../../src/ownership/snapshot.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { Leadership } from '../../src/pollers/leadership.ts'
import { runPoller } from '../../src/pollers/run-poller.ts'
import type { DrivenClock } from './driven-clock.ts'
import { noDoubt, owner, prefix } from './estate.ts'

export const INTERVAL_MS = 60_000
export const SOURCE = 's'

/** A log in memory, whose records every follower gets in their order. */
export class MemoryLog implements ChangeLog {
  readonly partitions = 1
  readonly records: LoggedChange[] = []
  readonly followers = new Set<(logged: LoggedChange) => void>()
  private readonly clock: DrivenClock

  constructor(clock: DrivenClock) {
    this.clock = clock
  }

  async append(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      const logged = { change, partition: 0, offset: this.records.length, loggedAtMs: this.clock.now() }
      this.records.push(logged)
      for (const tell of this.followers) tell(logged)
    }
  }

  async *read({ from }: ReadOptions): AsyncGenerator<readonly LoggedChange[]> {
    const batch = this.records.slice(from?.[0] ?? 0)
    if (batch.length > 0) yield batch
  }

  end = async () => [this.records.length]
  close = async () => {}
}

/** One process that polls the source: it can be paused, as by SIGSTOP, be slow, and end in good order. */
export class Rival {
  readonly happened: string[] = []
  /** How long a listing takes. */
  listMs = 1_000
  fails = false
  private readonly clock: DrivenClock
  private readonly log: MemoryLog
  private readonly name: string
  private readonly stopping = new AbortController()
  private readonly incumbents = new Incumbents()
  private paused: { readonly gate: Promise<void>; readonly open: () => void } | undefined
  private missed: LoggedChange[] = []
  private done: Promise<void> | undefined

  constructor(name: string, log: MemoryLog, clock: DrivenClock) {
    this.name = name
    this.log = log
    this.clock = clock
  }

  start(random: () => number = Math.random): this {
    const { log, clock, incumbents, happened } = this
    for (const { change, loggedAtMs } of log.records) incumbents.take(change, loggedAtMs)
    log.followers.add(logged => {
      if (this.paused) this.missed.push(logged)
      else incumbents.take(logged.change, clock.now())
    })
    const leadership = new Leadership(this.inventory(), {
      log,
      clock,
      incumbents,
      longestMs: INTERVAL_MS,
      silentPolls: 2,
      random,
      report: {
        standingBy: ({ epoch }) => happened.push(`stands by for ${epoch}`),
        tookOver: ({ epoch }) => happened.push(`leads with ${epoch}`),
        superseded: ({ newest }) => happened.push(`superseded by ${newest}`),
      },
    })
    const report = leadership.reporting({
      pollCompleted: () => happened.push('polled'),
      pollRefused: ({ reason }) => happened.push(`refused ${reason}`),
      publishFailed: ({ cause }) => happened.push(`not published: ${cause}`),
      adoptFailed: ({ cause }) => happened.push(`not adopted: ${String(cause).slice(0, 60)}`),
    })
    const { signal } = this.stopping
    const parts = { log: leadership.log, clock, report, adopt: () => leadership.adopt(signal), turns: this.turns() }
    this.done = runPoller(this.inventory(), parts, signal).then(() => leadership.resign())
    return this
  }

  pause(): void {
    let open = () => {}
    const gate = new Promise<void>(resolve => {
      open = resolve
    })
    this.paused = { gate, open }
  }

  /** What was logged meanwhile is read only once the process has done what it was about to do. */
  async resume(): Promise<void> {
    this.paused?.open()
    this.paused = undefined
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
    for (const { change } of this.missed.splice(0)) this.incumbents.take(change, this.clock.now())
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await this.done
  }

  private inventory(): Inventory {
    return {
      source: SOURCE,
      kind: 'test',
      bounds: { ...noDoubt, longestGapMs: 2.5 * INTERVAL_MS },
      list: signal => this.list(signal),
    }
  }

  private async list(signal: AbortSignal): Promise<Snapshot> {
    const sentAtMs = this.clock.now()
    await this.clock.sleep(this.listMs, signal)
    await this.paused?.gate
    if (this.fails) throw new Error('the inventory is down')
    const sighting = { sentAtMs, receivedAtMs: this.clock.now() }
    const held = {
      domain: 'd1',
      ports: null,
      layer: 'instance',
      whole: false,
      state: 'held',
      stated: [],
      expects: [],
    } as const
    return {
      sighting,
      scope: [{ domain: 'd1', prefix: prefix('10.0.0.0/8'), layers: ['instance'] }],
      bindings: [{ ...held, prefix: prefix('10.0.0.1'), owners: [owner(this.name)], lifetimeId: this.name, sighting }],
    }
  }

  private async *turns() {
    const { signal } = this.stopping
    for (let dueMs = this.clock.now(); !signal.aborted; dueMs = Math.max(dueMs + INTERVAL_MS, this.clock.now())) {
      await this.clock.sleep(dueMs - this.clock.now(), signal).catch(() => {})
      if (!signal.aborted) yield 'poll' as const
    }
  }
}
