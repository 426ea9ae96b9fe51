import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SimulatedCloud } from '../../src/simulator/cloud.ts'
import { answeredEnds, type LivedCloud, liveOn } from '../support/lived-cloud.ts'
import { calmFaults, startSmallCloud } from '../support/simulator.ts'

const POLLS = 20

let cloud: SimulatedCloud
let lived: LivedCloud

beforeAll(async () => {
  cloud = await startSmallCloud({ seed: 3, faults: { ...calmFaults, titusErrorProbability: 0.05 } })
  lived = await liveOn(cloud, { polls: POLLS, lookEveryMs: null })
})
afterAll(() => cloud.close())

describe('pollers on the simulated cloud', () => {
  test('no answer is wrong, and most managed ends are owned', async () => {
    const { wrong, counts, all, owned } = await answeredEnds(cloud, lived.index)
    expect(wrong.slice(0, 5)).toEqual([])
    expect(all).toBeGreaterThan(500)
    expect({ ownedShare: owned / all, counts }).toSatisfy(({ ownedShare }) => ownedShare > 0.5)
  })

  test('a poll is refused only where an interface is younger than the last EC2 poll', () => {
    expect(lived.refused.filter(text => !text.includes('unplaced-interface'))).toEqual([])
    expect(lived.refused.length).toBeLessThan(POLLS / 2)
  })
})
