import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asker } from '../support/domain-worlds.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'
import { ADDRESSES, reachWorlds } from '../support/reach-worlds.ts'

/** Windows across the instants at which something changed: there an answer that is too sure shows. */
const across = (turnsMs: readonly number[]) =>
  turnsMs.filter(atMs => atMs >= 0 && atMs <= 200).map(atMs => ({ fromMs: atMs - 3, longMs: 6 }))

const windows = fc.array(
  fc.record({ fromMs: fc.integer({ min: 0, max: 100 }), longMs: fc.integer({ min: 1, max: 15 }) }),
  {
    minLength: 8,
    maxLength: 15,
  },
)

test(
  'whatever the reaches, owned is only who held the address wherever it may have been, at every instant',
  () => {
    const seen = { throughReach: 0, alternatives: 0 }
    fc.assert(
      fc.property(reachWorlds, windows, ({ changes, reaches, turnsMs, placesAt }, asked) => {
        const ask = asker(changes, reaches)
        for (const address of ADDRESSES) {
          for (const { fromMs, longMs } of [...asked, ...across(turnsMs)]) {
            const { domain, answer } = ask('d1', address, { fromMs, untilMs: fromMs + longMs })
            if (domain === undefined) seen.alternatives++
            if (answer.state !== 'owned') continue
            if (domain !== 'd1') seen.throughReach++
            const owner = { domain, holder: answer.holding?.owner.application }
            for (let atMs = fromMs; atMs < fromMs + longMs; atMs++) {
              expect(placesAt(address, atMs), `${address} at ${atMs}`).toEqual([owner])
            }
          }
        }
      }),
      propertyRuns(150),
    )
    // A test that never sees an owned answer proves nothing.
    expect(seen.throughReach).toBeGreaterThan(60)
    expect(seen.alternatives).toBeGreaterThan(60)
  },
  propertyTimeoutMs(60_000),
)
