import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Millis } from '../../src/ownership/window.ts'
import { createWorld } from '../../src/simulator/world.ts'
import { WeatheredWorld } from '../../test/support/bad-weather.ts'
import type { Baseline } from './baselines/baseline.ts'
import { Detections } from './baselines/detections.ts'
import { type Cell, declaredBounds, hasRestarts } from './cell.ts'
import { Comparison } from './comparison.ts'
import { Edges, TrueEdges } from './edges.ts'
import { eventsIn, type Happenings } from './events.ts'
import { type Flow, letFlow, SIDES } from './flows.ts'
import { inWords, isWrong, Judging } from './judging.ts'
import { type Polled, Pollers, shownLateMs } from './polling.ts'
import { LONGEST_HOLD_MS, RecordAnswers } from './record-answers.ts'
import { type Answered, type Replay, replayOf } from './replay.ts'
import { Tally, weaker } from './tally.ts'

const START_MS = Date.UTC(2026, 10, 20, 12)
const MINUTE_MS = 60_000
/** Before flows are counted: what was there before the first poll is not known from when. */
const WARM_UP_MS = 10 * MINUTE_MS
const MOST_EXAMPLES = 10

export type Measured = {
  readonly cell: Cell
  readonly seed: number
  readonly tally: Tally
  readonly polled: Polled
  readonly happened: Happenings
  /** From the end of a record to the poll that made its answer final, in ascending order. */
  readonly delaysMs: readonly Millis[]
  /** Answers that were not final after LONGEST_HOLD_MS. */
  readonly neverFinal: number
  readonly trueEdges: TrueEdges
  readonly edges: Edges
  readonly comparisons: readonly Comparison[]
  readonly replay: Replay
  /** Wrong answers in words, ten at most. */
  readonly examples: readonly string[]
}

/** Lets one world live, polls it, attributes its flows by the enricher's own function, and compares with the truth. */
export async function measureCell(cell: Cell, seed: number, baselines: readonly Baseline[]): Promise<Measured> {
  const { minutes, timesLateMs, connectionsPerMinute: connections } = cell
  const { slackMs } = declaredBounds(cell)
  const world = worldOf(cell, seed)
  const run = new WeatheredWorld(world, cell.weather, seed)
  const index = createOwnershipIndex()
  const detections = new Detections()
  const fromMs = START_MS + WARM_UP_MS
  const pollers = new Pollers(run, index, cell, fromMs, (...poll) => detections.saw(...poll))
  const answers = new RecordAnswers(
    index,
    cell.sightings ? { publish: claims => pollers.publish(claims), slackMs } : undefined,
  )
  const judging = new Judging(run, pollers, cell)
  const tally = new Tally()
  const trueEdges = new TrueEdges()
  const edges = new Edges()
  const comparisons = baselines.map(baseline => new Comparison(baseline))
  const taken: Answered[] = []
  const delaysMs: Millis[] = []
  const examples: string[] = []
  const listedOn = new Set<string>()
  let unread: readonly Flow[] = []

  letFlow(world, seed, { fromMs, minutes, connections, slackMs, timesLateMs }, flows => {
    answers.come(flows)
    unread = [...unread, ...flows]
    for (const flow of flows) trueEdges.add(flow)
  })
  const untilMs = fromMs + minutes * MINUTE_MS
  while (run.nowMs < untilMs + LONGEST_HOLD_MS + MINUTE_MS || answers.open > 0) {
    await pollers.next()
    await answers.learn(run.clock.now())
    settleFlows()
    compareFlows()
    for (const { id, finishedMs, listedUntilMs } of world.containers.acceptedBy(run.nowMs)) {
      if (finishedMs <= run.nowMs && run.nowMs < listedUntilMs) listedOn.add(id)
    }
  }
  delaysMs.sort((a, b) => a - b)
  const lived = hasRestarts(cell) ? index : undefined
  const replay = await replayOf(taken, {
    index: lived,
    pollers,
    judging,
    slackMs,
    nowMs: run.clock.now(),
    withSightings: cell.sightings,
  })
  examples.push(...replay.examples)
  const span = { fromMs, untilMs }
  const happened = {
    ...eventsIn(world, span),
    finished_listed: listedOn.size,
    hung_requests: run.hung,
    lost_polls: pollers.counted.refused,
    doubted_polls: pollers.counted.doubted,
    minutes_off: pollers.minutesOff(span),
    source_stale_ends: tally.reasons.get('unknown source-stale') ?? 0,
  }
  const neverFinal = taken.length - delaysMs.length
  const polled = pollers.counted
  return { cell, seed, tally, polled, happened, delaysMs, neverFinal, trueEdges, edges, comparisons, replay, examples }

  function settleFlows(): void {
    answers.ask(run.clock.now(), (flow, answered, isOverdue) => {
      const judged = judging.judge(flow, answered)
      // An answer that is wrong is wrong, be it final or not.
      if (!answered.final && !isOverdue && !isWrong(judged)) return false
      tally.add(flow, judged)
      taken.push({ flow, answered })
      trueEdges.answered(flow, weaker(judged.source.outcome, judged.destination.outcome))
      if (answered.final) delaysMs.push(run.nowMs - flow.window.untilMs)
      if (isWrong(judged) && examples.length < MOST_EXAMPLES) examples.push(...inWords(flow, answered, judged))
      const { source, destination } = answered
      if (source.application !== '' && destination.application !== '') {
        edges.add(flow, source.application, destination.application)
      }
      return true
    })
  }

  /** Each flow once the longest of the holds is over: a baseline is told as of when it is to answer. */
  function compareFlows(): void {
    const skewMs = run.offsetMs
    unread = unread.filter(flow => {
      if (run.nowMs < flow.arrivedMs + LONGEST_HOLD_MS) return true
      for (const side of SIDES) tally.provable += judging.provable(flow, side)
      for (const comparison of comparisons) comparison.add(flow, detections, flow.arrivedMs + skewMs)
      return false
    })
  }
}

const worldOf = (cell: Cell, seed: number) =>
  createWorld(seed, START_MS, cell.scale, {
    briefestHoldingMs: cell.briefestHoldingMs,
    bridgeMs: cell.bridgeMs,
    reuseGapMs: cell.reuseGapMs,
    pace: cell.pace,
    shownLateMs: shownLateMs(cell),
    tagsLateMs: cell.tagsLateMs,
    habits: cell.habits,
  })
