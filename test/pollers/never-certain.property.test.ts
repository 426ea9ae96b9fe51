import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CALM, type Weather } from '../support/bad-weather.ts'
import { type Findings, pollAndCheck, type Run } from '../support/polled-cloud.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'

const share = (most: number) => fc.oneof(fc.constant(0), fc.double({ min: 0, max: most, noNaN: true }))

const weathers: fc.Arbitrary<Weather> = fc.record({
  lagMs: fc.integer({ min: 0, max: 20_000 }),
  clockErrorMs: fc.constantFrom(0, 100, 2_000),
  failing: share(0.03),
  throttled: share(0.3),
  slow: share(0.05),
  hanging: share(0.03),
  // Worlds as small as these have too little for a guard to doubt anything.
  emptied: fc.constant(0),
  lacking: fc.constant(0),
  tagless: share(0.05),
  dying: share(0.1),
  restarted: share(0.2),
  beyondMs: fc.constant(0),
})

const runs: fc.Arbitrary<Run> = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  scale: fc.record({
    hosts: fc.integer({ min: 1, max: 2 }),
    containersPerHost: fc.constantFrom(4, 8),
    groups: fc.integer({ min: 2, max: 4 }),
    instancesPerGroup: fc.integer({ min: 1, max: 3 }),
  }),
  pace: fc.constantFrom(0.05, 0.2, 0.6),
  weather: weathers,
  briefestHoldingMs: fc.constantFrom(5_000, 40_000, 90_000, 150_000),
  bridgeMs: fc.constantFrom(0, 60_000, 240_000),
  pollMs: fc.constantFrom(15_000, 60_000),
  polls: fc.constant(10),
  lookMs: fc.constantFrom(null, 3_000, 12_000),
  areSubnetsLarge: fc.boolean(),
})

test('while the declared bounds hold, nothing is certain at a time when the world says otherwise', {
  timeout: propertyTimeoutMs(600_000),
}, async () => {
  const all: Omit<Findings, 'wrong'> = {
    seeableMs: 0,
    spans: 0,
    owned: 0,
    unowned: 0,
    external: 0,
    completed: 0,
    narrowed: 0,
  }
  const runsDone = propertyRuns(100)
  await fc.assert(
    fc.asyncProperty(runs, async run => {
      const { wrong, ...counted } = await pollAndCheck(run)
      expect(wrong).toEqual([])
      for (const key of Object.keys(counted) as (keyof typeof counted)[]) all[key] += counted[key]
    }),
    runsDone,
  )
  // What is never certain is never wrong, and proves nothing.
  const each = (count: number) => count / runsDone.numRuns
  expect(each(all.completed)).toBeGreaterThan(10)
  expect(each(all.spans)).toBeGreaterThan(200)
  expect(each(all.owned)).toBeGreaterThan(20)
  expect(each(all.unowned)).toBeGreaterThan(1)
  expect(all.external).toBeGreaterThan(0)
  expect(each(all.narrowed)).toBeGreaterThan(5)
})

test('beyond the declared bounds the same checks find what is certain and wrong', async () => {
  const [run] = fc.sample(runs, { numRuns: 1, seed: 7 })
  const beyond = { ...CALM, lagMs: 2_000, clockErrorMs: 100, beyondMs: 30_000 }
  const found: string[] = []
  for (let seed = 1; seed <= 5; seed++) {
    const { wrong } = await pollAndCheck({ ...(run as Run), seed, pace: 0.05, pollMs: 15_000, weather: beyond })
    found.push(...wrong)
  }
  expect(found.length).toBeGreaterThan(0)
})
