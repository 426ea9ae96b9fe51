import type { StandingIndex } from '../../ownership/standing-index.ts'
import type { RecordBatch } from '../flowlogs/record-batch.ts'
import { type BatchStrip, DONE } from './batch-strip.ts'
import type { EndAnswers } from './end-answers.ts'
import { type JoinSettings, windowAt } from './join-settings.ts'
import { PACKET, type Recorder } from './recorder.ts'
import {
  ACCOUNT,
  FLAGS,
  FROM,
  HOST4,
  IS_FINAL,
  IS_KNOWN,
  ONE_HOST4,
  OWN_SPACE,
  REGION,
  REMOTE_SPACE,
  ROW,
  UNTIL,
  VPC,
} from './recorder-rows.ts'
import { Recorders } from './recorders.ts'
import { LAST_SECOND } from './seconds.ts'
import type { SideOfBatch } from './side-of-batch.ts'
import type { SteadyLookUps } from './steady-look-ups.ts'
import type { Viewpoints } from './viewpoints.ts'

const INGRESS = 1
/** Which ends are the recording interface's: bits, or none that is known. */
const NEITHER = 0
const SOURCE = 1
const DESTINATION = 2

/** Tells of each record of a strip who made it and from where its ends are seen. */
export class RecordersOfStrip {
  private readonly recorders: Recorders
  private readonly viewpoints: Viewpoints
  private readonly answers: EndAnswers
  private readonly settings: JoinSettings
  private readonly slackSeconds: number

  constructor(
    index: StandingIndex,
    lookUps: SteadyLookUps,
    viewpoints: Viewpoints,
    answers: EndAnswers,
    settings: JoinSettings,
  ) {
    this.recorders = new Recorders(index, lookUps, viewpoints)
    this.viewpoints = viewpoints
    this.answers = answers
    this.settings = settings
    this.slackSeconds = Math.ceil(settings.slackMs / 1000)
  }

  startBatch(batch: RecordBatch): void {
    this.recorders.startBatch(batch)
  }

  /**
   * Fills the strip. What cannot be answered from memory is answered at once: a record as a whole, or an end of which
   * nothing tells whether it is the interface's own. Tight, as every record comes by here: who made it is one row of numbers
   * (recorder-rows.ts), the usual record calls nothing, and all that is rare is left to other methods.
   */
  lookAt(strip: BatchStrip, source: SideOfBatch, destination: SideOfBatch): void {
    const { first, count, froms, untils, recorders, sourceSpaces, destinationSpaces } = strip
    const { batch, joined, observed: from4, packet: fromPacket } = source
    const { observed: to4, packet: toPacket } = destination
    const { startSeconds, endSeconds, transits, interfaces, accounts, vpcs, regions, directions } = batch
    const { isAnswered, isFinal } = joined
    const { slackSeconds } = this
    const { numbers, recorders: known } = this.recorders.rows
    for (let i = 0; i < count; i++) {
      const place = first + i
      const start = startSeconds[place] as number
      const end = endSeconds[place] as number
      sourceSpaces[i] = DONE
      destinationSpaces[i] = DONE
      if (start < 0 || end < 0 || end >= LAST_SECOND || transits[place] === 1) {
        this.answers.workedOut.answerWhole(batch, place, source, destination)
        continue
      }
      const from = (start - slackSeconds) | 0
      const until = (end + 1) | 0
      const interfaceNumber = (interfaces[place] as number) + 1
      const row = interfaceNumber * ROW
      const isKnown =
        (numbers[row + FROM] as number) <= from &&
        until <= (numbers[row + UNTIL] as number) &&
        numbers[row + ACCOUNT] === accounts[place] &&
        numbers[row + VPC] === vpcs[place] &&
        numbers[row + REGION] === regions[place]
      if (!isKnown && !this.meet(batch, place, from, until)) {
        this.answers.workedOut.answerWhole(batch, place, source, destination)
        continue
      }
      const flags = numbers[row + FLAGS] as number
      isAnswered[place] = 1
      isFinal[place] = flags & IS_FINAL
      let local: number
      if (directions[place] !== 0) local = directions[place] === INGRESS ? DESTINATION : SOURCE
      else if ((flags & ONE_HOST4) !== 0 && from4.families[place] === 4 && to4.families[place] === 4) {
        const host = numbers[row + HOST4]
        local = (from4.words[place * 4] === host ? SOURCE : 0) | (to4.words[place * 4] === host ? DESTINATION : 0)
      } else {
        local = (flags & IS_KNOWN) === 0 ? NEITHER : localEnds(known[interfaceNumber], place, source, destination)
      }
      if (local === NEITHER) {
        this.answerUntold(place, source, destination, known[interfaceNumber] as Recorder, from, until)
        continue
      }
      const ownSpace = numbers[row + OWN_SPACE] as number
      const remoteSpace = numbers[row + REMOTE_SPACE] as number
      froms[i] = from
      untils[i] = until
      recorders[i] = known[interfaceNumber] as Recorder
      sourceSpaces[i] =
        (local & SOURCE) === 0 ? remoteSpace : fromPacket.families[place] === 0 ? ownSpace : ownSpace + PACKET
      destinationSpaces[i] =
        (local & DESTINATION) === 0 ? remoteSpace : toPacket.families[place] === 0 ? ownSpace : ownSpace + PACKET
    }
  }

  private meet(batch: RecordBatch, place: number, from: number, until: number): boolean {
    const window = windowAt(batch, place, this.settings)
    return window !== undefined && this.recorders.meet(batch, place, window, from, until)
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
    const isSourceHome = this.viewpoints.isHome(domains, source.ip(place))
    const isDestinationHome = this.viewpoints.isHome(domains, destination.ip(place))
    answers.answerUntold(source, place, isDestinationHome, recorder, from, until)
    answers.answerUntold(destination, place, isSourceHome, recorder, from, until)
  }
}

/** As `localEndOf` (local-end.ts), of a record that tells no direction. */
function localEnds(
  recorder: Recorder | undefined,
  place: number,
  source: SideOfBatch,
  destination: SideOfBatch,
): number {
  const own = recorder?.own
  if (own === undefined) return NEITHER
  const from = source.observedColumn(place)
  const to = destination.observedColumn(place)
  const at = place * 4
  return (
    (own.has(from.families[place] as number, from.words, at) ? SOURCE : 0) |
    (own.has(to.families[place] as number, to.words, at) ? DESTINATION : 0)
  )
}
