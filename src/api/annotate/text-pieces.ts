import type { Cutter } from '../bulk/transform.ts'

const [LINE_FEED, BLANK] = [0x0a, 0x20]
const NOTHING = Buffer.alloc(0)
/** A longer line is taken apart at a blank, and its rest has no time of its own. */
const LONGEST_LINE = 64 * 1024

/** Cuts any text at ends of lines. A piece that does not end with one, but for the last, is a part of a line too long to be kept. */
export class TextPieces implements Cutter {
  private carried: Buffer = NOTHING

  take(chunk: Buffer): Buffer {
    const bytes = this.carried.length > 0 ? Buffer.concat([this.carried, chunk]) : chunk
    let end = bytes.lastIndexOf(LINE_FEED) + 1
    if (bytes.length - end > LONGEST_LINE) end = Math.max(end, bytes.lastIndexOf(BLANK) + 1) || bytes.length
    this.carried = Buffer.from(bytes.subarray(end))
    return bytes.subarray(0, end)
  }

  end(): Buffer {
    const last = this.carried
    this.carried = NOTHING
    return last
  }
}
