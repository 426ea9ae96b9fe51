import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import avro, { type Schema } from 'avsc'
import { describe, expect, test } from 'vitest'
import { createCodec, decodeChange } from '../../src/changestream/codec.ts'
import { fingerprintOf } from '../../src/changestream/fingerprint.ts'
import { RECORDS, recordSchemas, recordTypes } from '../../src/changestream/schemas.ts'
import { toWire } from '../../src/changestream/wire.ts'
import { resolvedReading } from '../../src/changestream/wire-types.ts'
import type { Progress } from '../../src/ownership/claim.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { claimOf, ownerOf } from '../support/changes.ts'
import {
  currentName,
  hexOf,
  historyFolder,
  namesIn,
  publishedType,
  samplesFolder,
  storedSamples,
  versionOf,
} from '../support/stored-samples.ts'

const HEADER_BYTES = 10
const published = namesIn(historyFolder, '.avsc')
const ofOneRecord = published.flatMap(reader =>
  published
    .filter(writer => versionOf(writer).record === versionOf(reader).record)
    .map(writer => [reader, writer] as const),
)

describe('what was once written with a schema', () => {
  test.each(RECORDS)(
    'the current schema of a %s is published: else "node --import ./bench/typescript.mjs test/support/publish-schemas.ts"',
    record => {
      expect(currentName(record)).toBeDefined()
    },
  )

  test('every published schema is the one that its name says, and was never changed', () => {
    for (const name of published) expect(hexOf(publishedType(name)), name).toBe(versionOf(name).fingerprint)
  })

  test('every published schema has stored samples, and every sample its schema', () => {
    expect(namesIn(samplesFolder, '.json')).toEqual(published)
  })

  test('versions are numbered without gaps', () => {
    for (const record of RECORDS) {
      const numbers = published
        .map(versionOf)
        .filter(version => version.record === record)
        .map(({ number }) => number)
      expect(numbers, record).toEqual(numbers.map((_, i) => i + 1))
    }
  })

  test.each(published)('the samples of %s are read today', name => {
    const samples = storedSamples(name)
    expect(samples.length).toBeGreaterThan(0)
    for (const { message, change } of samples) {
      expect(message.subarray(2, HEADER_BYTES).readBigUInt64LE().toString(16).padStart(16, '0')).toBe(
        versionOf(name).fingerprint,
      )
      expect(decodeChange(message).change).toEqual(change)
    }
  })

  // BACKWARD_TRANSITIVE and FORWARD_TRANSITIVE: any version reads what any other wrote.
  test.each(ofOneRecord)('a reader of %s reads what %s wrote', (reader, writer) => {
    const schemaOf = (name: string): Schema => JSON.parse(readFileSync(join(historyFolder, `${name}.avsc`), 'utf8'))
    const read = resolvedReading(schemaOf(reader), schemaOf(writer))
    const type = publishedType(reader)
    const resolver = type.createResolver(publishedType(writer))
    for (const { message, change } of storedSamples(writer)) {
      const payload = message.subarray(HEADER_BYTES)
      const key = change.record === 'horizon' ? { domain: change.domain } : { source: change.source }
      expect(read(payload)).toMatchObject(key)
      expect({ ...type.fromBuffer(payload, resolver) }).toMatchObject(key)
    }
  })

  test('a reader of the first progress passes over what it does not know', () => {
    const [first = '', second = ''] = published.filter(name => versionOf(name).record === 'progress')
    const type = publishedType(first)
    const [sample] = storedSamples(second)
    const resolver = type.createResolver(publishedType(second))
    const read = { ...type.fromBuffer(sample?.message.subarray(HEADER_BYTES) ?? Buffer.alloc(0), resolver) }
    const expected = sample?.change as Progress | undefined
    expect({ record: 'progress', ...read, overAtMs: expected?.overAtMs }).toEqual(expected)
    expect(read).not.toHaveProperty('overAtMs')
  })
})

describe('what a newer version writes', () => {
  type Field = { name: string; type: unknown; default?: unknown; doc?: string }
  type RecordSchema = { fields: Field[] }
  const newer = (change: (schema: RecordSchema) => void): Schema => {
    const schema = structuredClone(recordSchemas.claim) as unknown as RecordSchema
    change(schema)
    return schema as unknown as Schema
  }
  const field = (schema: RecordSchema, name: string) => schema.fields.find(found => found.name === name) as Field
  const symbolsOf = (schema: RecordSchema, name: string) => (field(schema, name).type as { symbols: string[] }).symbols

  const wire = toWire(claimOf('ec2/a', 1, 1, { owners: [ownerOf('api', { labels: { a: '1' } })] }))
  const written = (schema: Schema, more: object) => {
    const type = avro.Type.forSchema(schema)
    const header = Buffer.from([0xc3, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    header.writeBigUInt64LE(fingerprintOf(type), 2)
    return Buffer.concat([header, type.toBuffer({ ...wire, ...more })])
  }
  const codecThatKnows = (schema: Schema) => {
    const schemaFolder = mkdtempSync(join(tmpdir(), 'whohad-schemas-'))
    writeFileSync(join(schemaFolder, 'ip-claim.avsc'), JSON.stringify(schema))
    return createCodec({
      topic: 'whohad.changes',
      schemaFolder,
      clock: systemClock,
      report: { schemaRegistrySilent() {} },
    })
  }
  const expected = claimOf('ec2/a', 1, 1, { owners: [ownerOf('api', { labels: { a: '1' } })] })

  const withField = newer(schema => {
    schema.fields.splice(3, 0, { name: 'vlan', type: ['null', 'int'], default: null })
    schema.fields.push({ name: 'hops', type: { type: 'array', items: 'string' }, default: [] })
    schema.fields.push({ name: 'notes', type: { type: 'map', values: 'string' }, default: {} })
  })

  test('is unreadable by its fingerprint alone, and read once its schema is in the folder', async () => {
    const message = written(withField, { vlan: 7, hops: ['a', 'b'], notes: { c: 'd' } })
    expect(decodeChange(message).unreadable).toContain('unknown schema fingerprint')
    expect((await codecThatKnows(withField)).decode(message).change).toEqual(expected)
  })

  test('keeps a label called __proto__', async () => {
    const labels = JSON.parse('{"__proto__":"kept"}')
    const owners = [{ ...ownerOf('api'), labels }]
    const { change } = (await codecThatKnows(withField)).decode(written(withField, { owners, vlan: 7 }))
    expect(JSON.stringify(change)).toContain('"labels":{"__proto__":"kept"}')
  })

  test('a symbol that it added to an enum with a default is that default', async () => {
    const schema = newer(found => symbolsOf(found, 'evidence').push('declared'))
    const codec = await codecThatKnows(schema)
    expect(codec.decode(written(schema, { evidence: 'declared' })).change).toEqual(expected)
    expect(codec.decode(written(schema, { evidence: 'bridged' })).change).toEqual({ ...expected, evidence: 'bridged' })
  })

  test('a symbol that it added to an enum without a default costs only the records that have it', async () => {
    const schema = newer(found => symbolsOf(found, 'layer').push('function'))
    const codec = await codecThatKnows(schema)
    expect(codec.decode(written(schema, { layer: 'instance' })).change).toEqual(expected)
    expect(codec.decode(written(schema, { layer: 'function' })).unreadable).toContain('layer "function" is not known')
    expect(codec.decode(written(schema, { expects: ['function'] })).unreadable).toContain('"function" is not known')
  })

  test('a list that it added cannot lead the reader astray by its size', async () => {
    const message = written(withField, { vlan: 7, hops: ['a'] })
    // The list as a part of one item and a size: the size is not that of the item.
    const at = message.lastIndexOf(Buffer.from([2, 2, 0x61, 0]))
    const astray = Buffer.concat([
      message.subarray(0, at),
      Buffer.from([1, 0xfe, 0xff, 0xff, 0xff, 0x0f]),
      message.subarray(at + 1),
    ])
    expect((await codecThatKnows(withField)).decode(astray).unreadable).toContain('whose size is not that of its items')
  })

  test('that lacks a field which has no default here is unreadable, and so said', async () => {
    const schema = newer(found => found.fields.splice(0, 1))
    expect((await codecThatKnows(schema)).decode(written(schema, {})).unreadable).toContain('cannot be read as ours')
  })

  test('of the folder, a file that is no schema is refused at the start', async () => {
    const schemaFolder = mkdtempSync(join(tmpdir(), 'whohad-schemas-'))
    writeFileSync(join(schemaFolder, 'broken.avsc'), '{')
    const options = { topic: 'whohad.changes', schemaFolder, clock: systemClock, report: { schemaRegistrySilent() {} } }
    await expect(createCodec(options)).rejects.toThrow(/broken\.avsc.*kafka\.schemaFolder/)
    await expect(createCodec({ ...options, schemaFolder: join(schemaFolder, 'none') })).rejects.toThrow(/none/)
  })

  test('every schema that may gain symbols says what they are to readers of today, but for layers', () => {
    const enums: Record<string, unknown> = {}
    const walk = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return
      const { type, name, default: fallback } = node as { type?: unknown; name?: string; default?: unknown }
      if (type === 'enum' && name) enums[name] = fallback
      Object.values(node).forEach(walk)
    }
    walk(Object.values(recordSchemas))
    expect(enums).toEqual({ Layer: undefined, Evidence: 'sighted', ClaimState: 'missing' })
    expect(hexOf(recordTypes.claim)).toBe('5285dfa58c060eac')
  })
})
