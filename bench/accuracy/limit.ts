import type { Millis, Window } from '../../src/ownership/window.ts'

export type Polling = { readonly intervalMs: Millis; readonly lagMs: Millis; readonly clockErrorMs: Millis }

const PHASES = 60

/**
 * The share of an address's questions that faultless polls can prove, over all phases of them against the holding: a reply
 * of after the start must have come before the window, and the last that shows the holder must have been sent lag after it.
 * Replies show what was half of lag ago, and take no time; nothing says when the holding began or ended. For a window of no
 * length it is near 1 − (interval + lag) / lifetime.
 */
export function provableShare(holding: Window, window: Window, { intervalMs, lagMs, clockErrorMs }: Polling): number {
  let proved = 0
  for (let phase = 0; phase < PHASES; phase++) {
    const phaseMs = ((phase + 0.5) / PHASES) * intervalMs
    const polledWithin = (fromMs: Millis, untilMs: Millis) =>
      Math.floor((untilMs - phaseMs) / intervalMs) >= Math.ceil((fromMs - phaseMs) / intervalMs)
    const startsInTime = polledWithin(holding.fromMs + lagMs / 2, window.fromMs - clockErrorMs)
    const endsInTime = polledWithin(window.untilMs + lagMs + clockErrorMs, holding.untilMs + lagMs / 2)
    if (startsInTime && endsInTime) proved++
  }
  return proved / PHASES
}
