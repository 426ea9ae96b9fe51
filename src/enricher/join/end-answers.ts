import { NOBODY } from '../../ownership/generation/row-list.ts'
import type { StandingIndex } from '../../ownership/standing-index.ts'
import { intersection, type Millis, type Window } from '../../ownership/window.ts'
import type { FlowEnd } from '../../store/port.ts'
import { attribute, attributeEnd } from '../attribute.ts'
import { recordAt } from '../flowlogs/record-at.ts'
import type { AddressColumn, RecordBatch } from '../flowlogs/record-batch.ts'
import { AnsweredEnds, MARK_DOMAIN, MARK_FINAL } from './answered-ends.ts'
import { PendingLookUps } from './pending-look-ups.ts'
import { OPPOSITE, PACKET, type Recorder, UNTOLD } from './recorders.ts'
import { RememberedEnds } from './remembered-ends.ts'
import type { SideOfBatch } from './side-of-batch.ts'
import type { DomainSpace, KnownInterface, SteadyLookUps } from './steady-look-ups.ts'
import { type AskedSpace, type ViewedSpace, Viewpoints } from './viewpoints.ts'

export type JoinSettings = DomainSpace & {
  /** How much earlier than `start` a packet may be. */
  readonly slackMs: Millis
  /** The reader's clock, the same for all that is joined. */
  readonly nowMs: Millis
  /** The time of records that carry none. */
  readonly atMs?: Millis | undefined
  /** Whether `JoinedBatch.isFinal` is wanted. Then quick look-ups answer less: they do not tell it. */
  readonly wantsFinal?: boolean | undefined
  /** Whether the claims of owners are wanted: rows name them, counts do not. */
  readonly wantsClaims?: boolean | undefined
}

/** How many ends were answered how, for whoever asks where the time goes; `whole` are records. */
export type JoinCounts = { lookedUp: number; byRegion: number; workedOut: number; whole: number }

/** Ends that are worked out before all is forgotten. */
const MOST_ENDS = 200_000

/** Answers single ends: remembered, looked up with many others, by the region of their address, or worked out. */
export class EndAnswers {
  readonly ends: AnsweredEnds
  readonly viewpoints: Viewpoints
  readonly counts: JoinCounts = { lookedUp: 0, byRegion: 0, workedOut: 0, whole: 0 }
  private readonly index: StandingIndex
  private readonly lookUps: SteadyLookUps
  private readonly settings: JoinSettings
  private readonly remembered = new RememberedEnds()
  private readonly pending4: PendingLookUps
  private readonly pending6: PendingLookUps

  constructor(index: StandingIndex, lookUps: SteadyLookUps, settings: JoinSettings) {
    this.index = index
    this.lookUps = lookUps
    this.settings = settings
    this.ends = new AnsweredEnds(index.generation)
    this.viewpoints = new Viewpoints(index, lookUps)
    this.pending4 = new PendingLookUps(4, settings.wantsClaims ?? false)
    this.pending6 = new PendingLookUps(6, settings.wantsClaims ?? false)
  }

  /** When a record's packets crossed the interface, or the time that is given to records without one. */
  windowOf(batch: RecordBatch, place: number): Window | undefined {
    const { slackMs, atMs } = this.settings
    const start = batch.startSeconds[place] as number
    const end = batch.endSeconds[place] as number
    if (start >= 0 && end >= 0) return { fromMs: start * 1000 - slackMs, untilMs: (end + 1) * 1000 }
    return atMs === undefined ? undefined : { fromMs: atMs, untilMs: atMs + 1 }
  }

  /** Between two batches: what was answered before means nothing afterwards. */
  forgetIfMany(): void {
    if (this.ends.size <= MOST_ENDS) return
    this.remembered.clear()
    this.viewpoints.clear()
    this.ends.clear()
  }

  /** The record as `attribute` answers it, with nothing remembered. */
  answerWhole(batch: RecordBatch, place: number, source: SideOfBatch, destination: SideOfBatch): void {
    const { joined } = source
    const window = this.windowOf(batch, place)
    joined.isAnswered[place] = window === undefined ? 0 : 1
    if (window === undefined) return
    this.counts.whole++
    const answered = attribute(recordAt(batch, place), window, this.settings.nowMs, this.lookUps)
    joined.isFinal[place] = answered.final ? 1 : 0
    this.write(source, place, answered.source, true)
    this.write(destination, place, answered.destination, true)
  }

  /** The end, in the record's window, which is [from, until) in seconds. What waits is answered by `settleAll`. */
  answerEnd(side: SideOfBatch, place: number, isLocal: boolean, recorder: Recorder, from: number, until: number): void {
    const isPacket = side.packet.families[place] !== 0
    const space = isLocal ? recorder.ownSpace + (isPacket ? PACKET : 0) : recorder.remoteSpace
    if (this.remembered.recall(side, place, space, from, until)) return
    const column = side.column(place)
    const family = column.families[place] as number
    const viewed = family === 4 ? recorder.viewed4 : recorder.viewed6
    const window = this.windowOf(side.batch, place) as Window
    const asked = viewed && this.askedFor(viewed, column, place, isLocal, isPacket, recorder)
    if (asked === undefined || window.untilMs > this.settings.nowMs || window.fromMs < asked.beforeMs) {
      this.workOut(side, place, space, recorder.known)
      return
    }
    const pending = family === 4 ? this.pending4 : this.pending6
    pending.add(side, place, space, asked, recorder.known, isLocal, window, from, until)
    if (pending.isFull) this.settle(pending)
  }

  /** The space in which the end's address is looked up; undefined where the answer takes more than that. */
  private askedFor(
    viewed: ViewedSpace,
    { families, words }: AddressColumn,
    place: number,
    isLocal: boolean,
    isPacket: boolean,
    { own }: Recorder,
  ): AskedSpace | undefined {
    if (!isLocal) return viewed.asked[viewed.regions.regionOf(words, place * 4)]
    return own?.isOwn(families[place] as number, words, place * 4, isPacket) ? viewed.own : undefined
  }

  /** The same of an end of which nothing tells whether it is the interface's own. `isOpposite` is of the other end. */
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
    if (!this.remembered.recall(side, place, space, from, until)) this.workOut(side, place, space, recorder.known)
  }

  settleAll(): void {
    this.settle(this.pending4)
    this.settle(this.pending6)
  }

  private settle(pending: PendingLookUps): void {
    if (pending.count === 0) return
    pending.lookUp(this.index.generation)
    for (let i = 0; i < pending.count; i++) this.settleOne(pending, i)
    pending.clear()
  }

  private settleOne(pending: PendingLookUps, i: number): void {
    const owner = pending.owners[i] as number
    const place = pending.places[i] as number
    const space = pending.spaces[i] as number
    const side = pending.sides[i] as SideOfBatch
    const asked = pending.asked[i] as AskedSpace
    const fromMs = Math.max(pending.besideFromMs[i] as number, asked.beforeMs)
    const untilMs = Math.min(pending.besideUntilMs[i] as number, this.settings.nowMs)
    const known = pending.known[i] as KnownInterface
    const isOwn = pending.areOwn[i] === 1
    const isQuick = owner >= 0 && asked.isOwnerSure && !this.settings.wantsFinal
    if (isQuick && !(isOwn && this.index.isElsewhere(owner, known.number))) {
      this.counts.lookedUp++
      const { answers, claims, marks } = side.answered
      answers[place] = owner
      claims[place] = pending.claims[i] as number
      marks[place] = this.ends.verdictOfFact(owner) | (asked.number << MARK_DOMAIN)
      if (fromMs < untilMs) this.remembered.keep(side, place, space, { fromMs, untilMs })
      return
    }
    const [from, until] = [pending.fromSeconds[i] as number, pending.untilSeconds[i] as number]
    if (owner === NOBODY && fromMs < untilMs && !isOwn) {
      this.answerUnclaimed(side, place, space, asked, known, from, until, { fromMs, untilMs })
    } else if (!this.remembered.recall(side, place, space, from, until)) this.workOut(side, place, space, known)
  }

  /** An address that no claim names during a stretch is answered as all such addresses of its region. */
  private answerUnclaimed(
    side: SideOfBatch,
    place: number,
    space: number,
    { answers, regions }: AskedSpace,
    known: KnownInterface,
    from: number,
    until: number,
    unclaimed: Window,
  ): void {
    const region = regions.regionOf(side.column(place).words, place * 4)
    if ((answers.fromMs[region] as number) <= from * 1000 && until * 1000 <= (answers.untilMs[region] as number)) {
      this.counts.byRegion++
      this.writeNumber(side, place, answers.ends[region] as number, answers.marks[region] as number)
      const stretch = intersection(answers.stretch(region), unclaimed)
      if (stretch) this.remembered.keep(side, place, space, stretch)
      return
    }
    const stretch = this.workOut(side, place, space, known)
    if (stretch === undefined || this.lookUps.wentBeyond || this.lookUps.hasPorts) return
    const { answers: given, marks } = side.answered
    answers.put(region, stretch, -1 - (given[place] as number), marks[place] as number)
  }

  /** As `attributeEnd` answers it. Returns, and remembers, over which stretch the answer holds. */
  private workOut(side: SideOfBatch, place: number, space: number, known: KnownInterface): Window | undefined {
    const { lookUps, settings } = this
    const window = this.windowOf(side.batch, place) as Window
    this.counts.workedOut++
    lookUps.begin(window, known)
    const { end, final } = attributeEnd(recordAt(side.batch, place), side.side, window, settings.nowMs, lookUps)
    lookUps.rest()
    this.write(side, place, end, final)
    if (!lookUps.stretch.isSteady) return undefined
    this.remembered.keep(side, place, space, lookUps.stretch, lookUps.hasPorts)
    return lookUps.stretch
  }

  private write(side: SideOfBatch, place: number, end: FlowEnd, isFinal: boolean): void {
    const number = this.ends.intern(end)
    this.writeNumber(side, place, number, this.ends.verdictOf(number) | (isFinal ? MARK_FINAL : 0))
  }

  private writeNumber({ answered, joined }: SideOfBatch, place: number, end: number, marks: number): void {
    answered.answers[place] = -1 - end
    answered.claims[place] = 0
    answered.marks[place] = marks
    if ((marks & MARK_FINAL) === 0) joined.isFinal[place] = 0
  }
}
