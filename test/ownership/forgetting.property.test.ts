import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Ip } from '../../src/ownership/address.ts'
import { type Change, compareRevisions, type Revision } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Prefix } from '../../src/ownership/prefix.ts'
import { claimOf, ownerOf } from '../support/changes.ts'
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

describe('a packet below the horizon', () => {
  const domain = 'vpc-1'
  const sourceOf = (source: string) => ({ source, owners: [ownerOf('api')], evidence: 'sighted' as const })
  const begun = claimOf('ec2/a', 1, 1, {
    ...sourceOf('ec2/a'),
    id: 'begun',
    lifetimeId: 'life',
    start: { earliestMs: 100, latestMs: 1_500 },
    end: { earliestMs: 5_000, latestMs: Number.POSITIVE_INFINITY },
  })
  const packet = { earliestMs: 500, latestMs: 510 }
  const sighting = claimOf('flow/1', 1, 1, {
    ...sourceOf('flow/1'),
    id: 'seen',
    lifetimeId: 'begun/start',
    start: packet,
    end: packet,
    evidence: 'flow-sighting',
    state: 'closed',
  })
  const rival = claimOf('ec2/a', 1, 1, {
    ...sourceOf('ec2/a'),
    id: 'rival',
    owners: [ownerOf('web')],
    start: { earliestMs: 400, latestMs: 450 },
    end: { earliestMs: 600, latestMs: 900 },
    state: 'closed',
  })
  const leanOf = (...claims: readonly Change[]) => {
    const index = createOwnershipIndex()
    for (const claim of claims) index.apply(claim)
    index.apply({ record: 'horizon', domain, beforeMs: 1_000 })
    return { gone: forget(index), index }
  }
  const ask = (index: OwnershipIndex) =>
    index.ask({ ip: '10.0.0.7' as Ip, domain, fromMs: 1_200, untilMs: 1_201, nowMs: 10_000 })

  test('shows its holding above it once all that is over is let go of', () => {
    const { index, gone } = leanOf(begun, sighting, { ...rival, id: 'gone', prefix: '10.0.0.9/32' as Prefix })
    expect(gone).toBe(1)
    expect(ask(index).holding).toMatchObject({ claimId: 'seen', owner: { application: 'api' } })
  })

  test('shows it no more than before where somebody else may have sent it', () => {
    const { index } = leanOf(begun, sighting, rival)
    expect(ask(index).holding?.claimId).not.toBe('seen')
    expect(shownAbove(1_000, ask(leanOf(begun, rival).index))).toEqual(shownAbove(1_000, ask(index)))
  })
})
