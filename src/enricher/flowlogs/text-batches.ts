import type { Format } from './fields.ts'
import { LineJudge } from './line-judge.ts'
import type { LineScanner } from './line-scanner.ts'
import type { Line } from './lines.ts'
import { type ParsedLine, type RejectedLine, rejected, splitFields } from './parse.ts'
import { putRecord } from './put-record.ts'
import type { RecordBatch } from './record-batch.ts'
import type { TextRoom } from './text-room.ts'
import { PADDING_BYTES } from './text-table.ts'

const LF = 10

export type LineRules = {
  readonly given: Format | undefined
  /** What is thrown where neither the text nor `given` says which fields there are. */
  readonly headerMissing: (firstLine: string) => Error
}

/**
 * Lines of text as they come, in pieces of any size, into one batch that is filled again and again: each batch that `take` and
 * `finish` yield is good until they are resumed. Memory is bounded by the window, one line, and the batch.
 */
export class TextBatches {
  readonly #room: TextRoom
  readonly #batch: RecordBatch
  readonly #judge: LineJudge
  readonly #bytes: Buffer<ArrayBuffer>
  #scanner: LineScanner | undefined
  /** The part of the window that is not read yet, and the number of the line that begins there. */
  #from = 0
  #until = 0
  #line = 0
  /** A line that is longer than any may be, while its end is looked for. */
  #tooLong: ParsedLine | undefined

  /** One text after another in the same room. */
  constructor(room: TextRoom, { given, headerMissing }: LineRules) {
    const { batch } = room
    this.#room = room
    this.#batch = batch
    this.#judge = new LineJudge(given, headerMissing)
    this.#bytes = room.bytes
    batch.clear()
    batch.columns = []
    room.renewTextsIfFull()
    batch.tokensOf = place => this.#tokensOf(place)
    batch.lineAt = place => this.#lineAt(place)
    batch.window = room.window.view
  }

  *take(chunk: Uint8Array): Generator<RecordBatch> {
    const room = this.#bytes.length - 1 - PADDING_BYTES
    for (let from = this.#passOver(chunk); from < chunk.length; ) {
      const piece = chunk.subarray(from, from + room - this.#until)
      this.#bytes.set(piece, this.#until)
      this.#until += piece.length
      from += piece.length
      const last = this.#bytes.lastIndexOf(LF, this.#until - 1)
      if (last >= this.#from) yield* this.#read(last + 1)
      this.#bytes.copyWithin(0, this.#from, this.#until)
      this.#until -= this.#from
      this.#from = 0
      if (this.#until > this.#room.longestLineBytes) {
        yield* this.#beginTooLong()
        from += this.#passOver(chunk.subarray(from))
      }
    }
    if (this.#batch.others.length >= this.#batch.capacity) yield* this.#handOut()
  }

  /** The last line, where it has no newline, and `faults` of the text itself, which make a piece of that line. */
  *finish(faults: readonly Pick<RejectedLine, 'reason' | 'detail'>[]): Generator<RecordBatch> {
    const piece = this.#textBetween(this.#from, this.#until)
    const torn = this.#tooLong?.kind === 'rejected' ? this.#tooLong.sample : piece
    if (faults.length === 0 && this.#tooLong) this.#endTooLong()
    else if (faults.length === 0 && this.#until > this.#from) {
      this.#bytes[this.#until++] = LF
      yield* this.#read(this.#until)
    }
    yield* this.reject(faults.map(({ reason, detail }) => ({ reason, detail, sample: torn })))
  }

  /** What is wrong with the input between its lines. */
  *reject(faults: readonly Pick<RejectedLine, 'reason' | 'detail' | 'sample'>[]): Generator<RecordBatch> {
    for (const { reason, detail, sample } of faults) {
      this.#batch.others.push(rejected(sample, this.#line, reason, detail))
    }
    yield* this.#handOut()
  }

  /** Passes over the rest of a line that is too long; tells where the next one begins. */
  #passOver(chunk: Uint8Array): number {
    if (this.#tooLong === undefined) return 0
    const end = chunk.indexOf(LF)
    if (end < 0) return chunk.length
    this.#endTooLong()
    return end + 1
  }

  *#beginTooLong(): Generator<RecordBatch> {
    const text = this.#textBetween(0, this.#room.longestLineBytes)
    this.#until = 0
    this.#tooLong = yield* this.#judged({ text, tooLong: true, terminated: true })
  }

  #endTooLong(): void {
    if (this.#tooLong && this.#tooLong.kind !== 'flow') this.#batch.others.push(this.#tooLong)
    this.#tooLong = undefined
    this.#line++
  }

  /** Reads whole lines up to `until`. */
  *#read(until: number): Generator<RecordBatch> {
    const batch = this.#batch
    while (this.#from < until) {
      if (batch.count === batch.capacity || batch.others.length >= batch.capacity) yield* this.#handOut()
      const scanner = this.#scanner
      if (scanner) {
        scanner.scan(this.#room.window, this.#from, until, this.#line, this.#room.texts)
        this.#line += scanner.taken
        this.#from = scanner.at
      }
      if (this.#from < until && batch.count < batch.capacity) yield* this.#readAsText()
    }
    yield* this.#handOut()
  }

  /** Reads one line the long way. */
  *#readAsText(): Generator<RecordBatch> {
    const begin = this.#from
    const end = this.#bytes.indexOf(LF, begin)
    const longest = this.#room.longestLineBytes
    const text = this.#textBetween(begin, Math.min(end, begin + longest))
    const line = yield* this.#judged({ text, tooLong: end - begin > longest, terminated: true })
    this.#line++
    this.#from = end + 1
    if (line?.kind === 'flow') {
      if (this.#scanner) this.#scanner.begins[this.#batch.count] = begin
      putRecord(this.#batch, line, this.#room.texts)
    } else if (line) this.#batch.others.push(line)
  }

  /** What a line is. Where it begins another format, what was read so far is handed out first. */
  *#judged(line: Line): Generator<RecordBatch, ParsedLine | undefined> {
    const before = this.#judge.format
    const found = this.#judge.judge(line, this.#line)
    const { format } = this.#judge
    if (format === undefined || format === before) return found
    yield* this.#handOut()
    this.#scanner = this.#room.scannerFor(format)
    return found
  }

  *#handOut(): Generator<RecordBatch> {
    const batch = this.#batch
    if (batch.count === 0 && batch.others.length === 0) return
    yield batch
    batch.clear()
    this.#room.renewTextsIfFull()
  }

  #lineAt(place: number): number {
    return this.#scanner?.begins[place] ?? 0
  }

  #tokensOf(place: number): readonly string[] {
    const begin = this.#lineAt(place)
    return splitFields(this.#textBetween(begin, this.#bytes.indexOf(LF, begin)))
  }

  #textBetween(from: number, until: number): string {
    return this.#bytes.toString('utf8', from, until)
  }
}
