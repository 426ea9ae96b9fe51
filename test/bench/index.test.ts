import { describe, expect, test } from 'vitest'
import { UsageError } from '../../bench/command.ts'
import { type Batch, batchesOf, sumOfHostOwners, verify } from '../../bench/index/batches.ts'
import { type Built, buildIndex } from '../../bench/index/build.ts'
import { BASE_MS, Estate, STRADDLING_BASE_MS } from '../../bench/index/estate.ts'
import { optionsOf } from '../../bench/index/options.ts'
import { checksumOf, makeProbes, PROBE_KINDS, type ProbeKind } from '../../bench/index/probes.ts'
import { ownersOf } from '../../src/ownership/generation/look-ups.ts'

const estate = new Estate({ versions: 2000, halfIpv6: true })
const indexes = new Map([BASE_MS, STRADDLING_BASE_MS].map(baseMs => [baseMs, buildIndex(estate, baseMs, () => {})]))

/** Answers to probes about the estate that begins at `baseMs`, by family. */
function answered(
  kind: ProbeKind,
  baseMs: number,
): { readonly batches: readonly Batch[]; readonly owners: Uint32Array } {
  const { generation, ownerOfFact } = indexes.get(baseMs) as Built
  const batches = batchesOf(makeProbes(estate, kind, 5000), baseMs)
  for (const { lookUps, found } of batches) ownersOf(generation, lookUps, found)
  return { batches, owners: ownerOfFact }
}

describe.each(PROBE_KINDS)('%s probes', kind => {
  test.each([
    ['in one segment', BASE_MS],
    ['across two segments', STRADDLING_BASE_MS],
  ])('are answered as the estate knows it %s', (_, baseMs) => {
    const { batches, owners } = answered(kind, baseMs)
    expect(batches.map(({ lookUps }) => lookUps.family)).toEqual([4, 6])
    for (const batch of batches) expect(verify(batch, owners).owned).toBeGreaterThan(2000)
  })
})

test('the owners found add up to the checksum that the peers are held to', () => {
  const { batches, owners } = answered('cold', BASE_MS)
  const sum = batches.reduce((total, { found }) => total + sumOfHostOwners(found, owners), 0)
  expect(sum).toBe(checksumOf(makeProbes(estate, 'cold', 5000)))
})

test('one wrong owner is noticed, and so is a doubt where there is none', () => {
  const { batches, owners } = answered('cold', BASE_MS)
  const [batch] = batches as [Batch]
  const certain = batch.expected.findIndex(owner => owner > 0)
  const right = batch.found[certain] as number
  const another = batch.found.find(fact => fact >= 0 && fact !== right) as number
  for (const wrong of [another, -1, -2]) {
    batch.found[certain] = wrong
    expect(() => verify(batch, owners)).toThrow(`look-up ${certain} of IPv4`)
  }
})

test.each([
  [['--version', '10']],
  [['--versions', '15']],
  [['--rounds', '0']],
  [['--mix', 'ipv6']],
  [['--peers', '--no-peers']],
  [['something']],
])('%j is refused', args => {
  expect(() => optionsOf(args)).toThrow(UsageError)
})

test('a hundred million versions leave the peers out unless they are asked for', () => {
  expect(optionsOf(['--versions', '100000000'])?.hasPeers).toBe(false)
  expect(optionsOf(['--versions', '100000000', '--peers'])?.hasPeers).toBe(true)
  expect(optionsOf([])?.hasPeers).toBe(true)
})
