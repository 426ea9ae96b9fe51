import { attribute, type LookUps } from '../../src/enricher/attribute.ts'
import { lookUpsOn } from '../../src/enricher/look-ups.ts'
import { PUBLIC_IPV4 } from '../../src/ownership/domains.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Millis } from '../../src/ownership/window.ts'
import { createWorld, type World } from '../../src/simulator/world.ts'
import type { FlowEnd } from '../../src/store/port.ts'
import { WeatheredWorld } from '../../test/support/bad-weather.ts'
import { wasSeeable } from '../../test/support/world-truth.ts'
import type { Baseline } from './baselines/baseline.ts'
import { Detections } from './baselines/detections.ts'
import type { Cell } from './cells.ts'
import { Comparison } from './comparison.ts'
import { Edges, TrueEdges } from './edges.ts'
import { type Flow, letFlow, onlyApplication, SIDES, type Side, spaceOf } from './flows.ts'
import { judge } from './judge.ts'
import { provableShare } from './limit.ts'
import { BRIDGE_MS, type Polled, Pollers, shownLateMs } from './polling.ts'
import { type JudgedEnd, type Kind, Tally } from './tally.ts'

const START_MS = Date.UTC(2026, 10, 20, 12)
const MINUTE_MS = 60_000
/** Before flows are counted: what was there before the first poll is not known from when. */
const WARM_UP_MS = 10 * MINUTE_MS
/** An answer that is not final by then is taken as it is, as the enricher's cap does. */
export const LONGEST_HOLD_MS = 15 * MINUTE_MS
const MOST_EXAMPLES = 10

export type Measured = {
  readonly cell: Cell
  readonly seed: number
  readonly tally: Tally
  readonly polled: Polled
  /** From the end of a record to the poll that made its answer final, in ascending order. */
  readonly delaysMs: readonly Millis[]
  /** Answers that were not final after LONGEST_HOLD_MS. */
  readonly neverFinal: number
  readonly trueEdges: TrueEdges
  readonly edges: Edges
  readonly comparisons: readonly Comparison[]
  /** Wrong answers in words, ten at most. */
  readonly examples: readonly string[]
}

/** Lets one world live, polls it, attributes its flows by the enricher's own function, and compares with the truth. */
export async function measureCell(cell: Cell, seed: number, baselines: readonly Baseline[]): Promise<Measured> {
  const { minutes, slackMs, connectionsPerMinute: connections } = cell
  const world = createWorld(seed, START_MS, cell.scale, {
    briefestHoldingMs: 0,
    bridgeMs: BRIDGE_MS,
    reuseGapMs: cell.reuseGapMs,
    pace: cell.pace,
    shownLateMs: shownLateMs(cell),
    tagsLateMs: cell.tagsLateMs,
  })
  const run = new WeatheredWorld(world, cell.weather, seed)
  const index = createOwnershipIndex()
  const detections = new Detections()
  const pollers = new Pollers(run, index, cell, (...poll) => detections.saw(...poll))
  const tally = new Tally()
  const trueEdges = new TrueEdges()
  const edges = new Edges()
  const comparisons = baselines.map(baseline => new Comparison(baseline))
  const delaysMs: Millis[] = []
  const examples: string[] = []
  let neverFinal = 0
  let open: Flow[] = []
  let unread: Flow[] = []

  const fromMs = START_MS + WARM_UP_MS
  letFlow(world, seed, { fromMs, minutes, connections, slackMs }, flow => {
    open.push(flow)
    unread.push(flow)
    trueEdges.add(flow)
  })
  const doneMs = fromMs + minutes * MINUTE_MS + LONGEST_HOLD_MS + MINUTE_MS
  while (run.nowMs < doneMs || open.length > 0) {
    await pollers.next()
    settleFlows()
    compareFlows()
  }
  delaysMs.sort((a, b) => a - b)
  return { cell, seed, tally, polled: pollers.counted, delaysMs, neverFinal, trueEdges, edges, comparisons, examples }

  /** Answers those of which both sources have told; what is not final all the same waits for the next poll. */
  function settleFlows(): void {
    const lookUps = lookUpsOn(index, [])
    open = open.filter(flow => {
      const isOverdue = run.nowMs >= flow.arrivedMs + LONGEST_HOLD_MS
      return (lookUps.toldUntilMs < flow.window.untilMs && !isOverdue) || !settle(flow, lookUps, isOverdue)
    })
  }

  function settle(flow: Flow, lookUps: LookUps, isOverdue: boolean): boolean {
    const answered = attribute(flow.record, flow.window, run.clock.now(), lookUps)
    const judged = {
      source: judgeEnd(flow, 'source', answered.source),
      destination: judgeEnd(flow, 'destination', answered.destination),
    }
    const isWrong = SIDES.some(side => judged[side].outcome === 'wrong')
    // An answer that is wrong is wrong, be it final or not.
    if (!answered.final && !isOverdue && !isWrong) return false
    tally.add(flow, judged)
    if (answered.final) delaysMs.push(run.nowMs - flow.packets.untilMs)
    else neverFinal++
    if (isWrong && examples.length < MOST_EXAMPLES) examples.push(...inWords(flow, answered, judged))
    const { source, destination } = answered
    if (source.application !== '' && destination.application !== '') {
      edges.add(flow, source.application, destination.application)
    }
    return true
  }

  function judgeEnd(flow: Flow, side: Side, said: FlowEnd): JudgedEnd {
    const truth = flow.truth[side]
    const { ip } = flow.record[side]
    const space = spaceOf(flow, side)
    const seeable = () =>
      wasSeeable(world, { ...flow.packets, domain: space, ip, nowMs: run.nowMs }, pollers.counted.seeableMs)
    const outcome = judge(said, truth, seeable)
    const application = onlyApplication(truth)
    const [holder] = truth.holders
    const isMissed = (id: string) => said.candidates.length > 0 && !said.candidates.includes(id)
    return {
      outcome,
      kind: application === undefined ? undefined : kindOf(world, flow, side),
      isShared: truth.holders.some(({ resourceId }) => resourceId.startsWith('shared ')),
      overlaps: world.vpcs.some(({ id }) => id !== space && world.ledger.tenuresOf(id, ip).length > 0),
      isTruthMissed:
        outcome === 'ambiguous' && application !== undefined && holder !== undefined && isMissed(holder.resourceId),
    }
  }

  /** Each flow once the longest of the holds is over: a baseline is told as of when it is to answer. */
  function compareFlows(): void {
    const skewMs = run.offsetMs
    unread = unread.filter(flow => {
      if (run.nowMs < flow.arrivedMs + LONGEST_HOLD_MS) return true
      for (const side of SIDES) tally.provable += provableOf(world, flow, side, cell)
      for (const comparison of comparisons) comparison.add(flow, detections, flow.arrivedMs + skewMs)
      return false
    })
  }
}

/** Of an end that one named application held throughout, once it is known for how long; else 0. */
function provableOf({ ledger }: World, flow: Flow, side: Side, { pollMs, weather }: Cell): number {
  const { window, packets, record } = flow
  const tenure = ledger.at(spaceOf(flow, side), record[side].ip, packets.fromMs)
  if (tenure === undefined || onlyApplication(flow.truth[side]) === undefined) return 0
  return provableShare(tenure, window, { intervalMs: pollMs, lagMs: weather.lagMs, clockErrorMs: weather.clockErrorMs })
}

function kindOf({ ledger }: World, flow: Flow, side: Side): Kind | undefined {
  const space = spaceOf(flow, side)
  const { ip } = flow.record[side]
  const tenure = ledger.at(space, ip, flow.packets.fromMs)
  if (tenure === undefined || space === PUBLIC_IPV4) return tenure && 'public'
  const isInBlock = !ip.includes(':') && tenure.eni.delegations.some(({ ips }) => ips.has(ip))
  return isInBlock ? 'block' : tenure.holder.layer
}

const inWords = (
  flow: Flow,
  answered: Readonly<Record<Side, FlowEnd>>,
  judged: Readonly<Record<Side, JudgedEnd>>,
): readonly string[] =>
  SIDES.filter(side => judged[side].outcome === 'wrong').map(side => {
    const { ip, domain, state, reason, application, resourceId, claimId } = answered[side]
    const { holders, nobody } = flow.truth[side]
    const really = holders.map(holder => `${holder.application} ${holder.resourceId}`)
    const held = [...really, ...(nobody ? ['nobody'] : [])].join(', ')
    const { fromMs, untilMs } = flow.window
    return `${side} ${ip} in ${domain} in [${fromMs}, ${untilMs}): ${state} ${reason} ${application} ${resourceId} (claim ${claimId}), really ${held}`
  })
