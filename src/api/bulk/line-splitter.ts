import { LONGEST_LINE_BYTES } from './transform.ts'

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** Told of each line, without its end; of one that is too long, once and without it. */
export type LineTaker = {
  /** The bytes are good until `take` or `end` returns. */
  line(bytes: Buffer, from: number, until: number): void
  tooLong(): void
}

/** Finds the lines in pieces of text. */
export class LineSplitter {
  private readonly taker: LineTaker
  private carried: Buffer = Buffer.alloc(0)
  private isTooLong = false

  constructor(taker: LineTaker) {
    this.taker = taker
  }

  take(chunk: Buffer): void {
    let from = 0
    let end = chunk.indexOf(LINE_FEED)
    if (end >= 0 && (this.carried.length > 0 || this.isTooLong)) {
      this.carry(chunk, 0, end)
      this.finish()
      from = end + 1
      end = chunk.indexOf(LINE_FEED, from)
    }
    while (end >= 0) {
      if (end - from > LONGEST_LINE_BYTES) this.taker.tooLong()
      else this.taker.line(chunk, from, trimmed(chunk, from, end))
      from = end + 1
      end = chunk.indexOf(LINE_FEED, from)
    }
    this.carry(chunk, from, chunk.length)
  }

  end(): void {
    if (this.carried.length > 0 || this.isTooLong) this.finish()
  }

  private carry(chunk: Buffer, from: number, until: number): void {
    if (until === from) return
    if (this.carried.length + until - from > LONGEST_LINE_BYTES) this.isTooLong = true
    if (!this.isTooLong) this.carried = Buffer.concat([this.carried, chunk.subarray(from, until)])
  }

  private finish(): void {
    const { carried, isTooLong } = this
    this.carried = Buffer.alloc(0)
    this.isTooLong = false
    if (isTooLong) this.taker.tooLong()
    else this.taker.line(carried, 0, trimmed(carried, 0, carried.length))
  }
}

const trimmed = (bytes: Buffer, from: number, until: number): number =>
  until > from && bytes[until - 1] === CARRIAGE_RETURN ? until - 1 : until
