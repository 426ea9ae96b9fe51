import { formatAddress } from '../../src/ownership/address.ts'
import type { Question } from '../../src/ownership/answer.ts'
import type { Generation } from '../../src/ownership/generation/generation.ts'
import { IN_FULL } from '../../src/ownership/generation/row-list.ts'
import type { Batch } from './batches.ts'
import { DOMAIN, nowMsOf, ownerOf } from './facts.ts'
import { type Figure, type Plan, timeRounds } from './rounds.ts'

const MOST_ASKED = 4000

export type Asked = {
  /** Where the look-up said that the whole question has to be asked; null where it never did. */
  readonly inFull: Figure | null
  /** Where the look-up had the owner already: what the look-up saves. */
  readonly owned: Figure
}

/** Asks the whole question about some of the look-ups that were made, and holds its answer against the truth as well. */
export async function askSome(
  generation: Generation,
  batches: readonly Batch[],
  baseMs: number,
  plan: Plan,
): Promise<Asked> {
  const inFull = chosen(batches, baseMs, found => found === IN_FULL)
  const owned = chosen(batches, baseMs, (found, truth) => found >= 0 && truth > 0)
  return {
    inFull: inFull.length === 0 ? null : await time(generation, inFull, plan),
    owned: await time(generation, owned, plan),
  }
}

type Asking = { readonly question: Question; readonly truth: number }

const time = (generation: Generation, askings: readonly Asking[], plan: Plan): Promise<Figure> =>
  timeRounds(plan, { count: askings.length, run: () => askAll(generation, askings) })

function askAll(generation: Generation, askings: readonly Asking[]): void {
  for (const { question, truth } of askings) {
    const { state, holding } = generation.ask(question)
    const expected = truth === 0 ? undefined : ownerOf(truth, 'container').resourceId
    if (holding?.owner.resourceId !== expected) {
      throw new Error(`${question.ip} at ${question.fromMs}: ${state} ${holding?.owner.resourceId}, not ${expected}`)
    }
  }
}

function chosen(
  batches: readonly Batch[],
  baseMs: number,
  isWanted: (found: number, truth: number) => boolean,
): readonly Asking[] {
  const askings: Asking[] = []
  for (const { lookUps, expected, found } of batches) {
    for (let i = 0; i < lookUps.count && askings.length < MOST_ASKED; i++) {
      const truth = expected[i] as number
      if (isWanted(found[i] as number, truth)) askings.push({ question: questionOf(lookUps, i, baseMs), truth })
    }
  }
  return askings
}

function questionOf({ family, words, fromMs, untilMs }: Batch['lookUps'], i: number, baseMs: number): Question {
  const at = family === 4 ? i : i * 4
  const word = (place: number): number => (family === 4 && place > 0 ? 0 : (words[at + place] as number) >>> 0)
  return {
    domain: DOMAIN,
    ip: formatAddress({ family, words: [word(0), word(1), word(2), word(3)] }),
    fromMs: fromMs[i] as number,
    untilMs: untilMs[i] as number,
    nowMs: nowMsOf(baseMs),
  }
}
