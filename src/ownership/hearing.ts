import type { Binding } from './snapshot.ts'
import { type Heard, hear, type StatedTime } from './stated-times.ts'
import { type Bounds, EVER, type Millis } from './window.ts'

/** Stated times that leave nothing of the window which the polls prove: that window stands as it is. */
export type Contradiction = {
  readonly binding: Binding
  readonly edge: StatedTime['edge']
  readonly polled: Bounds
}

/** Hears what one poll's bindings state, and keeps what contradicts the polls. */
export class Hearing {
  readonly contradictions: Contradiction[] = []
  private readonly clockErrorMs: number
  private readonly overAtMs: Millis

  /** `clockErrorMs` is that of the source, `overAtMs` when the poll was over. */
  constructor(clockErrorMs: number, overAtMs: Millis) {
    this.clockErrorMs = clockErrorMs
    this.overAtMs = overAtMs
  }

  hear(binding: Binding, edge: StatedTime['edge'], polled: Bounds): Heard {
    const heard = hear(polled, edge, binding.stated, this.clockErrorMs)
    if (heard.isContradicted) this.contradictions.push({ binding, edge, polled })
    return heard
  }

  /** By when the start or end of the binding was, by the source's word alone; Infinity where it says nothing of that. */
  latest(binding: Binding, edge: StatedTime['edge']): Millis {
    return hear(EVER, edge, binding.stated, this.clockErrorMs).bounds.latestMs
  }

  /** Something stated says that the end has come; a deadline that lies ahead does not. */
  isOver({ isBoundedAbove, bounds }: Heard): boolean {
    return isBoundedAbove && bounds.latestMs <= this.overAtMs
  }
}
