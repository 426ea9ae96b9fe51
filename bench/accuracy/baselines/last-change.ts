import { type Baseline, lastOwner } from './baseline.ts'

/** An ASOF join: the last change that was detected by the start of the flow, of those known so long after the record came. */
const asOf = (name: string, says: string, holdMs: number): Baseline => ({
  name,
  says,
  ownerOf: (detections, question) =>
    lastOwner(
      detections,
      question,
      ({ atMs, knownMs }) => atMs <= question.startMs && knownMs <= question.readMs + holdMs,
    ),
})

export const HOLD_MS = 15 * 60_000

export const lastChangeWins = asOf(
  'last-change',
  'last change wins: ASOF join on detection time, when the record comes',
  0,
)
export const lastChangeAfterHold = asOf(
  'last-change-hold-15m',
  'the same, the record being held for 15 minutes',
  HOLD_MS,
)
