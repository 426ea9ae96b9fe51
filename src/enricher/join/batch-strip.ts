import type { Recorder } from './recorder.ts'

/** Records of a batch that are answered together: what is noted of them stays in the processor's nearest caches. */
export const MOST_IN_STRIP = 512

/** Instead of the space of an end: it is answered already. No space has this number. */
export const DONE = 0

/** Records of a batch, side by side, while they are answered. Columns are by place in the strip. */
export class BatchStrip {
  /** Place of its first record in the batch. */
  first = 0
  count = 0
  /** The windows of the records, in seconds. */
  readonly froms = new Int32Array(MOST_IN_STRIP)
  readonly untils = new Int32Array(MOST_IN_STRIP)
  /** Who recorded, as he is known during the record. */
  readonly recorders: Recorder[] = []
  /** From where the ends are seen, as the memo names it: of a recorder's own spaces, or the remote one; or DONE. */
  readonly sourceSpaces = new Int32Array(MOST_IN_STRIP)
  readonly destinationSpaces = new Int32Array(MOST_IN_STRIP)
  /** Of the side that is being answered: IPv4 addresses, and where the memo would have their answers; −1 for other ends. */
  readonly words = new Int32Array(MOST_IN_STRIP)
  readonly homes = new Int32Array(MOST_IN_STRIP)
  /** Places, in the strip, of the ends that the memo did not know. */
  readonly missed = new Int32Array(MOST_IN_STRIP)

  begin(first: number, until: number): void {
    this.first = first
    this.count = Math.min(MOST_IN_STRIP, until - first)
  }
}
