import type { Family } from '../../ownership/address.ts'
import { PlainHandoffs } from '../../ownership/generation/plain-handoffs.ts'
import type { StandingIndex } from '../../ownership/standing-index.ts'
import type { Window } from '../../ownership/window.ts'
import type { FlowEnd } from '../../store/port.ts'
import { attribute, attributeEnd, ownEnd } from '../attribute.ts'
import { answeredEnd } from '../flow-end.ts'
import { recordAt } from '../flowlogs/record-at.ts'
import type { RecordBatch } from '../flowlogs/record-batch.ts'
import { AnsweredEnds, MARK_FINAL } from './answered-ends.ts'
import type { AskedSpace } from './asked-space.ts'
import { type JoinCounts, type JoinSettings, windowAt } from './join-settings.ts'
import type { RememberedEnds } from './remembered-ends.ts'
import type { SideOfBatch } from './side-of-batch.ts'
import type { KnownInterface, SteadyLookUps } from './steady-look-ups.ts'

/** Answers by `attribute` itself, each worked out once for all that it holds for. */
export class WorkedOutEnds {
  readonly ends: AnsweredEnds
  readonly counts: JoinCounts = { lookedUp: 0, byRegion: 0, workedOut: 0, whole: 0 }
  private readonly lookUps: SteadyLookUps
  private readonly settings: JoinSettings
  private readonly remembered: RememberedEnds
  private readonly handoffs: PlainHandoffs

  constructor(index: StandingIndex, lookUps: SteadyLookUps, settings: JoinSettings, remembered: RememberedEnds) {
    this.ends = new AnsweredEnds(index.generation)
    this.lookUps = lookUps
    this.settings = settings
    this.remembered = remembered
    this.handoffs = new PlainHandoffs(index.generation)
  }

  /** The record as `attribute` answers it, with nothing remembered. */
  answerWhole(batch: RecordBatch, place: number, source: SideOfBatch, destination: SideOfBatch): void {
    const { joined } = source
    const window = windowAt(batch, place, this.settings)
    joined.isAnswered[place] = window === undefined ? 0 : 1
    if (window === undefined) return
    this.counts.whole++
    const answered = attribute(recordAt(batch, place), window, this.settings.nowMs, this.lookUps)
    joined.isFinal[place] = answered.final ? 1 : 0
    this.write(source, place, answered.source, true)
    this.write(destination, place, answered.destination, true)
  }

  /** As `attributeEnd` answers it. Returns, and remembers, over which stretch the answer holds. */
  answerEnd(side: SideOfBatch, place: number, space: number, known: KnownInterface): Window | undefined {
    const { lookUps, settings } = this
    const window = windowAt(side.batch, place, settings) as Window
    lookUps.begin(window, known)
    const { end, final } = attributeEnd(recordAt(side.batch, place), side.side, window, settings.nowMs, lookUps)
    return this.finish(side, place, space, end, final)
  }

  /**
   * An end that one space alone can tell of, as `answerIn` answers it, where its address plainly changes hands within the window.
   * False where it does not, or where it is to be told whether that is final.
   */
  answerHandoff(
    { domain, number }: AskedSpace,
    side: SideOfBatch,
    place: number,
    { fromMs, untilMs }: Window,
  ): boolean {
    if (this.settings.wantsFinal) return false
    const { families, words } = side.column(place)
    const family = families[place] as Family
    const at = place * 4
    const a = words[at] as number
    const [b, c, d] =
      family === 4 ? [0, 0, 0] : [words[at + 1] as number, words[at + 2] as number, words[at + 3] as number]
    const { handoffs, ends } = this
    const reason = handoffs.reasonOf(number, family, a, b, c, d, fromMs, untilMs)
    if (reason === undefined) return false
    this.counts.workedOut++
    const end = ends.internHandoff(domain, reason, handoffs.candidates.resourceIds())
    this.writeNumber(side, place, end, ends.verdictOf(end))
    return true
  }

  /**
   * The same, of an end that one space alone can tell of: its own domain's, where it is the interface's own (`isOwn`), else one
   * from which no route leads. `attribute` would come to ask just this, after it has made objects of the whole record.
   */
  answerIn(
    asked: AskedSpace,
    side: SideOfBatch,
    place: number,
    space: number,
    known: KnownInterface,
    isOwn: boolean,
    { fromMs, untilMs }: Window,
  ): Window | undefined {
    const { lookUps, settings } = this
    const { domain } = asked
    const ip = side.ip(place)
    const port = side.port(place)
    const question = { domain, ip, fromMs, untilMs, nowMs: settings.nowMs }
    lookUps.begin(question, known)
    const answer = lookUps.ask(side.hasPorts(place) && port !== undefined ? { ...question, port } : question)
    const found = answeredEnd(ip, port ?? 0, domain, answer)
    const end = isOwn ? ownEnd(found, answer, side.interfaceId(place)) : found
    return this.finish(side, place, space, end, answer.final)
  }

  private finish(side: SideOfBatch, place: number, space: number, end: FlowEnd, isFinal: boolean): Window | undefined {
    const { lookUps } = this
    const { stretch } = lookUps
    lookUps.rest()
    this.counts.workedOut++
    this.write(side, place, end, isFinal)
    if (!stretch.isSteady) return undefined
    this.remembered.keep(side, place, space, stretch.fromMs, stretch.untilMs, lookUps.hasPorts)
    return stretch
  }

  /**
   * An address that no claim names during a stretch around its window is answered as all such addresses of its region, where
   * one of them was worked out.
   */
  answerUnclaimed(
    side: SideOfBatch,
    place: number,
    space: number,
    asked: AskedSpace,
    known: KnownInterface,
    window: Window,
    unclaimed: Window,
  ): void {
    const { answers } = asked
    const region = answers.regions.regionOf(side.column(place).words, place * 4)
    if (answers.holdsFor(region, window.fromMs, window.untilMs)) {
      this.counts.byRegion++
      this.writeNumber(side, place, answers.ends[region] as number, answers.marks[region] as number)
      const fromMs = Math.max(answers.fromMs[region] as number, unclaimed.fromMs)
      const untilMs = Math.min(answers.untilMs[region] as number, unclaimed.untilMs)
      this.remembered.keep(side, place, space, fromMs, untilMs)
      return
    }
    const stretch = asked.isAlone
      ? this.answerIn(asked, side, place, space, known, false, window)
      : this.answerEnd(side, place, space, known)
    if (stretch === undefined || this.lookUps.wentBeyond || this.lookUps.hasPorts) return
    const { answers: given, marks } = side.answered
    answers.put(region, stretch, -1 - (given[place] as number), marks[place] as number)
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
