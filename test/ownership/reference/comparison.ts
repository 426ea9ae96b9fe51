import type { Answer, Holding, Question } from '../../../src/ownership/answer.ts'
import type { Change } from '../../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { FoldingIndex, PostedIndex, RestoredIndex } from '../../support/index-variants.ts'
import type { Named, ReferenceAnswer } from './naming.ts'

/** Whatever takes changes and answers questions. */
export type AskedIndex = { apply(change: Change): void; ask(question: Question): Answer }

/**
 * The implementations that are held to the reference. To hold another one to it, add it here: every property of
 * against-reference.property.test.ts and arrival.property.test.ts then runs on it as well. `make` gets a number that is
 * drawn anew for each run, from which an implementation may take what it does between changes (compact, save, restore).
 */
export const INDEXES: readonly { readonly name: string; make(dice: number): AskedIndex }[] = [
  { name: 'the ownership index', make: () => createOwnershipIndex() },
  { name: 'an index that is folded on the way', make: dice => new FoldingIndex(dice) },
  { name: 'an index that is saved and restored on the way', make: dice => new RestoredIndex(dice) },
  { name: 'a generation in another thread', make: dice => new PostedIndex(dice) },
]

export function indexWith(index: AskedIndex, changes: readonly Change[]): AskedIndex {
  for (const change of changes) index.apply(change)
  return index
}

const named = ({ claimId, owner }: Holding): Named => ({
  claimId,
  resourceId: owner.resourceId,
  application: owner.application,
})

/** What the reference says of a question, as far as an index says it too. */
export const asReference = (answer: Answer): ReferenceAnswer => ({
  state: answer.state,
  reason: answer.reason,
  holder: answer.holding && named(answer.holding),
  candidates: answer.candidates.map(({ holding, during }) => ({ who: holding && named(holding), during })),
  under: answer.under.map(({ claimId }) => claimId),
  split:
    answer.split?.parts.map(({ fromMs, untilMs, state, reason, holding }) => ({
      fromMs,
      untilMs,
      state,
      reason,
      holder: holding && named(holding),
    })) ?? null,
  service: answer.service?.claimId ?? null,
  watermarkMs: answer.watermarkMs,
  final: answer.final,
})
