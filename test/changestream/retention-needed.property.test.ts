import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fence } from '../../src/changestream/fence.ts'
import { Needed } from '../../src/changestream/retention/needed.ts'
import { type Change, compareRevisions } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { histories } from '../support/histories.ts'
import { DOMAINS } from '../support/history-space.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'
import { shownAbove } from '../support/shown-above.ts'

/** What a reader of the log makes of these, in this order. */
function indexOf(changes: readonly Change[]): OwnershipIndex {
  const fence = new Fence()
  const index = createOwnershipIndex()
  for (const change of changes) if (fence.fencedBy(change) === undefined) index.apply(change)
  return index
}

const horizons = (beforeMs: number): Change[] =>
  [...DOMAINS, 'd2'].map(domain => ({ record: 'horizon', domain, beforeMs }))

const RANK = { source: 0, claim: 1, progress: 2, horizon: 3 } as const

/** As their writers would have written them: by revision, a poll's claims before the progress that vouches for them. */
const asWritten = (changes: readonly Change[]): readonly Change[] =>
  changes
    .filter(change => change.record !== 'horizon')
    .toSorted((a, b) => compareRevisions(a.revision, b.revision) || RANK[a.record] - RANK[b.record])

/** Of the first changes only what is needed below a horizon of `beforeMs`, then the rest. */
function parted(changes: readonly Change[], at: number, beforeMs: number): readonly Change[] {
  const needed = new Needed()
  for (const [offset, change] of changes.slice(0, at).entries()) {
    needed.take({ change, partition: 0, offset, loggedAtMs: 0 })
  }
  const [offsets = []] = needed.kept(1, () => beforeMs).offsets
  return [...Array.from(offsets, offset => changes[offset] as Change), ...changes.slice(at)]
}

const cut = fc.record({
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  beforeMs: fc.constantFrom(0, 10, 20, 50, 70, 100),
})

test(
  'a log of which only what is needed was kept answers every question as the whole log does',
  () => {
    fc.assert(
      fc.property(histories(), cut, ({ changes: heap, questions }, { share, beforeMs }) => {
        const changes = asWritten(heap)
        const rest = parted(changes, Math.round(changes.length * share), beforeMs)
        const whole = indexOf([...changes, ...horizons(beforeMs)])
        const kept = indexOf([...rest, ...horizons(beforeMs)])
        for (const question of questions) {
          const [lean, all] = [kept, whole].map(index => shownAbove(beforeMs, index.ask(question)))
          expect(lean).toEqual(all)
        }
      }),
      propertyRuns(400),
    )
  },
  propertyTimeoutMs(60_000),
)
