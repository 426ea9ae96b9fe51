import { MAIN_CELL, TARGETED_CELL } from './cells.ts'
import type { Comparison } from './comparison.ts'
import { SIDES, type Side } from './flows.ts'
import { OUTCOMES } from './judge.ts'
import { LONGEST_HOLD_MS, type Measured } from './measure-cell.ts'
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
  const { cell, tally, polled, delaysMs, neverFinal, trueEdges, edges } = measured
  const delayAt = (share: number) => round((delaysMs[Math.floor(delaysMs.length * share)] ?? Number.NaN) / 1000, 1)
  const { attributable } = tally
  const found = trueEdges.compare(edges)
  return {
    cell: cell.name,
    says: cell.says,
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
    shared_addresses: outcomesOf(tally.shared),
    overlapping_addresses: outcomesOf(tally.overlapping),
    truth_not_among_candidates: tally.truthMissed,
    edges: { reported: found.reported, wrong: found.wrong, found_share: part(found.found, found.real) },
    answer_delay_seconds: {
      median: delayAt(0.5),
      p99: delayAt(0.99),
      never_within: LONGEST_HOLD_MS / 1000,
      never: neverFinal,
    },
    baselines: Object.fromEntries(measured.comparisons.map(one => [one.baseline.name, baselineFigures(one, measured)])),
  }
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

/** What the last line of the benchmark says of all cells. */
export function figuresOf(cells: readonly CellFigures[]) {
  const main = cells.find(({ cell }) => cell === MAIN_CELL)
  const targeted = cells.find(({ cell }) => cell === TARGETED_CELL)
  return {
    wrong: cells.reduce((sum, { wrong, wrong_edges }) => sum + wrong + wrong_edges, 0),
    owned_share: main?.owned_share ?? null,
    arithmetic_limit: main?.arithmetic_limit ?? null,
    owned_share_targeted: targeted?.owned_share ?? null,
    owned_share_with_sightings: null,
    baselines: main?.baselines ?? null,
    cells,
  }
}
