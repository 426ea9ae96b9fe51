import type { LastRecord, ReadState } from './checkpoint/checkpoint.ts'
import type { DeadLetter, LoggedChange } from './port.ts'

/** How far reading has come, dead letters included: they are told of before the batch that holds the records around them. */
export class ReadProgress {
  readonly position: number[]
  readonly last: (LastRecord | null)[]
  private readonly passed: DeadLetter[] = []

  constructor({ positions, last }: Pick<ReadState, 'positions' | 'last'>) {
    this.position = [...positions]
    this.last = [...last]
  }

  passOver(letter: DeadLetter): void {
    // Records before it may still be on their way: it counts at once only where it is the very next.
    if (letter.offset === this.position[letter.partition]) this.advance(letter.partition, letter.offset)
    else this.passed.push(letter)
  }

  take(batch: readonly LoggedChange[]): void {
    for (const { partition, offset, loggedAtMs } of batch) {
      if (offset < (this.position[partition] ?? 0)) continue
      this.advance(partition, offset)
      this.last[partition] = { offset, loggedAtMs }
    }
    for (const { partition, offset } of this.passed.splice(0)) this.advance(partition, offset)
  }

  private advance(partition: number, offset: number): void {
    this.position[partition] = Math.max(this.position[partition] ?? 0, offset + 1)
  }
}
