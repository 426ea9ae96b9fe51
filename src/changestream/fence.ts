import type { Change } from '../ownership/claim.ts'
import { isFlowSource } from '../ownership/flow-sightings.ts'

/**
 * Keeps out what a replaced writer still sends. A source's epoch is the highest that was read so far, in the order of the
 * log; a record with a lower one comes from somebody who was paused while a successor took over.
 */
export class Fence {
  private readonly epochs: Map<string, number>

  /** `epochs` of a fence that read the log up to where this one goes on. */
  constructor(epochs: Iterable<readonly [source: string, epoch: number]> = []) {
    this.epochs = new Map(epochs)
  }

  /** The epoch that fences this change off, or undefined where it counts. Horizons and flow sightings have no writer that another
   * one could replace, and always count. */
  fencedBy(change: Change): number | undefined {
    if (change.record === 'horizon') return undefined
    return this.fencedWriter(change.source, change.revision.epoch)
  }

  /** As `fencedBy`, of a change by this source and epoch. */
  fencedWriter(source: string, epoch: number): number | undefined {
    if (isFlowSource(source)) return undefined
    const highest = this.epochs.get(source)
    if (highest !== undefined && epoch < highest) return highest
    if (highest !== epoch) this.epochs.set(source, epoch)
    return undefined
  }

  /** The highest epoch of each source that was read. */
  all(): readonly (readonly [source: string, epoch: number])[] {
    return [...this.epochs]
  }

  /** 0 where nothing of this source was read. */
  epochOf(source: string): number {
    return this.epochs.get(source) ?? 0
  }
}
