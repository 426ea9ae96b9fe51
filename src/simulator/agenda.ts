import type { Millis } from '../ownership/window.ts'

type Entry = { readonly atMs: Millis; readonly order: number; readonly happen: () => void }

const before = (a: Entry, b: Entry): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

/**
 * What is going to happen, by time; of the same instant, in the order of planning. The steps in which time is advanced
 * make no difference.
 */
export class Agenda {
  #heap: Entry[] = []
  #order = 0
  #nowMs: Millis

  constructor(startMs: Millis) {
    this.#nowMs = startMs
  }

  /** The time of the event that is happening, else how far the agenda has been run. */
  get nowMs(): Millis {
    return this.#nowMs
  }

  /** A time already past is taken as now. */
  at(atMs: Millis, happen: () => void): void {
    const entry = { atMs: Math.max(Math.ceil(atMs), this.#nowMs), order: this.#order++, happen }
    let i = this.#heap.push(entry) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = this.#heap[parent] as Entry
      if (!before(entry, above)) break
      this.#heap[i] = above
      i = parent
    }
    this.#heap[i] = entry
  }

  after(delayMs: number, happen: () => void): void {
    this.at(this.#nowMs + delayMs, happen)
  }

  /** Lets everything happen that is planned up to and including `untilMs`. */
  runTo(untilMs: Millis): void {
    for (let next = this.#heap[0]; next && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#removeFirst()
      this.#nowMs = next.atMs
      next.happen()
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  #removeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      const right = this.#heap[child + 1]
      if (right && before(right, this.#heap[child] as Entry)) child++
      const below = this.#heap[child]
      if (below === undefined || !before(below, last)) break
      this.#heap[i] = below
      i = child
    }
    this.#heap[i] = last
  }
}
