import type { Change } from '../ownership/claim.ts'

/**
 * Keeps out what a replaced writer still sends. A source's epoch is the highest that was read so far, in the order of the
 * log; a record with a lower one comes from somebody who was paused while a successor took over.
 */
export class Fence {
  private readonly epochs = new Map<string, number>()

  /** The epoch that fences this change off, or undefined where it counts. Horizons have no writer and always count. */
  fencedBy(change: Change): number | undefined {
    if (change.record === 'horizon') return undefined
    const { epoch } = change.revision
    const highest = this.epochs.get(change.source)
    if (highest !== undefined && epoch < highest) return highest
    this.epochs.set(change.source, epoch)
    return undefined
  }

  /** 0 where nothing of this source was read. */
  epochOf(source: string): number {
    return this.epochs.get(source) ?? 0
  }
}
