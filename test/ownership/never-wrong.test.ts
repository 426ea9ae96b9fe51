import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { question } from '../support/estate.ts'
import { CLOCK_ERROR_MS, type Held, histories, holdersDuring, pollHistory, polls } from '../support/polled-world.ts'

const windows = fc.array(
  fc.record({
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3'),
    fromMs: fc.integer({ min: 0, max: 2500 }),
    lengthMs: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 120 })),
  }),
  { minLength: 30, maxLength: 60 },
)
/** Windows that touch the instants at which something really changed: there a bound that is too tight shows. */
const boundaries = (history: readonly Held[]) =>
  history.flatMap(({ address, fromMs, untilMs }) =>
    [fromMs, untilMs].flatMap(atMs =>
      [-15, -6, -1, 0, 5, 14].map(shiftMs => ({ address, fromMs: Math.max(0, atMs + shiftMs), lengthMs: 1 })),
    ),
  )

const offsets = fc.integer({ min: -CLOCK_ERROR_MS, max: CLOCK_ERROR_MS })

test('while the declared bounds hold, no owned answer is wrong, whatever was polled when', () => {
  let owned = 0
  fc.assert(
    fc.property(histories, polls, offsets, windows, (history, schedule, offsetMs, asked) => {
      const index = createOwnershipIndex()
      pollHistory(index, history, schedule, offsetMs)
      for (const { address, fromMs, lengthMs } of [...asked, ...boundaries(history)]) {
        const answer = index.ask(question(address, fromMs, fromMs + lengthMs))
        if (answer.state !== 'owned') continue
        owned++
        const truth = holdersDuring(history, address, fromMs, fromMs + lengthMs)
        expect([...truth], `${address} [${fromMs}, ${fromMs + lengthMs})`).toEqual([answer.holding?.owner.application])
      }
    }),
    { numRuns: 250, seed: 20171 },
  )
  expect(owned).toBeGreaterThan(1000) // a test that never sees an owned answer proves nothing
})

test('an ambiguous answer lists the true holder among its candidates, where its holding was ever seen', () => {
  fc.assert(
    fc.property(histories, polls, offsets, windows, (history, schedule, offsetMs, asked) => {
      const index = createOwnershipIndex()
      const seen = pollHistory(index, history, schedule, offsetMs)
      for (const { address, fromMs } of asked) {
        const answer = index.ask(question(address, fromMs))
        if (answer.state !== 'ambiguous') continue
        const truth = history.find(held => held.address === address && held.fromMs <= fromMs && fromMs < held.untilMs)
        const candidates = answer.candidates.map(({ holding }) => holding?.owner.application)
        if (truth === undefined || seen.has(truth)) expect(candidates).toContain(truth?.holder)
      }
    }),
    { numRuns: 100, seed: 20250 },
  )
})
