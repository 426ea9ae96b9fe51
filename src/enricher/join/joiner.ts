import type { StandingIndex } from '../../ownership/standing-index.ts'
import type { RecordBatch } from '../flowlogs/record-batch.ts'
import type { AnsweredEnds } from './answered-ends.ts'
import { BatchStrip, MOST_IN_STRIP } from './batch-strip.ts'
import { EndAnswers } from './end-answers.ts'
import type { JoinCounts, JoinSettings } from './join-settings.ts'
import { JoinedBatch } from './joined-batch.ts'
import { RecordersOfStrip } from './recorders-of-strip.ts'
import { SideOfBatch } from './side-of-batch.ts'
import { SteadyLookUps } from './steady-look-ups.ts'
import { Viewpoints } from './viewpoints.ts'

export type { JoinCounts, JoinSettings } from './join-settings.ts'

/**
 * Answers whole batches as `attribute` answers each record, which is the reference. An answer is worked out by `attribute`
 * itself once, with the stretch of time over which it holds, and is remembered by all that it depends on: who records, the
 * address, and the port where claims tell ports apart. So most records cost two looks into a memo. Ends that are not in
 * it are looked up in the index many at a time; those that nobody is known to have held are answered by the region of the
 * address space that they lie in. What does not stay the same within the record's window goes to `attribute` as it is.
 *
 * A batch is answered strip by strip, and a strip step by step: who recorded each record and from where its ends are seen, all
 * sources from memory, all destinations. Each step is a loop of its own over columns, small enough to be compiled whole.
 */
export class Joiner {
  private readonly lookUps: SteadyLookUps
  private readonly answers: EndAnswers
  private readonly recorders: RecordersOfStrip
  private readonly strip = new BatchStrip()
  private joined: JoinedBatch | undefined

  constructor(index: StandingIndex, settings: JoinSettings) {
    this.lookUps = new SteadyLookUps(index, settings)
    const viewpoints = new Viewpoints(index, this.lookUps)
    this.answers = new EndAnswers(index, this.lookUps, viewpoints, settings)
    this.recorders = new RecordersOfStrip(index, this.lookUps, viewpoints, this.answers, settings)
  }

  get ends(): AnsweredEnds {
    return this.answers.workedOut.ends
  }

  get counts(): JoinCounts {
    return this.answers.workedOut.counts
  }

  /** Batches of another object follow. `regionOfObject` stands in for the region that a record does not name. */
  startObject(regionOfObject?: string): void {
    this.lookUps.regionOfObject = regionOfObject
  }

  /** The answers are good until the next call. */
  answer(batch: RecordBatch): JoinedBatch {
    const { answers, recorders, strip } = this
    answers.forgetIfMany()
    recorders.startBatch(batch)
    const joined = this.roomFor(batch)
    const source = new SideOfBatch('source', batch, joined)
    const destination = new SideOfBatch('destination', batch, joined)
    for (let first = 0; first < batch.count; first += MOST_IN_STRIP) {
      strip.begin(first, batch.count)
      recorders.lookAt(strip, source, destination)
      answers.answerAll(source, strip, strip.sourceSpaces)
      answers.answerAll(destination, strip, strip.destinationSpaces)
    }
    answers.settleAll()
    return joined
  }

  private roomFor(batch: RecordBatch): JoinedBatch {
    if (this.joined === undefined || this.joined.capacity < batch.capacity) {
      this.joined = new JoinedBatch(batch, this.ends)
    }
    this.joined.batch = batch
    return this.joined
  }
}
