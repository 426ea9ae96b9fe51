import { readSourceClaims } from '../changestream/adopt.ts'
import type { Incumbent, Incumbents } from '../changestream/incumbents.ts'
import type { ChangeLog } from '../changestream/port.ts'
import type { Change, Progress } from '../ownership/claim.ts'
import type { SourceState } from '../ownership/snapshot-diff.ts'
import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import { WhohadError } from '../runtime/errors.ts'
import { adoptState } from './adopt.ts'
import { pollerErrors } from './errors.ts'
import { goodbye } from './goodbye.ts'
import type { Inventory } from './inventory.ts'
import type { PollReport } from './report.ts'
import { isFree, isSame, newerOf, type Patience, standByMs } from './stand-by.ts'

export type LeadershipReport = {
  /** Another poller leads; this one polls nothing until it is silent for so long. */
  standingBy(d: { readonly source: string; readonly epoch: number; readonly patienceMs: Millis }): void
  /** This poller leads from now on. */
  tookOver(d: { readonly source: string; readonly epoch: number }): void
  /** Another poller took over meanwhile: what this one was about to write is not written. */
  superseded(d: { readonly source: string; readonly epoch: number; readonly newest: number }): void
}

export type LeadershipParts = {
  readonly log: ChangeLog
  readonly clock: Clock
  readonly report: LeadershipReport
  /** Follows the same log as it grows. */
  readonly incumbents: Incumbents
  /** Longest time between two polls; undefined where no other process can write the log (a folder has one writer). */
  readonly longestMs: Millis | undefined
  /** The leader may be silent for so many polls. */
  readonly silentPolls: number
  readonly random?: () => number
}

/**
 * One of several pollers that may be running for one source, of which one leads. Who that is follows from the change stream
 * and nothing else: whoever has the highest epoch, for as long as it is heard of. The others stand by; one of them takes the next
 * epoch once the leader is silent or has said that it stops. A leader that reads of a higher epoch stands by in its turn. No
 * answer rests on this, but on the fence (changestream/fence.ts): it only keeps two pollers from getting in each other's way.
 */
export class Leadership {
  private readonly inventory: Inventory
  private readonly parts: LeadershipParts
  /** The last that this poller wrote, while it leads. */
  private last: Pick<Progress, 'revision' | 'completeUpToMs'> | undefined

  constructor(inventory: Inventory, parts: LeadershipParts) {
    this.inventory = inventory
    this.parts = parts
  }

  /** Waits until nobody else leads, then takes over. Rejects with the signal's reason, and as `adoptState` does. */
  async adopt(signal: AbortSignal): Promise<SourceState> {
    const { log, clock, report } = this.parts
    await this.untilNobodyLeads(signal)
    const state = await adoptState(this.inventory, log, clock, signal)
    const { epoch, sequence, completeUpToMs } = state
    this.last = { revision: { epoch, sequence }, completeUpToMs: completeUpToMs ?? Number.NEGATIVE_INFINITY }
    report.tookOver({ source: this.inventory.source, epoch })
    return state
  }

  /** The log, written only while nobody else has taken over. @throws `WHOHAD_POLLER_SUPERSEDED` */
  readonly log: Pick<ChangeLog, 'append'> = {
    append: async changes => {
      this.refuseWhereSuperseded()
      await this.parts.log.append(changes)
      for (const change of changes) this.remember(change)
    },
  }

  /** The same report, without failures to publish that are none: another poller has taken over. */
  reporting(report: PollReport): PollReport {
    return {
      ...report,
      publishFailed: d => {
        if (!isSuperseded(d.cause)) report.publishFailed(d)
      },
    }
  }

  /** Says that this poller stops, so that another one need not wait. To be called once it polls no more. */
  async resign(): Promise<void> {
    if (this.last === undefined || this.newestEpoch() > this.last.revision.epoch) return
    const { revision, completeUpToMs } = this.last
    this.last = undefined
    await this.parts.log.append([goodbye(this.inventory.source, revision, completeUpToMs)])
  }

  private async untilNobodyLeads(signal: AbortSignal): Promise<void> {
    const { clock, longestMs, silentPolls, random = Math.random } = this.parts
    if (longestMs === undefined) return
    const patience = { longestMs, silentPolls, jitter: random() }
    for (let known = await this.read(signal); known !== undefined; ) {
      // After a publish that failed it is this poller's own turn still.
      if (known.epoch === this.last?.revision.epoch && known.contenders === 1) return
      const silent = await this.untilSilent(known, patience, signal)
      // Silent already when it was read.
      if (silent === known) return
      const read = await this.read(signal)
      if (read === undefined || isSame(read, silent)) return
      // Whatever follows the log for us was behind: in the log the leader is heard.
      known = { ...read, heardAtMs: clock.now() }
    }
  }

  /** The incumbent as it was last heard of, once that is long enough ago. */
  private async untilSilent(known: Incumbent, patience: Patience, signal: AbortSignal): Promise<Incumbent> {
    const { clock, incumbents, report } = this.parts
    const { source } = this.inventory
    let isTold = false
    for (let newest = known; ; newest = newerOf(newest, incumbents.of(source))) {
      const waitMs = standByMs(newest, patience, clock.now())
      if (waitMs <= 0) return newest
      if (!isTold && !isFree(newest)) {
        report.standingBy({ source, epoch: newest.epoch, patienceMs: waitMs })
        isTold = true
      }
      const waking = new AbortController()
      const stop = AbortSignal.any([signal, waking.signal])
      await Promise.race([clock.sleep(waitMs, stop).catch(() => {}), incumbents.changed(stop)])
      waking.abort()
      signal.throwIfAborted()
    }
  }

  /** Who polls this source by the log itself, read to its end. */
  private async read(signal: AbortSignal): Promise<Incumbent | undefined> {
    return (await readSourceClaims(this.parts.log, this.inventory.source, signal)).incumbent
  }

  private newestEpoch(): number {
    return this.parts.incumbents.of(this.inventory.source)?.epoch ?? 0
  }

  private refuseWhereSuperseded(): void {
    if (this.last === undefined) return
    const { source } = this.inventory
    const { epoch } = this.last.revision
    const newest = this.newestEpoch()
    if (newest <= epoch) return
    this.last = undefined
    this.parts.report.superseded({ source, epoch, newest })
    throw pollerErrors.superseded({ source, epoch, newest })
  }

  private remember(change: Change): void {
    if (change.record === 'horizon' || this.last === undefined) return
    const { revision } = change
    const { completeUpToMs } = change.record === 'progress' ? change : this.last
    this.last = { revision, completeUpToMs }
  }
}

const isSuperseded = (cause: unknown): boolean =>
  cause instanceof WhohadError && cause.code === pollerErrors.superseded.code
