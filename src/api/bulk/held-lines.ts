import type { LookUps } from '../../ownership/generation/look-ups.ts'
import type { NamedDomain } from './look-ups.ts'

/** So many lines are looked up together. */
const GROUP = 1024

/** Lines that were read and wait until their group is looked up, in columns. */
export class HeldLines {
  count = 0
  readonly owners = new Int32Array(GROUP)
  /** Of each line: where its bytes lie, and how its domain is written. */
  readonly bytes: Buffer[] = []
  readonly starts = new Int32Array(GROUP)
  readonly ends = new Int32Array(GROUP)
  readonly domains: NamedDomain[] = []
  readonly words = new Int32Array(GROUP)
  private readonly domainNumbers = new Int32Array(GROUP)
  readonly fromMs = new Float64Array(GROUP)
  private readonly untilMs = new Float64Array(GROUP)

  get isFull(): boolean {
    return this.count === GROUP
  }

  add(bytes: Buffer, from: number, until: number, word: number, domain: NamedDomain, atMs: number): void {
    const i = this.count++
    this.bytes[i] = bytes
    this.starts[i] = from
    this.ends[i] = until
    this.domains[i] = domain
    this.words[i] = word
    this.domainNumbers[i] = domain.number
    this.fromMs[i] = atMs
    this.untilMs[i] = atMs + 1
  }

  lookUps(): LookUps {
    const { count, words, domainNumbers, fromMs, untilMs } = this
    return { family: 4, count, domains: domainNumbers, words, fromMs, untilMs }
  }

  clear(): void {
    this.count = 0
  }
}
