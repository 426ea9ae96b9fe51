import { countUpTo } from './ascending.ts'
import type { Millis, Window } from './window.ts'

/**
 * The longest stretch around a window within which nothing changes. Whoever knows of an instant at which something does
 * tells it; what is asked about any window within the stretch is then answered alike.
 */
export class SteadyStretch implements Window {
  fromMs: Millis = Number.NEGATIVE_INFINITY
  untilMs: Millis = Number.POSITIVE_INFINITY
  /** False where something changes within the window itself. */
  isSteady = true
  private readonly window: Window

  constructor(window: Window) {
    this.window = window
  }

  /** Something is another from this instant on. */
  cut(atMs: Millis): void {
    const { window } = this
    if (atMs <= window.fromMs) this.fromMs = Math.max(this.fromMs, atMs)
    else if (atMs >= window.untilMs) this.untilMs = Math.min(this.untilMs, atMs)
    else this.isSteady = false
  }

  /** As `cut` at each of these instants, which ascend: only the nearest ones matter. */
  cutAtNearest(instantsMs: Float64Array): void {
    const at = countUpTo(instantsMs, this.window.fromMs)
    if (at > 0) this.cut(instantsMs[at - 1] as Millis)
    if (at < instantsMs.length) this.cut(instantsMs[at] as Millis)
  }
}
