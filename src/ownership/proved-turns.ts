import { countBelow, countUpTo } from './ascending.ts'
import type { Millis } from './window.ts'

/** Up to so many are put in order by insertion: they come nearly in order. */
const FEW = 32

/**
 * Rule 8: on an exclusive address, within one source and layer, what is certain of one claim bounds what is possible of
 * the others. A held the address at some instant no later than B was certain of it, so A had ended by then; and B began
 * only after A's certainty ended. Contradictory claims (both certain at once) do not cut: they stay a visible conflict.
 *
 * When the claims of one source and layer that are ever certain begin and cease to be: add them all, then `sort`, then ask.
 */
export class ProvedTurns {
  private begins = new Float64Array(8)
  private ceases = new Float64Array(8)
  private count = 0

  clear(): void {
    this.count = 0
  }

  /** Of an exclusive claim. One that is never certain proves nothing. */
  add(certainFromMs: Millis, certainUntilMs: Millis): void {
    if (certainFromMs >= certainUntilMs) return
    if (this.count === this.begins.length) {
      this.begins = longer(this.begins)
      this.ceases = longer(this.ceases)
    }
    this.begins[this.count] = certainFromMs
    this.ceases[this.count++] = certainUntilMs
  }

  sort(): void {
    sort(this.begins, this.count)
    sort(this.ceases, this.count)
  }

  /** From when on a claim with these certain times is possible, which until now was so from `possibleFromMs` on. */
  laterFrom(possibleFromMs: Millis, certainFromMs: Millis, certainUntilMs: Millis): Millis {
    // No claim cuts itself: it begins to be certain before both of its own turns are over, and ceases after.
    const at = countUpTo(this.ceases, Math.min(certainFromMs, certainUntilMs), this.count) - 1
    return at < 0 ? possibleFromMs : Math.max(possibleFromMs, this.ceases[at] as Millis)
  }

  /** Until when it is possible. An open claim is still being sighted: two at once are a contradiction, not to be cut away. */
  earlierUntil(possibleUntilMs: Millis, certainFromMs: Millis, certainUntilMs: Millis, isOpen: boolean): Millis {
    if (isOpen) return possibleUntilMs
    const at = countBelow(this.begins, Math.max(certainFromMs, certainUntilMs), this.count)
    return at === this.count ? possibleUntilMs : Math.min(possibleUntilMs, this.begins[at] as Millis)
  }
}

function sort(values: Float64Array, count: number): void {
  if (count > FEW) {
    values.subarray(0, count).sort()
    return
  }
  for (let i = 1; i < count; i++) {
    const value = values[i] as number
    let at = i
    for (; at > 0 && (values[at - 1] as number) > value; at--) values[at] = values[at - 1] as number
    values[at] = value
  }
}

function longer(values: Float64Array): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(values.length * 2)
  copy.set(values)
  return copy
}
