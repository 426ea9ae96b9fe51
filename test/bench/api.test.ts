import { expect, test } from 'vitest'
import { optionsOf } from '../../bench/api/options.ts'
import { skewedAddress, Truth, uniformAddress } from '../../bench/api/truth.ts'
import { BASE_MS, Estate, SPAN_MS } from '../../bench/index/estate.ts'
import { DOMAIN, nowMsOf, progress, sourceRecord } from '../../bench/index/facts.ts'
import { claimsOf } from '../../bench/index/ledger.ts'
import { choiceOf, seedOf } from '../../bench/index/random.ts'
import { toIp } from '../../src/ownership/address.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'

test('what bench:api takes for the truth is what the index says of the same claims', () => {
  const estate = new Estate({ versions: 5000, seed: 3 })
  const truth = new Truth(estate)
  const index = createOwnershipIndex()
  index.apply(sourceRecord(BASE_MS))
  index.apply(progress(1, BASE_MS + SPAN_MS))
  for (const claim of claimsOf(estate, 0, estate.addresses)) index.apply(claim)
  let [held, free] = [0, 0]
  for (let i = 0; i < 2000; i++) {
    const address = i % 2 === 0 ? skewedAddress(estate, i) : uniformAddress(estate, i)
    const atMs = choiceOf(seedOf(7, i), 0, SPAN_MS)
    const ip = toIp(truth.address(address))
    if (ip === undefined) throw new TypeError(`${truth.address(address)} is an address`)
    const fromMs = BASE_MS + atMs
    const { state, holding } = index.ask({ ip, domain: DOMAIN, fromMs, untilMs: fromMs + 1, nowMs: nowMsOf(BASE_MS) })
    const holder = truth.holder(address, atMs)
    expect([state === 'owned', holding?.owner.resourceId, holding?.owner.application]).toEqual([
      holder !== undefined,
      holder?.task,
      holder?.application,
    ])
    if (holder) held++
    else free++
  }
  expect(held).toBeGreaterThan(1000)
  expect(free).toBeGreaterThan(20)
}, 60_000)

test('options: quick ones, what was asked for instead, help, and what is refused', () => {
  expect(optionsOf([])).toMatchObject({ claims: 10_000_000, rounds: 3, data: undefined })
  expect(optionsOf(['--quick', '--lines', '7'])).toMatchObject({ claims: 200_000, lines: 7 })
  expect(optionsOf(['--help'])).toBeUndefined()
  for (const wrong of [['--claims', '15'], ['--seconds', '0'], ['--lines', 'x'], ['--fast']]) {
    expect(() => optionsOf(wrong)).toThrow()
  }
})
