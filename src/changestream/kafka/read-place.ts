import type { Position } from '../port.ts'

/** How far a reader has come; it outlives the consumers that serve it. */
export class ReadPlace {
  /** By partition, one past what the taker has. */
  readonly handedOut: number[]
  /** By partition, the next offset to accept; ahead of `handedOut` by the batches that wait for the taker. */
  readonly expected: number[]
  /** What was done since the last record came. */
  answered: 'nothing' | 'seek' | 'rebuild' = 'nothing'

  constructor(from: Position) {
    this.handedOut = [...from]
    this.expected = [...from]
  }

  accept(partition: number, next: number): void {
    this.expected[partition] = Math.max(this.expected[partition] ?? 0, next)
    this.answered = 'nothing'
  }

  handOut(partition: number, next: number): void {
    this.handedOut[partition] = Math.max(this.handedOut[partition] ?? 0, next)
  }

  /** A new consumer brings again what still waited. */
  goBackToHandedOut(): void {
    for (const [partition, offset] of this.handedOut.entries()) this.expected[partition] = offset
  }
}
