import { IN_FULL, NOBODY } from '../../ownership/generation/row-list.ts'
import type { StandingIndex } from '../../ownership/standing-index.ts'
import { MARK_DOMAIN } from './answered-ends.ts'
import type { AskedSpace } from './asked-space.ts'
import type { BatchStrip } from './batch-strip.ts'
import type { JoinSettings } from './join-settings.ts'
import { PendingLookUps } from './pending-look-ups.ts'
import { OPPOSITE, PACKET, type Recorder, UNTOLD } from './recorder.ts'
import { RememberedEnds } from './remembered-ends.ts'
import type { SideOfBatch } from './side-of-batch.ts'
import type { KnownInterface, SteadyLookUps } from './steady-look-ups.ts'
import type { Viewpoints } from './viewpoints.ts'
import { WorkedOutEnds } from './worked-out-ends.ts'

/** Ends that are worked out before all is forgotten. */
const MOST_ENDS = 200_000

/** Answers single ends: remembered, looked up with many others, by the region of their address, or worked out. */
export class EndAnswers {
  readonly workedOut: WorkedOutEnds
  private readonly index: StandingIndex
  private readonly viewpoints: Viewpoints
  private readonly settings: JoinSettings
  private readonly remembered = new RememberedEnds()
  private readonly pending4: PendingLookUps
  private readonly pending6: PendingLookUps

  constructor(index: StandingIndex, lookUps: SteadyLookUps, viewpoints: Viewpoints, settings: JoinSettings) {
    this.index = index
    this.viewpoints = viewpoints
    this.settings = settings
    this.workedOut = new WorkedOutEnds(index, lookUps, settings, this.remembered)
    this.pending4 = new PendingLookUps(4, settings.wantsClaims ?? false)
    this.pending6 = new PendingLookUps(6, settings.wantsClaims ?? false)
  }

  /** Between two batches: what was answered before means nothing afterwards. */
  forgetIfMany(): void {
    if (this.workedOut.ends.size <= MOST_ENDS) return
    this.remembered.clear()
    this.viewpoints.clear()
    this.workedOut.ends.clear()
  }

  /** The ends of a strip that have a space. What waits is answered by `settleAll`. */
  answerAll(side: SideOfBatch, strip: BatchStrip, spaces: Int32Array): void {
    const misses = this.remembered.recallAll(side, strip, spaces)
    for (let miss = 0; miss < misses; miss++) {
      const i = strip.missed[miss] as number
      this.lookUp(side, strip.first + i, spaces[i] as number, strip.recorders[i] as Recorder)
    }
  }

  /** An end of which nothing tells whether it is the interface's own, in a window in seconds. `isOpposite` is of the other end. */
  answerUntold(
    side: SideOfBatch,
    place: number,
    isOpposite: boolean,
    recorder: Recorder,
    from: number,
    until: number,
  ): void {
    const isPacket = side.packet.families[place] !== 0
    const space = recorder.ownSpace + UNTOLD + (isPacket ? PACKET : 0) + (isOpposite ? OPPOSITE : 0)
    if (this.remembered.recall(side, place, space, from, until)) return
    this.workedOut.answerEnd(side, place, space, recorder.known)
  }

  settleAll(): void {
    this.settle(this.pending4)
    this.settle(this.pending6)
  }

  private lookUp(side: SideOfBatch, place: number, space: number, { viewed, own, known }: Recorder): void {
    const { families, words } = side.column(place)
    const family = families[place] as number
    const isOwn = space > 0
    let asked: AskedSpace | undefined
    if (viewed !== undefined) {
      const seen = family === 4 ? viewed.viewed4 : viewed.viewed6
      if (!isOwn) asked = seen.asked[seen.regions.regionOf(words, place * 4)]
      else if (own?.isOwn(family, words, place * 4, (space & PACKET) !== 0)) asked = seen.own
    }
    const fromMs = (side.batch.startSeconds[place] as number) * 1000 - this.settings.slackMs
    const untilMs = ((side.batch.endSeconds[place] as number) + 1) * 1000
    if (asked === undefined || untilMs > this.settings.nowMs || fromMs < asked.beforeMs) {
      this.workedOut.answerEnd(side, place, space, known)
      return
    }
    const pending = family === 4 ? this.pending4 : this.pending6
    pending.add(side, place, space, asked, known, isOwn, fromMs, untilMs)
    if (pending.isFull) this.settle(pending)
  }

  private settle(pending: PendingLookUps): void {
    if (pending.count === 0) return
    pending.lookUp(this.index.generation)
    for (let i = 0; i < pending.count; i++) this.settleOne(pending, i)
    pending.clear()
  }

  private settleOne(pending: PendingLookUps, i: number): void {
    const { workedOut, remembered } = this
    const owner = pending.owners[i] as number
    const place = pending.places[i] as number
    const space = pending.spaces[i] as number
    const side = pending.sides[i] as SideOfBatch
    const asked = pending.asked[i] as AskedSpace
    const aroundFromMs = Math.max(pending.besideFromMs[i] as number, asked.beforeMs)
    const aroundUntilMs = Math.min(pending.besideUntilMs[i] as number, this.settings.nowMs)
    const known = pending.known[i] as KnownInterface
    const isOwn = pending.areOwn[i] === 1
    const isQuick = owner >= 0 && asked.isOwnerSure && !this.settings.wantsFinal
    if (isQuick && !(isOwn && this.index.isElsewhere(owner, known.number))) {
      workedOut.counts.lookedUp++
      const { answers, claims, marks } = side.answered
      answers[place] = owner
      claims[place] = pending.claims[i] as number
      marks[place] = workedOut.ends.verdictOfFact(owner) | (asked.number << MARK_DOMAIN)
      remembered.keep(side, place, space, aroundFromMs, aroundUntilMs)
      return
    }
    const window = { fromMs: pending.fromMs[i] as number, untilMs: pending.untilMs[i] as number }
    if (owner === NOBODY && aroundFromMs < aroundUntilMs && !isOwn) {
      const unclaimed = { fromMs: aroundFromMs, untilMs: aroundUntilMs }
      workedOut.answerUnclaimed(side, place, space, asked, known, window, unclaimed)
    } else if (!remembered.recall(side, place, space, Math.floor(window.fromMs / 1000), window.untilMs / 1000)) {
      const isOneSpace = isOwn || asked.isAlone
      if (isOneSpace && owner === IN_FULL && workedOut.answerHandoff(asked, side, place, window)) return
      if (isOneSpace) workedOut.answerIn(asked, side, place, space, known, isOwn, window)
      else workedOut.answerEnd(side, place, space, known)
    }
  }
}
