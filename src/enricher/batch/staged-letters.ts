import type { WhohadError } from '../../runtime/errors.ts'
import { NativeBlock } from '../../store/native-block.ts'
import type { FlowObject, StoredDeadLetter } from '../../store/port.ts'
import { printable } from '../flowlogs/read.ts'
import type { AnsweredBatch } from '../join/answered-batch.ts'
import type { DeadLetterReason } from '../outcome.ts'
import type { ByteOut } from '../sinks/byte-out.ts'
import { letterBlock } from '../sinks/letter-block.ts'

const BLOCK_LETTERS = 8192
const LONGEST_SAMPLE = 256

/** What could not be read of an object, as files of Native blocks: the same letters as the live path stores (object-answers.ts). */
export class StagedLetters {
  private readonly out: ByteOut
  private readonly manifest: FlowObject
  private readonly native = new NativeBlock()
  private letters: StoredDeadLetter[] = []
  private written = 0

  constructor(out: ByteOut, manifest: FlowObject) {
    this.out = out
    this.manifest = manifest
  }

  async take({ batch, isAnswered }: AnsweredBatch): Promise<void> {
    for (const other of batch.others) {
      if (other.kind !== 'rejected') continue
      const { line, reason, detail, sample } = other
      this.put(reason, detail === '' ? `line ${line}` : `line ${line}, ${detail}`, sample)
    }
    for (let place = 0; place < batch.count; place++) {
      if (isAnswered[place] !== 0) continue
      const sample = batch.tokensOf(place).join(' ').slice(0, LONGEST_SAMPLE)
      this.put('without-time', `line ${batch.lines[place]}`, sample)
    }
    if (this.letters.length >= BLOCK_LETTERS) await this.flush()
  }

  /** The object is no flow log at all. */
  async refuse({ code, message }: WhohadError): Promise<void> {
    this.put('unreadable-object', 'line 0', `${code}: ${message}`)
    await this.flush()
  }

  /** Letters of the object. */
  async finish(): Promise<number> {
    await this.flush()
    await this.out.finish()
    return this.written
  }

  abort(): Promise<void> {
    return this.out.abort()
  }

  private put(reason: DeadLetterReason, place: string, sample: string): void {
    const { objectId: origin, updatedAtMs: atMs } = this.manifest
    this.letters.push({ origin, place, reason, sample: printable(sample), atMs })
  }

  private async flush(): Promise<void> {
    const { letters } = this
    if (letters.length === 0) return
    this.letters = []
    this.written += letters.length
    await this.out.write(letterBlock(this.native, letters))
  }
}
