import type { Window } from '../../ownership/window.ts'

const MOST_KEPT = 65_536

type Kept<T> = Window & { readonly value: T }

/** What was answered of an address, for as long as nothing about it changes (`Generation.steadyAround`). */
export class SteadyMemo<T> {
  private readonly kept = new Map<number, Kept<T>>()

  /** `domain` is a number below 2^20, `word` an IPv4 address. */
  find(domain: number, word: number, fromMs: number, untilMs: number): T | undefined {
    const known = this.kept.get(keyOf(domain, word))
    return known !== undefined && known.fromMs <= fromMs && untilMs <= known.untilMs ? known.value : undefined
  }

  keep(domain: number, word: number, steady: Window | undefined, value: T): void {
    if (steady === undefined || domain >= 2 ** 20) return
    if (this.kept.size >= MOST_KEPT) this.kept.clear()
    this.kept.set(keyOf(domain, word), { fromMs: steady.fromMs, untilMs: steady.untilMs, value })
  }
}

const keyOf = (domain: number, word: number): number => domain * 2 ** 32 + (word >>> 0)
