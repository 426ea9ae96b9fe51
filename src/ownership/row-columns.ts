import type { Row } from './generation/segment.ts'
import type { Millis } from './window.ts'

/** Possible from, certain from, certain until, possible until, last sighting; fact, ref of the claim. */
const TIMES = 5
const NUMBERS = 2

/** Rows as the segments have them, in milliseconds: one behind the other, so that many take no more than their numbers. */
export class RowColumns {
  count = 0
  private times: Float64Array
  private numbers: Uint32Array

  constructor(expected = 64) {
    this.times = new Float64Array(expected * TIMES)
    this.numbers = new Uint32Array(expected * NUMBERS)
  }

  push(
    possibleFromMs: Millis,
    certainFromMs: Millis,
    certainUntilMs: Millis,
    possibleUntilMs: Millis,
    lastSightingMs: Millis,
    fact: number,
    claimRef: number,
  ): void {
    const row = this.count++
    const at = row * TIMES
    if (at === this.times.length) this.grow()
    const { times, numbers } = this
    times[at] = possibleFromMs
    times[at + 1] = certainFromMs
    times[at + 2] = certainUntilMs
    times[at + 3] = possibleUntilMs
    times[at + 4] = lastSightingMs
    numbers[row * NUMBERS] = fact
    numbers[row * NUMBERS + 1] = claimRef
  }

  possibleFromMs(row: number): Millis {
    return this.times[row * TIMES] as Millis
  }

  certainFromMs(row: number): Millis {
    return this.times[row * TIMES + 1] as Millis
  }

  certainUntilMs(row: number): Millis {
    return this.times[row * TIMES + 2] as Millis
  }

  possibleUntilMs(row: number): Millis {
    return this.times[row * TIMES + 3] as Millis
  }

  lastSightingMs(row: number): Millis {
    return this.times[row * TIMES + 4] as Millis
  }

  fact(row: number): number {
    return this.numbers[row * NUMBERS] as number
  }

  claimRef(row: number): number {
    return this.numbers[row * NUMBERS + 1] as number
  }

  row(row: number): Row {
    return {
      possibleFromMs: this.possibleFromMs(row),
      certainFromMs: this.certainFromMs(row),
      certainUntilMs: this.certainUntilMs(row),
      possibleUntilMs: this.possibleUntilMs(row),
      lastSightingMs: this.lastSightingMs(row),
      fact: this.fact(row),
      claimRef: this.claimRef(row),
    }
  }

  private grow(): void {
    const times = new Float64Array(this.times.length * 2)
    const numbers = new Uint32Array(this.numbers.length * 2)
    times.set(this.times)
    numbers.set(this.numbers)
    this.times = times
    this.numbers = numbers
  }
}
