import { declaredBounds, isBeyond, MAIN_CELL, SIGHTINGS_CELL, TARGETED_CELL } from './cell.ts'
import type { Comparison } from './comparison.ts'
import { SIDES, type Side } from './flows.ts'
import { OUTCOMES } from './judge.ts'
import type { Measured } from './measure-cell.ts'
import { LONGEST_HOLD_MS } from './record-answers.ts'
import { type Outcomes, type Share, sharesOf } from './tally.ts'

const round = (value: number, digits = 4): number => Number(value.toFixed(digits))
const part = (some: number, all: number): number => round(all === 0 ? 0 : some / all)

/** Counts of each outcome, by flows and bytes. */
const outcomesOf = (outcomes: Outcomes) =>
  Object.fromEntries(OUTCOMES.map(outcome => [outcome, [outcomes[outcome].flows, outcomes[outcome].bytes]]))

const shareOf = (share: Share) => {
  const { flows, bytes } = sharesOf(share)
  return { ends: share.ends.flows, flows: round(flows), bytes: round(bytes) }
}

export type CellFigures = ReturnType<typeof cellFigures>

export function cellFigures(measured: Measured) {
  const { cell, tally, polled, delaysMs, neverFinal, trueEdges, edges, happened, replay } = measured
  const delayAt = (share: number) => round((delaysMs[Math.floor(delaysMs.length * share)] ?? Number.NaN) / 1000, 1)
  const { attributable } = tally
  const found = trueEdges.compare(edges)
  return {
    cell: cell.name,
    says: cell.says,
    /** Null where the declared bounds hold; else they, and what is so. */
    beyond: isBeyond(cell) ? boundsOf(measured) : null,
    poll_seconds: cell.pollMs / 1000,
    lag_seconds: cell.weather.lagMs / 1000,
    minutes: cell.minutes,
    records: tally.records,
    polls: polled.polls,
    refused: polled.refused,
    looks: polled.looks,
    /** Ends and edges that are not the truth, each side by itself. */
    wrong: SIDES.reduce((sum, side: Side) => sum + tally.ends[side].wrong.flows, 0),
    wrong_edges: found.wrong,
    owned_share: shareOf(attributable).flows,
    owned_share_bytes: shareOf(attributable).bytes,
    arithmetic_limit: part(tally.provable, attributable.ends.flows),
    attributable_ends: attributable.ends.flows,
    by_kind: Object.fromEntries(Object.entries(tally.byKind).map(([kind, share]) => [kind, shareOf(share)])),
    source: outcomesOf(tally.ends.source),
    destination: outcomesOf(tally.ends.destination),
    both: outcomesOf(tally.both),
    reasons: Object.fromEntries([...tally.reasons].sort(([, a], [, b]) => b - a)),
    happened,
    /** What the cell is there to show, and does not. */
    not_shown: cell.shows.filter(what => happened[what] === 0),
    shared_addresses: outcomesOf(tally.shared),
    overlapping_addresses: outcomesOf(tally.overlapping),
    truth_not_among_candidates: tally.truthMissed,
    edges: {
      reported: found.reported,
      wrong: found.wrong,
      real: found.real,
      found_share: part(found.found, found.real),
      found_share_bytes: part(found.foundBytes, found.realBytes),
      /** Real edges by the best answer that one of their flows got. */
      by_outcome: Object.fromEntries(trueEdges.byOutcome()),
    },
    /** The same records in batch, on an index that is made anew of the change stream. */
    batch: {
      records: replay.records,
      wrong: replay.wrong,
      owned_share: part(replay.owned, attributable.ends.flows),
      gained: replay.gained,
      narrowed: replay.narrowed,
      differing: replay.differing,
    },
    /** Ends that flow sightings turned from ambiguous or unknown into owned, and those that they took back. */
    by_sightings: replay.bySightings,
    answer_delay_seconds: {
      median: delayAt(0.5),
      p99: delayAt(0.99),
      never_within: LONGEST_HOLD_MS / 1000,
      never: neverFinal,
    },
    baselines: Object.fromEntries(measured.comparisons.map(one => [one.baseline.name, baselineFigures(one, measured)])),
  }
}

const boundsOf = ({ cell }: Measured) => {
  const { weather, bridgeMs, timesLateMs } = cell
  const { lagMs, clockErrorMs, beyondMs, lacking } = weather
  return { declared: declaredBounds(cell), real: { lagMs, clockErrorMs, bridgeMs, timesLateMs, beyondMs, lacking } }
}

function baselineFigures({ counts, edges }: Comparison, { trueEdges }: Measured) {
  const { reported, wrong, found, real } = trueEdges.compare(edges)
  return {
    wrong_share: {
      flows: part(counts.wrongFlows, counts.answeredFlows),
      bytes: part(counts.wrongBytes, counts.answeredBytes),
      edges: part(wrong, reported),
    },
    ends: { right: counts.right, partly: counts.partly, other: counts.other, nobody: counts.nobody },
    right_share: part(counts.right, counts.attributable),
    edges_found_share: part(found, real),
  }
}

/** Ends and edges, live and in batch, that are not the truth. */
export const wrongOf = ({ wrong, wrong_edges, batch }: CellFigures): number => wrong + wrong_edges + batch.wrong

/** What the last line of the benchmark says of all cells. Beyond the bounds nothing counts as wrong: it is listed apart. */
export function figuresOf(all: readonly CellFigures[]) {
  const cells = all.filter(({ beyond }) => beyond === null)
  const named = (name: string) => cells.find(({ cell }) => cell === name)
  const main = named(MAIN_CELL)
  return {
    wrong: cells.reduce((sum, one) => sum + wrongOf(one), 0),
    owned_share: main?.owned_share ?? null,
    arithmetic_limit: main?.arithmetic_limit ?? null,
    owned_share_targeted: named(TARGETED_CELL)?.owned_share ?? null,
    owned_share_with_sightings: named(SIGHTINGS_CELL)?.owned_share ?? null,
    batch_differing: cells.reduce((sum, { batch }) => sum + batch.differing, 0),
    baselines: main?.baselines ?? null,
    cells,
    beyond: all.filter(({ beyond }) => beyond !== null),
  }
}

export type BenchFigures = ReturnType<typeof figuresOf>
