import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KNOWN_FIELDS } from '../../src/changestream/claim/fields.ts'
import { isIpv4Host } from '../../src/changestream/claim/ipv4-host.ts'
import { decodeChange, encodeChange } from '../../src/changestream/codec.ts'
import { encodeByAvsc } from '../../src/changestream/encoder.ts'
import { fingerprintOf } from '../../src/changestream/fingerprint.ts'
import { avscDecoder, readClaimAt } from '../../src/changestream/payload-decoder.ts'
import { recordSchemas, recordTypes } from '../../src/changestream/schemas.ts'
import { singleObjectHeaders } from '../../src/changestream/single-object.ts'
import type { Change, Claim, Owner } from '../../src/ownership/claim.ts'
import { BytesMemo } from '../../src/ownership/ledger/bytes-memo.ts'
import { toPrefix } from '../../src/ownership/prefix.ts'
import { anyChange, claimOf, ownerOf } from '../support/changes.ts'
import { mutated } from '../support/mutated.ts'

const HEADER_BYTES = 10
const byAvsc = avscDecoder('claim', recordSchemas.claim)
const anyClaim = anyChange.filter((change): change is Claim => change.record === 'claim')
const payloadOf = (claim: Change) => encodeChange(claim).subarray(HEADER_BYTES)
/** The quick reader looks no further than that. */
const hasProto = ({ owners }: Claim) =>
  owners.some(({ labels }) => Object.keys(labels).some(key => key.endsWith('__proto__')))

/** What the quick reader says of a whole payload, with no second opinion. */
const quickly = (payload: Buffer): Claim | undefined => {
  const read = readClaimAt(payload, 0)
  return read?.end === payload.length ? read.claim : undefined
}

describe('claims read and written without avsc', () => {
  test('are those of the current schema: after a change of it src/changestream/claim has to follow', () => {
    expect(fingerprintOf(recordTypes.claim)).toBe(KNOWN_FIELDS)
  })

  test('are the bytes that avsc writes', () => {
    fc.assert(
      fc.property(anyChange, change => {
        expect(encodeChange(change)).toEqual(encodeByAvsc(change, singleObjectHeaders[change.record]))
      }),
      { numRuns: 500 },
    )
  })

  test('are what avsc reads of the same bytes, for every claim in the usual form', () => {
    fc.assert(
      fc.property(anyClaim, claim => {
        const payload = payloadOf(claim)
        expect(byAvsc(payload, 0).change).toEqual(claim)
        expect(quickly(payload)).toEqual(hasProto(claim) ? undefined : claim)
      }),
      { numRuns: 500 },
    )
  })

  test('are refused wherever avsc or the walk before it refuses them, and else are the same', () => {
    fc.assert(
      fc.property(anyClaim, mutated, (claim, mutate) => {
        const payload = mutate(payloadOf(claim))
        const quick = quickly(payload)
        if (quick !== undefined) expect(byAvsc(payload, 0).change).toEqual(quick)
        // What was read of it must not be found again where others are looked for.
        if (!hasProto(claim)) expect(quickly(payloadOf(claim))).toEqual(claim)
      }),
      { numRuns: 3000 },
    )
  })

  test('in a form that avsc writes only when it is told to are left to avsc', () => {
    // The list of owners in two parts, the first with its size in bytes.
    const claim = claimOf('ec2/a', 1, 1, { owners: [ownerOf('a'), ownerOf('b')] })
    const owner = recordTypes.claim as avro.types.RecordType
    const items = (owner.field('owners').type as avro.types.ArrayType).itemsType
    const [a, b] = claim.owners.map(held => items.toBuffer(held)) as [Buffer, Buffer]
    const whole = payloadOf(claim)
    const at = whole.indexOf(a)
    const sizeOfA = avro.Type.forSchema('long').toBuffer(a.length)
    const parts = [whole.subarray(0, at - 1), Buffer.from([1]), sizeOfA, a, Buffer.from([2]), b]
    const inParts = Buffer.concat([...parts, whole.subarray(at + a.length + b.length)])
    expect(quickly(inParts)).toBeUndefined()
    expect(decodeChange(Buffer.concat([singleObjectHeaders.claim, inParts])).change).toEqual(claim)
  })

  test.each(['__proto__', ' __proto__'])('keep a label that is called "%s", and leave it to avsc', name => {
    const labels = JSON.parse(`{"${name}":"kept","b":"2"}`)
    const claim = claimOf('ec2/a', 1, 1, { owners: [ownerOf('api', { labels })] })
    const [owner] = (decodeChange(encodeChange(claim)).change as Claim).owners
    expect(JSON.stringify(owner?.labels)).toBe(`{"${name}":"kept","b":"2"}`)
    expect(quickly(payloadOf(claim))).toBeUndefined()
  })

  test('of the IPv4 hosts, exactly the canonical ones are known as such', () => {
    const part = fc.oneof(fc.nat({ max: 300 }).map(String), fc.constantFrom('', '00', '01', '-1', '1e2', ' 1'))
    const length = fc.constantFrom('/32', '/31', '/320', '', '/032')
    const text = fc
      .tuple(fc.array(part, { minLength: 3, maxLength: 5 }), length)
      .map(([parts, end]) => parts.join('.') + end)
    fc.assert(
      fc.property(text, found => {
        expect(isIpv4Host(found)).toBe(toPrefix(found) === found && found.endsWith('/32') && !found.includes(':'))
      }),
      { numRuns: 2000 },
    )
  })

  test('with texts of any length are written, over the end of a piece of memory too', () => {
    for (const length of [0, 1, 23, 24, 63, 64, 8191, 8192, 70_000]) {
      for (const character of ['a', 'é', '€', '😀']) {
        const labels = { [character.repeat(length)]: character.repeat(length) }
        const claim = claimOf('ec2/a', 1, 1, { owners: [ownerOf('api', { labels })] })
        expect(decodeChange(encodeChange(claim)).change).toEqual(claim)
      }
    }
  })

  test('of the same owner object are the same bytes, wherever they come to lie', () => {
    const owners = Array.from({ length: 6 }, (_, i) => ownerOf(`api-${i}`, { labels: { text: 'x'.repeat(3000) } }))
    const expectBack = (...both: [number, number]) => {
      const claim = claimOf('ec2/a', 1, 1, { owners: both.map(i => owners[i] as Owner) })
      expect(decodeChange(encodeChange(claim)).change).toEqual(claim)
    }
    for (let i = 0; i < 100; i++) expectBack(i % 2, i % 6)
    for (let i = 0; i < 100; i++) expectBack(0, 0)
  })
})

describe('owners that were read before', () => {
  const read = (owners: readonly Owner[], sequence = 1) =>
    (decodeChange(encodeChange(claimOf('ec2/a', 1, sequence, { owners }))).change as Claim).owners

  test('are the very same object, which nobody can change', () => {
    const first = read([ownerOf('api', { labels: { a: '1' } })])
    expect(read([ownerOf('api', { labels: { a: '1' } })], 2)).toBe(first)
    expect(
      Object.isFrozen(first) && first.every(owner => Object.isFrozen(owner) && Object.isFrozen(owner.labels)),
    ).toBe(true)
  })

  test('are never mistaken for others, though one bit alone differs', () => {
    const payload = Buffer.from(
      payloadOf(claimOf('ec2/a', 1, 1, { owners: [ownerOf('api', { labels: { abcdef: 'ghijkl' } })] })),
    )
    for (let bit = 0; bit < payload.length * 8; bit++) {
      const changed = Buffer.from(payload)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      quickly(payload)
      const quick = quickly(changed)
      if (quick !== undefined) expect(byAvsc(changed, 0).change).toEqual(quick)
    }
  })

  test('are never mistaken for others of the same hash, which is taken over the ends of texts', () => {
    const alike = Array.from({ length: 10 }, (_, i) => ownerOf('api', { resourceId: `i-${i}0000000000000000` }))
    for (let round = 0; round < 3; round++) for (const owner of alike) expect(read([owner])).toEqual([owner])
  })

  test('are told apart by bytes that are zero and minus zero as a floating-point number', () => {
    const memo = new BytesMemo<string>()
    const memoryOf = (bytes: readonly number[]) => new DataView(Uint8Array.from(bytes).buffer)
    const zero = [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9]
    const minusZero = zero.with(15, 0x80)
    memo.keep(7, memoryOf(zero), 0, zero.length, 'zero')
    expect(memo.find(7, memoryOf(minusZero), 0, zero.length)).toBeUndefined()
    expect(memo.find(7, memoryOf(zero), 0, zero.length)).toBe('zero')
  })

  test('are forgotten before they take more than their share of memory, and read anew', () => {
    const early = ownerOf('early')
    const first = read([early])
    for (let i = 0; i < 9000; i++) read([ownerOf(`crowd-${i}`, { labels: { text: 'x'.repeat(3900) } })])
    expect(read([early])).toEqual(first)
    expect(read([early])).not.toBe(first)
  })
})
