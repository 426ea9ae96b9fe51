import { isPublicDomain } from '../../ownership/domains.ts'
import type { StandingIndex } from '../../ownership/standing-index.ts'
import type { RecordBatch } from '../flowlogs/record-batch.ts'
import type { AnsweredEnds } from './answered-ends.ts'
import { EndAnswers, type JoinCounts, type JoinSettings } from './end-answers.ts'
import { JoinedBatch } from './joined-batch.ts'
import { type Recorder, Recorders } from './recorders.ts'
import { LAST_SECOND } from './seconds.ts'
import { SideOfBatch } from './side-of-batch.ts'
import { SteadyLookUps } from './steady-look-ups.ts'

export type { JoinCounts, JoinSettings } from './end-answers.ts'

const INGRESS = 1
const EGRESS = 2
/** Which ends are the recording interface's: bits, or none that is known. */
const NEITHER = 0
const SOURCE = 1
const DESTINATION = 2

/**
 * Answers whole batches as `attribute` answers each record, which is the reference. An answer is worked out by `attribute`
 * itself once, with the stretch of time over which it holds, and is remembered by all that it depends on: who records, the
 * address, and the port where claims tell ports apart. So most records cost two looks into a memo. Remote ends that are not in
 * it are looked up in the index many at a time; those that nobody is known to have held are answered by the region of the
 * address space that they lie in. What does not stay the same within the record's window goes to `attribute` as it is.
 */
export class Joiner {
  private readonly lookUps: SteadyLookUps
  private readonly recorders: Recorders
  private readonly answers: EndAnswers
  private readonly slackSeconds: number
  private joined: JoinedBatch | undefined

  constructor(index: StandingIndex, settings: JoinSettings) {
    this.lookUps = new SteadyLookUps(index, settings)
    this.recorders = new Recorders(index, this.lookUps)
    this.answers = new EndAnswers(index, this.lookUps, settings)
    this.slackSeconds = Math.ceil(settings.slackMs / 1000)
  }

  get ends(): AnsweredEnds {
    return this.answers.ends
  }

  get counts(): JoinCounts {
    return this.answers.counts
  }

  /** Batches of another object follow. `regionOfObject` stands in for the region that a record does not name. */
  startObject(regionOfObject?: string): void {
    this.lookUps.regionOfObject = regionOfObject
    this.recorders.startObject()
  }

  /** The answers are good until the next call. */
  answer(batch: RecordBatch): JoinedBatch {
    this.answers.forgetIfMany()
    const joined = this.roomFor(batch)
    const source = new SideOfBatch('source', batch, joined)
    const destination = new SideOfBatch('destination', batch, joined)
    const { count } = batch
    for (let place = 0; place < count; place++) this.answerRecord(batch, place, source, destination)
    this.answers.settleAll()
    return joined
  }

  private roomFor(batch: RecordBatch): JoinedBatch {
    if (this.joined === undefined || this.joined.capacity < batch.capacity) {
      this.joined = new JoinedBatch(batch, this.ends)
    }
    this.joined.batch = batch
    return this.joined
  }

  private answerRecord(batch: RecordBatch, place: number, source: SideOfBatch, destination: SideOfBatch): void {
    const { answers } = this
    const start = batch.startSeconds[place] as number
    const end = batch.endSeconds[place] as number
    if (start < 0 || end < 0 || end >= LAST_SECOND || batch.transits[place] === 1) {
      answers.answerWhole(batch, place, source, destination)
      return
    }
    const from = (start - this.slackSeconds) | 0
    const until = (end + 1) | 0
    const recorder = this.recorders.of(batch, place)
    if (from < recorder.fromSeconds || until > recorder.untilSeconds) {
      if (!this.renew(recorder, batch, place, from, until)) {
        answers.answerWhole(batch, place, source, destination)
        return
      }
    }
    source.joined.begin(place, recorder.isFinal)
    const local = localEnds(recorder, batch, place, source, destination)
    if (local === NEITHER) {
      this.answerUntold(place, source, destination, recorder, from, until)
      return
    }
    answers.answerEnd(source, place, (local & SOURCE) !== 0, recorder, from, until)
    answers.answerEnd(destination, place, (local & DESTINATION) !== 0, recorder, from, until)
  }

  /** What an end is taken for depends on whether the other one stands in the interface's own domain. */
  private answerUntold(
    place: number,
    source: SideOfBatch,
    destination: SideOfBatch,
    recorder: Recorder,
    from: number,
    until: number,
  ): void {
    const { answers } = this
    const { domains } = recorder.known
    const isSourceHome = answers.viewpoints.isHome(domains, source.ip(place))
    const isDestinationHome = answers.viewpoints.isHome(domains, destination.ip(place))
    answers.answerUntold(source, place, isDestinationHome, recorder, from, until)
    answers.answerUntold(destination, place, isSourceHome, recorder, from, until)
  }

  private renew(recorder: Recorder, batch: RecordBatch, place: number, from: number, until: number): boolean {
    const window = this.answers.windowOf(batch, place)
    if (window === undefined || !this.recorders.renew(recorder, batch, place, window)) return false
    const { domain } = recorder
    const isViewed = domain !== undefined && !isPublicDomain(domain)
    recorder.viewed4 = isViewed ? this.answers.viewpoints.from(domain, 4) : undefined
    recorder.viewed6 = isViewed ? this.answers.viewpoints.from(domain, 6) : undefined
    return from >= recorder.fromSeconds && until <= recorder.untilSeconds
  }
}

/** As `localEndOf` (local-end.ts). */
function localEnds(
  { own }: Recorder,
  batch: RecordBatch,
  place: number,
  source: SideOfBatch,
  destination: SideOfBatch,
): number {
  const direction = batch.directions[place] as number
  if (direction === INGRESS) return DESTINATION
  if (direction === EGRESS) return SOURCE
  if (own === undefined) return NEITHER
  const from = source.observedColumn(place)
  const to = destination.observedColumn(place)
  const at = place * 4
  return (
    (own.has(from.families[place] as number, from.words, at) ? SOURCE : 0) |
    (own.has(to.families[place] as number, to.words, at) ? DESTINATION : 0)
  )
}
