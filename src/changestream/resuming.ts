import type { LastRecord, ReadState } from './checkpoint/checkpoint.ts'
import { changestreamErrors } from './errors.ts'
import type { LoggedChange, Position } from './port.ts'

/**
 * Where to read on after a restart: with the last record that was read before, as that must still be the same one; after
 * it, where the log has let go of it. `start` is where the log begins; empty where it has let go of nothing.
 */
export function resumedFrom(start: Position, { positions, last }: ReadState): Position {
  return positions.map((position, partition) => {
    const record = last[partition]
    return record && record.offset >= (start[partition] ?? 0) ? record.offset : position
  })
}

/** The records that were read last before, read once more: another one there means another stream. */
export class LastRecords {
  private readonly expected: (LastRecord | null)[]
  private left: number

  constructor(restored: ReadState | undefined) {
    this.expected = [...(restored?.last ?? [])]
    this.left = this.expected.filter(last => last !== null).length
  }

  /** @throws WHOHAD_CHECKPOINT_OF_ANOTHER_STREAM */
  check(batch: readonly LoggedChange[]): void {
    if (this.left === 0) return
    for (const { partition, offset, loggedAtMs } of batch) {
      const last = this.expected[partition]
      if (!last || offset < last.offset) continue
      this.expected[partition] = null
      this.left--
      if (offset === last.offset && loggedAtMs !== last.loggedAtMs) {
        throw changestreamErrors.otherStream({ partition, offset, readMs: last.loggedAtMs, isMs: loggedAtMs })
      }
    }
  }
}
