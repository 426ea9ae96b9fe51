import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Change, compareRevisions, type Revision } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { histories } from '../support/histories.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'
import { horizonOf, shownAbove } from '../support/shown-above.ts'

const LONG = { timeout: propertyTimeoutMs(60_000) }

/** Without revisions that come after a higher one of their claim: those the log keeps out of what it has let go of. */
function inTurn(changes: readonly Change[]): readonly Change[] {
  const highest = new Map<string, Revision>()
  return changes.filter(change => {
    if (change.record !== 'claim') return true
    const held = highest.get(change.id)
    if (held && compareRevisions(change.revision, held) < 0) return false
    highest.set(change.id, change.revision)
    return true
  })
}

/** Takes `meanwhile` between the steps. */
function forget(index: OwnershipIndex, meanwhile: readonly Change[] = []): number {
  index.compact()
  const steps = index.forgetting()
  const left = [...meanwhile]
  for (;;) {
    const step = steps.next()
    for (const change of left.splice(0)) index.apply(change)
    if (step.done) return step.value()
  }
}

test(
  'letting go of what is below the horizon changes no answer, whatever comes before, meanwhile and after',
  LONG,
  () => {
    let gone = 0
    let compared = 0
    fc.assert(
      fc.property(histories({ questions: 25 }), fc.nat(), fc.nat({ max: 5 }), ({ changes, questions }, at, during) => {
        const told = inTurn(changes)
        const first = at % (told.length + 1)
        const [whole, lean] = [createOwnershipIndex(), createOwnershipIndex()]
        for (const change of told) whole.apply(change)
        for (const change of told.slice(0, first)) lean.apply(change)
        gone += forget(lean, told.slice(first, first + during))
        for (const change of told.slice(first + during)) lean.apply(change)
        gone += forget(lean)
        for (const question of questions) {
          compared++
          const horizonMs = horizonOf(told, question.domain)
          expect(shownAbove(horizonMs, lean.ask(question))).toEqual(shownAbove(horizonMs, whole.ask(question)))
        }
        expect(lean.counts().claims).toBeLessThanOrEqual(whole.counts().claims)
        expect(new Set(lean.sources().map(({ source }) => source.source))).toEqual(
          new Set(whole.sources().map(({ source }) => source.source)),
        )
      }),
      propertyRuns(800),
    )
    expect(compared).toBeGreaterThan(500)
    expect(gone).toBeGreaterThan(0)
  },
)
