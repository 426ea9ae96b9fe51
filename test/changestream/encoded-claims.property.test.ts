import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeChange } from '../../src/changestream/codec.ts'
import { applyTo, encodedChange } from '../../src/changestream/encoded-change.ts'
import { readClaimAt, takeClaimApart } from '../../src/changestream/payload-decoder.ts'
import type { Claim, Horizon } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { anyChange, anyOwner, claimOf, ownerOf } from '../support/changes.ts'
import { mutated } from '../support/mutated.ts'

const HEADER_BYTES = 10
const anyClaim = anyChange.filter((change): change is Claim => change.record === 'claim')

// Few names, as in an estate, so that most texts, owners and claims come again; among them some that JSON escapes, some that
// are not ASCII, some of a length whose size takes two bytes, and one that begins like another.
const text = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('', 'a', 'api', 'api-main', 'us-east-1', 'i-0123456789abcdef0', 'i-0123456789abcdef1'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('say "hi"', 'back\\slash', 'tab\t', 'naïve', '\ufeffmarked', '寿司', 'x'.repeat(70)),
  },
)
const maybe = fc.option(text, { nil: null })
const owner = anyOwner({
  text,
  maybe,
  labels: fc.array(fc.tuple(text, text), { maxLength: 3 }).map(entries => Object.fromEntries(entries)),
})
const ownersOfFew = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom([ownerOf('api')], [ownerOf('web', { labels: { b: '1', a: '2' } })]) },
  { weight: 5, arbitrary: fc.array(owner, { minLength: 1, maxLength: 1 }) },
  { weight: 1, arbitrary: fc.array(owner, { minLength: 2, maxLength: 3 }) },
)
const claimOfFew = fc
  .record({
    drawn: anyClaim,
    id: fc.constantFrom('1', 'claim-2', 'claim-3', 'Anspruch-ü', '0123456789abcdef0123456789abcdef'),
    revision: fc.record({ epoch: fc.nat({ max: 2 }), sequence: fc.nat({ max: 3 }) }),
    domain: fc.constantFrom('vpc-1', 'vpc-ü'),
    owners: ownersOfFew,
    lifetimeId: maybe,
    same: fc.boolean(),
  })
  .map(({ drawn, same, ...few }) => ({ ...(same ? claimOf('ec2/a', 0, 0) : drawn), ...few }))
const horizon: fc.Arbitrary<Horizon> = fc.record({
  record: fc.constant('horizon' as const),
  domain: fc.constantFrom('vpc-1', 'vpc-ü'),
  beforeMs: fc.constantFrom(0, Date.UTC(2026, 10, 20), Date.UTC(2030, 0, 1)),
})

/** Takes a claim as it lies encoded, where it can be left so, and ruins the memory that it lay in. @returns Whether it could. */
function applyEncoded(index: OwnershipIndex, claim: Claim): boolean {
  const bytes = Buffer.concat([Buffer.from([1, 2, 3]), encodeChange(claim).subarray(HEADER_BYTES)])
  const logged = encodedChange(bytes, 3, 0, 0, 0)
  if (logged) applyTo(index, logged)
  else index.apply(claim)
  bytes.fill(0x41)
  return logged !== undefined
}

describe('claims that are taken into the index as they lie encoded', () => {
  test('leave the very same index as the same claims taken as objects, in any mixture of the two', () => {
    let encoded = 0
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof({ weight: 12, arbitrary: claimOfFew }, horizon), fc.boolean())),
        changes => {
          const [byObjects, mixed, byBytes] = [createOwnershipIndex(), createOwnershipIndex(), createOwnershipIndex()]
          for (const [change, asBytes] of changes) {
            byObjects.apply(change)
            if (change.record === 'claim' && asBytes) applyEncoded(mixed, change)
            else mixed.apply(change)
            if (change.record === 'claim') encoded += applyEncoded(byBytes, change) ? 1 : 0
            else byBytes.apply(change)
          }
          const columns = byObjects.columns()
          expect(mixed.columns()).toEqual(columns)
          expect(byBytes.columns()).toEqual(columns)
        },
      ),
      { numRuns: 400 },
    )
    expect(encoded).toBeGreaterThan(500)
  })

  test('are the claims that are read as objects: no others, with the same end, and the same claim when asked for', () => {
    fc.assert(
      fc.property(anyClaim, mutated, fc.boolean(), (claim, mutate, isWhole) => {
        const whole = encodeChange(claim).subarray(HEADER_BYTES)
        const bytes = isWhole ? whole : mutate(whole)
        const read = readClaimAt(bytes, 0)
        const taken = takeClaimApart(bytes, 0)
        const [end, apart] = [taken?.end, taken?.claim.claim()]
        if (taken === undefined) return
        expect(end).toBe(read?.end)
        expect(apart).toEqual(read?.claim)
        expect(encodedChange(bytes, 0, 0, 0, 0)?.change).toEqual(read?.claim)
      }),
      { numRuns: 2000 },
    )
  })

  test('are nearly all that are written: only an id or a lifetime that is not ASCII makes an object of one', () => {
    for (const [overrides, isLeft] of [
      [{}, true],
      [{ owners: [ownerOf('naïve'), ownerOf('寿司')] }, true],
      [{ prefix: '2001:db8::/48' as Claim['prefix'] }, true],
      [{ ports: { first: 1, last: 65_535 }, expects: ['container'], whole: true } as const, true],
      [{ id: 'ü' }, false],
      [{ lifetimeId: '寿司' }, false],
      [{ owners: [ownerOf('api', { labels: { ['__proto__']: 'x' } })] }, false],
    ] as const) {
      const bytes = encodeChange(claimOf('ec2/a', 1, 1, overrides)).subarray(HEADER_BYTES)
      expect(takeClaimApart(bytes, 0) !== undefined, JSON.stringify(overrides)).toBe(isLeft)
    }
  })

  test('are objects from when they were asked for on, and keep the memory no longer', () => {
    const claim = claimOf('ec2/a', 3, 4)
    const logged = encodedChange(encodeChange(claim), HEADER_BYTES, 2, 7, 99)
    expect(logged).toMatchObject({ partition: 2, offset: 7, loggedAtMs: 99, source: 'ec2/a', epoch: 3 })
    expect(logged?.encoded()?.claim()).toEqual(claim)
    expect(logged?.change).toEqual(claim)
    expect(logged?.change).toBe(logged?.change)
    expect(logged?.encoded()).toBeUndefined()
  })

  test.each([
    ['labels out of order', 'aaaa', 'zzzz'],
    ['a label twice', 'aaaa', 'bbbb'],
    ['a text that is no UTF-8', 'team-x', '\xff\xfeam-x'],
  ])('say what their objects say: %s, as nobody of ours writes it', (_, from, to) => {
    const owners = [ownerOf('api', { team: 'team-x', labels: { aaaa: '1', bbbb: '2' } })]
    const written = encodeChange(claimOf('ec2/a', 1, 1, { owners })).subarray(HEADER_BYTES)
    const bytes = Buffer.from(written.toString('latin1').replace(from, to), 'latin1')
    const logged = encodedChange(bytes, 0, 0, 0, 0)
    const [byBytes, byObjects] = [createOwnershipIndex(), createOwnershipIndex()]
    if (logged) applyTo(byBytes, logged)
    byObjects.apply(readClaimAt(bytes, 0)?.claim as Claim)
    expect(byBytes.columns()).toEqual(byObjects.columns())
  })
})
