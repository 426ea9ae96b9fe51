import { type Cutter, LONGEST_LINE_BYTES } from './transform.ts'

const LINE_FEED = 0x0a
const NOTHING = Buffer.alloc(0)

/** Cuts lines of questions behind the last end of a line that has come. Of a line that will be refused for its length enough is kept to show it. */
export class LinePieces implements Cutter {
  private carried: Buffer = NOTHING

  take(chunk: Buffer): Buffer {
    const end = chunk.lastIndexOf(LINE_FEED) + 1
    const whole = end === 0 ? NOTHING : Buffer.concat([this.end(), chunk.subarray(0, end)])
    const room = LONGEST_LINE_BYTES + 1 - this.carried.length
    if (room > 0) this.carried = Buffer.concat([this.carried, chunk.subarray(end, end + room)])
    return whole
  }

  end(): Buffer {
    const last = this.carried
    this.carried = NOTHING
    return last
  }
}
