import type { Millis } from '../../ownership/window.ts'

/** What one complete poll tells of coverage. */
export type Poll = { readonly completeUpToMs: Millis; readonly overAtMs: Millis }

/**
 * The polls without which coverage above the horizon would be told otherwise: those that vouch for an instant above it or
 * were over above it, and the one before them, as what lies between two polls is told by both.
 */
export function pollsAbove<P extends Poll>(polls: readonly P[], horizonMs: Millis): readonly P[] {
  const inOrder = polls.toSorted((a, b) => a.completeUpToMs - b.completeUpToMs || a.overAtMs - b.overAtMs)
  const first = inOrder.findIndex(poll => Math.max(poll.completeUpToMs, poll.overAtMs) > horizonMs)
  if (first < 0) return inOrder.slice(-1)
  const before = inOrder[first - 1]
  // Of two that vouch for as much, the one that was over first counts.
  const from = before ? inOrder.findIndex(poll => poll.completeUpToMs === before.completeUpToMs) : 0
  return inOrder.slice(from)
}
