import { readFileSync } from 'node:fs'
import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeChange, encodeChange } from '../../src/changestream/codec.ts'
import { fingerprintOf, rabin } from '../../src/changestream/fingerprint.ts'
import { recordTypes } from '../../src/changestream/schemas.ts'
import type { Claim } from '../../src/ownership/claim.ts'
import { anyChange, claimOf, ownerOf } from '../support/changes.ts'

const framed = (type: avro.Type, value: unknown): Buffer => {
  const header = Buffer.from([0xc3, 0x01, 0, 0, 0, 0, 0, 0, 0, 0])
  header.writeBigUInt64LE(fingerprintOf(type), 2)
  return Buffer.concat([header, type.toBuffer(value)])
}

describe('the codec of the change stream', () => {
  test('any change comes back as it went in, key order included', () => {
    fc.assert(
      fc.property(anyChange, change => {
        const decoded = decodeChange(encodeChange(change)).change
        expect(decoded).toEqual(change)
        expect(Object.keys(decoded ?? {})).toEqual(Object.keys(change))
      }),
      { numRuns: 500 },
    )
  })

  test('equal claims are equal bytes, in whatever order their labels were given', () => {
    const claim = (labels: Record<string, string>) => claimOf('ec2/a', 1, 1, { owners: [ownerOf('api', { labels })] })
    expect(encodeChange(claim({ b: '2', a: '1' }))).toEqual(encodeChange(claim({ a: '1', b: '2' })))
  })

  // Vectors of the Avro project: share/test/data/schema-tests.txt.
  test.each([
    ['"null"', 7195948357588979594n],
    ['"int"', 8247732601305521295n],
    ['"string"', -8142146995180207161n],
    ['{"name":"foo","type":"record","fields":[]}', -4824392279771201922n],
  ])('the fingerprint of %s is the one that Avro publishes', (schema, fingerprint) => {
    expect(BigInt.asIntN(64, rabin(schema))).toBe(fingerprint)
  })

  test('the fingerprint is taken over the parsing canonical form: full names, no docs, no defaults, no logical types', () => {
    const type = avro.Type.forSchema({
      type: 'record',
      namespace: 'n.s',
      name: 'A',
      doc: 'about',
      fields: [
        { name: 'b', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }], default: null, doc: 'about' },
        { name: 'c', type: { type: 'enum', name: 'E', symbols: ['x', 'y'] } },
        { name: 'd', type: 'E' },
        { name: 'e', type: { type: 'map', values: 'string' } },
      ],
    })
    const canonical =
      '{"name":"n.s.A","type":"record","fields":[{"name":"b","type":["null","long"]},' +
      '{"name":"c","type":{"name":"n.s.E","type":"enum","symbols":["x","y"]}},{"name":"d","type":"n.s.E"},' +
      '{"name":"e","type":{"type":"map","values":"string"}}]}'
    expect(fingerprintOf(type)).toBe(rabin(canonical))
  })

  test('each schema file is whole by itself and every field has a word of explanation', () => {
    for (const file of ['ip-claim', 'progress', 'source', 'horizon']) {
      const undocumented: string[] = []
      const walk = (node: unknown): void => {
        if (typeof node !== 'object' || node === null) return
        const { fields } = node as { fields?: { name: string; doc?: string; type: unknown }[] }
        for (const field of fields ?? []) if (!field.doc) undocumented.push(field.name)
        Object.values(node).forEach(walk)
      }
      walk(JSON.parse(readFileSync(new URL(`../../schemas/${file}.avsc`, import.meta.url), 'utf8')))
      expect(undocumented, file).toEqual([])
    }
  })

  test.each([
    ['an empty message', Buffer.alloc(0), 'header'],
    ['somebody else’s JSON', Buffer.from('{"ip":"10.0.0.1"}'), 'header'],
    ['a schema registry’s frame', Buffer.from([0, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7]), 'schema 7 of a schema registry'],
    ['four zero bytes', Buffer.alloc(4), 'header'],
    [
      'an unknown schema',
      Buffer.from([0xc3, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
      'unknown schema fingerprint 0807060504030201',
    ],
    [
      'a whole record with more behind it',
      Buffer.concat([encodeChange(claimOf('a', 1, 1)), Buffer.from([0])]),
      'after',
    ],
    ['a list that would exhaust the memory', hostileSource(), 'list longer than the message'],
  ])('%s is unreadable, with the reason', (_, bytes, reason) => {
    expect(decodeChange(bytes).unreadable).toContain(reason)
  })

  test('a record cut anywhere is unreadable and nothing worse', () => {
    const whole = encodeChange(claimOf('ec2/a', 1, 1, { owners: [ownerOf('api', { labels: { a: '1' } })] }))
    for (let length = 0; length < whole.length; length++) {
      expect(decodeChange(whole.subarray(0, length)).change).toBeUndefined()
    }
  })

  test('random bytes behind a known header never throw', () => {
    const header = encodeChange(claimOf('a', 1, 1)).subarray(0, 10)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        const decoded = decodeChange(Buffer.concat([header, bytes]))
        expect(decoded.unreadable ?? decoded.change).toBeDefined()
      }),
      { numRuns: 1000 },
    )
  })

  test('a record that fits the schema but cannot be a claim is unreadable', () => {
    const foreign = (wrong: object) => {
      const claim = claimOf('ec2/a', 1, 1)
      return framed(recordTypes.claim, { ...claim, end: { earliestMs: 1, latestMs: null }, ...wrong })
    }
    expect(decodeChange(foreign({})).change).toBeDefined()
    expect(decodeChange(foreign({ prefix: '10.0.0.7/24' })).unreadable).toContain('"10.0.0.7/24" is not a canonical')
    expect(decodeChange(foreign({ owners: [] })).unreadable).toContain('without an owner')
    expect(decodeChange(foreign({ source: '' })).unreadable).toContain('empty source')
    expect(decodeChange(foreign({ revision: { epoch: -1, sequence: 0 } })).unreadable).toContain('negative')
    expect(decodeChange(foreign({ ports: { first: -1, last: 80 } })).unreadable).toContain('ports -1 to 80')
    for (const beyond of [2 ** 52, -(2 ** 52), 2 ** 53 - 2]) {
      expect(decodeChange(foreign({ lastSightingMs: beyond })).unreadable).toContain('2^52')
      expect(decodeChange(foreign({ start: { earliestMs: beyond, latestMs: null } })).unreadable).toContain('2^52')
    }
  })

  test.each<[string, Partial<Claim>]>([
    ['NaN', { lastSightingMs: Number.NaN }],
    ['a fraction of a millisecond', { lastSightingMs: 1.5 }],
    ['a number that avsc would write wrongly', { lastSightingMs: -(2 ** 52) - 1 }],
    ['a port beyond 65535', { ports: { first: 0, last: 65536 } }],
    ['the wrong infinity', { end: { earliestMs: 0, latestMs: Number.NEGATIVE_INFINITY } }],
  ])('%s is refused when it is written, with the place', (_, wrong) => {
    expect(() => encodeChange(claimOf('ec2/a', 1, 1, wrong))).toThrowError(
      expect.objectContaining({ code: 'WHOHAD_STREAM_RECORD_UNENCODABLE', message: expect.stringContaining('ec2/a') }),
    )
  })
})

/** Source "a", revision (1, 1), kind "e", then a scope that says it has two billion parts. */
function hostileSource(): Buffer {
  const header = Buffer.from([0xc3, 0x01, 0, 0, 0, 0, 0, 0, 0, 0])
  header.writeBigUInt64LE(fingerprintOf(recordTypes.source), 2)
  return Buffer.concat([header, Buffer.from([2, 0x61, 2, 2, 2, 0x65, 0xfe, 0xff, 0xff, 0xff, 0x0f, 1])])
}
