import type { Millis, Window } from '../../ownership/window.ts'
import type { AddressRegions } from './address-regions.ts'

/** What is answered for all addresses of a region that no claim names one by one: by region, good over one stretch each. */
export class RegionAnswers {
  readonly regions: AddressRegions
  readonly fromMs: Float64Array
  readonly untilMs: Float64Array
  /** Numbers of AnsweredEnds. */
  readonly ends: Int32Array
  readonly marks: Int32Array

  constructor(regions: AddressRegions) {
    const { size } = regions
    this.regions = regions
    this.fromMs = new Float64Array(size).fill(Number.POSITIVE_INFINITY)
    this.untilMs = new Float64Array(size)
    this.ends = new Int32Array(size)
    this.marks = new Int32Array(size)
  }

  holdsFor(region: number, fromMs: Millis, untilMs: Millis): boolean {
    return (this.fromMs[region] as number) <= fromMs && untilMs <= (this.untilMs[region] as number)
  }

  put(region: number, { fromMs, untilMs }: Window, end: number, marks: number): void {
    this.fromMs[region] = fromMs
    this.untilMs[region] = untilMs
    this.ends[region] = end
    this.marks[region] = marks
  }

  clear(): void {
    this.fromMs.fill(Number.POSITIVE_INFINITY)
  }
}
