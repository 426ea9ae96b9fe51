import type { Answer, Question } from '../../src/ownership/answer.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { Generation } from '../../src/ownership/generation/generation.ts'
import { columnsOf, type IndexImage, imageOf } from '../../src/ownership/index-image.ts'
import { createOwnershipIndex, OwnershipIndex } from '../../src/ownership/ownership-index.ts'

/** A small sequence of numbers from a seed, for what a variant does between changes. */
const diceFrom = (seed: number) => {
  let state = seed | 0
  return (sides: number): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0
    return ((state ^ (state >>> 13)) >>> 0) % sides
  }
}

/** Folds what changed into segments now and then; some of the time it is changed and asked while it does so. */
export class FoldingIndex {
  protected index = createOwnershipIndex()
  protected readonly roll: (sides: number) => number
  private running: Generator<void, void> | undefined

  constructor(dice: number) {
    this.roll = diceFrom(dice)
  }

  apply(change: Change): void {
    this.index.apply(change)
    if (this.running) {
      if (this.roll(3) === 0) this.finish()
    } else if (this.roll(4) === 0) {
      this.running = this.index.compacting()
      this.running.next()
    }
  }

  ask(question: Question): Answer {
    return this.index.ask(question)
  }

  protected finish(): void {
    for (const _ of this.running ?? []);
    this.running = undefined
  }
}

/** Is saved as bytes and restored from them now and then, as after a restart. */
export class RestoredIndex extends FoldingIndex {
  override apply(change: Change): void {
    super.apply(change)
    if (this.roll(6) > 0) return
    this.finish()
    this.index = new OwnershipIndex(columnsOf(asFromFile(imageOf(this.index.columns()))))
  }
}

/** Answers from generations, as another thread does that was posted one. */
export class PostedIndex extends FoldingIndex {
  private posted: Generation | undefined

  override apply(change: Change): void {
    super.apply(change)
    this.posted = undefined
  }

  override ask(question: Question): Answer {
    this.posted ??= new Generation(structuredClone(this.index.generation().columns))
    return this.posted.ask(question)
  }
}

/** What a file would give back: the header as text, every section in memory of its own. */
export function asFromFile({ header, sections }: IndexImage): IndexImage {
  const copied = sections.map(({ name, bytes }) => {
    const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
    copy.set(bytes)
    return { name, bytes: copy }
  })
  return { header: JSON.parse(JSON.stringify(header)), sections: copied }
}
