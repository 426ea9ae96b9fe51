import { expect, test } from 'vitest'
import type { Claim } from '../../src/ownership/claim.ts'
import { answeredEnds, liveOn } from '../support/lived-cloud.ts'
import { calmFaults, startSmallCloud } from '../support/simulator.ts'

/** How long it stays open who held the address, for each turn that polls or looks saw. */
const widthsOf = (claims: Iterable<Claim>): readonly number[] =>
  [...claims]
    .filter(({ prefix, domain }) => prefix.endsWith('/32') && domain !== 'inet.0')
    .flatMap(({ state, start, end }) => [
      start.latestMs - start.earliestMs,
      ...(state === 'closed' ? [end.latestMs - end.earliestMs] : []),
    ])
    .filter(width => Number.isFinite(width) && width > 0)

const medianOf = (widths: readonly number[]): number =>
  widths.toSorted((a, b) => a - b)[widths.length >> 1] ?? expect.unreachable('no window')

async function lived(lookEveryMs: number | null) {
  const cloud = await startSmallCloud({ seed: 5, groups: 8, faults: { ...calmFaults, throttleProbability: 0.02 } })
  try {
    const { index, looks } = await liveOn(cloud, { polls: 20, lookEveryMs })
    const widths = widthsOf(index.claimsOf('instance'))
    return { looks, widths, ...(await answeredEnds(cloud, index)) }
  } finally {
    await cloud.close()
  }
}

test('looks narrow windows of the simulated cloud, over the wire, and nothing is wrong', {
  timeout: 240_000,
}, async () => {
  const alone = await lived(null)
  const narrowed = await lived(5_000)
  expect(alone.wrong).toEqual([])
  expect(narrowed.wrong).toEqual([])
  expect(narrowed.looks['narrowed']).toBeGreaterThan(20)
  expect(medianOf(narrowed.widths)).toBeLessThan(medianOf(alone.widths) / 2)
  expect(narrowed.owned / narrowed.all).toBeGreaterThan(alone.owned / alone.all)
})
