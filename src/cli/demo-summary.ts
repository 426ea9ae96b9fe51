import { ANSWER_STATES } from '../ownership/answer.ts'
import { type Accuracy, ownedShare } from './demo-accuracy.ts'
import { inUnits } from './states-table.ts'
import { tableFor } from './table.ts'

/** The last line of `whohad demo --once --json`. */
export const demoJson = (accuracy: Accuracy, seed: number, seconds: number) => ({
  seed,
  records: accuracy.records,
  states: accuracy.states,
  managed: accuracy.managed,
  owned_share: rounded(ownedShare(accuracy.managed)),
  wrong: accuracy.wrong,
  seconds,
})

const rounded = (share: number) => Math.round(share * 10_000) / 10_000

export function demoSummary(accuracy: Accuracy, run: { seed: number; minutes: number; seconds: number }): string {
  const head = ['state', 'source flows', 'source bytes', 'destination flows', 'destination bytes', 'managed ends']
  const table = tableFor(process.stderr, head, ['left', 'right', 'right', 'right', 'right', 'right'])
  for (const state of ANSWER_STATES) {
    const { source, destination } = accuracy.states
    table.push([
      state,
      source[state].flows.toLocaleString('en-US'),
      inUnits(source[state].bytes),
      destination[state].flows.toLocaleString('en-US'),
      inUnits(destination[state].bytes),
      accuracy.managed[state].flows.toLocaleString('en-US'),
    ])
  }
  const share = (100 * ownedShare(accuracy.managed)).toFixed(1)
  return [
    table.toString(),
    `${accuracy.records.toLocaleString('en-US')} records of ${run.minutes} simulated minutes in ${run.seconds} s.`,
    `${share} % of the ends at managed addresses are owned. Owned answers that are not the truth: ${accuracy.wrong}.`,
    ...accuracy.wrongExamples.map(example => `  WRONG ${example}`),
  ].join('\n')
}
