import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import avro from 'avsc'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ChangeCodec, createCodec, encodeChange } from '../../src/changestream/codec.ts'
import type { RegistryOptions } from '../../src/changestream/registry/options.ts'
import { recordSchemas } from '../../src/changestream/schemas.ts'
import { toWire } from '../../src/changestream/wire.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { claimOf } from '../support/changes.ts'
import { sampleChanges } from '../support/sample-changes.ts'
import { SchemaRegistryDouble } from '../support/schema-registry.ts'

const TOPIC = 'whohad.changes'
const claim = claimOf('ec2/a', 1, 1)

describe('with a schema registry', () => {
  let registry: SchemaRegistryDouble
  let url: string
  let open: ChangeCodec[]
  let silences: { readonly id: number; readonly attempt: number; readonly reason: string }[]
  let sleepsMs: number[]
  let nowMs: number
  /** Sleeps are noted, and last one turn of the event loop. */
  const clock: Clock = {
    now: () => nowMs,
    async sleep(ms, signal) {
      sleepsMs.push(ms)
      await new Promise(resolve => setImmediate(resolve))
      signal?.throwIfAborted()
    },
  }

  beforeEach(async () => {
    registry = new SchemaRegistryDouble()
    url = await registry.listen()
    open = []
    silences = []
    sleepsMs = []
    nowMs = 0
  })
  afterEach(async () => {
    for (const codec of open) codec.close()
    await registry.close()
  })

  const codecWith = async (options: Partial<RegistryOptions> = {}): Promise<ChangeCodec> => {
    const report = { schemaRegistrySilent: (d: (typeof silences)[number]) => void silences.push(d) }
    const codec = await createCodec({ topic: TOPIC, registry: { url, ...options }, clock, report })
    open.push(codec)
    return codec
  }
  const framed = (id: number, payload: Uint8Array) => {
    const header = Buffer.alloc(5)
    header.writeUInt32BE(id, 1)
    return Buffer.concat([header, payload])
  }
  const asked = (id: number) => registry.requests.filter(request => request === `GET /schemas/ids/${id}`).length
  const newerSchema = () => {
    const schema = structuredClone(recordSchemas.claim) as { fields: object[] }
    schema.fields.push({ name: 'vlan', type: ['null', 'int'], default: null })
    return schema as unknown as avro.Schema
  }

  test('the current schemas are registered by topic and name of the record, once', async () => {
    await codecWith()
    await codecWith()
    expect(registry.versions.map(({ subject }) => subject)).toEqual([
      'whohad.changes-whohad.changes.IpClaim',
      'whohad.changes-whohad.changes.Progress',
      'whohad.changes-whohad.changes.Source',
      'whohad.changes-whohad.changes.Horizon',
    ])
    expect(JSON.parse(registry.versions[0]?.schema ?? '')).toEqual(recordSchemas.claim)
  })

  test('a message is a zero byte, the id as four bytes, and the record; any Avro tool that knows the schema reads it', async () => {
    registry.nextIdIs(0x01020304)
    const message = (await codecWith()).encode(claim)
    expect([...message.subarray(0, 5)]).toEqual([0, 1, 2, 3, 4])
    const read = avro.Type.forSchema(JSON.parse(registry.versions[0]?.schema ?? '')).fromBuffer(message.subarray(5))
    expect(read).toMatchObject({ id: claim.id, prefix: claim.prefix })
  })

  test('every kind of record comes back, and single-object messages of the time before are read as well', async () => {
    const codec = await codecWith()
    const changes = Object.values(sampleChanges).flat()
    const messages = changes.flatMap(change => [codec.encode(change), encodeChange(change)])
    await codec.prepare(messages)
    expect(messages.map(message => codec.decode(message).change)).toEqual(changes.flatMap(change => [change, change]))
    expect(registry.requests.filter(request => request.startsWith('GET'))).toEqual([])
  })

  test('claims of the current schema can be left encoded in both framings, and nothing else can', async () => {
    const codec = await codecWith()
    for (const message of [codec.encode(claim), encodeChange(claim)]) {
      const left = codec.leave?.(message, 2, 7, 99)
      expect(left).toMatchObject({ partition: 2, offset: 7, loggedAtMs: 99, source: claim.source })
      expect(left?.encoded()?.claim()).toEqual(claim)
      expect(codec.leave?.(Buffer.concat([message, Buffer.alloc(1)]), 2, 7, 99)).toBeUndefined()
    }
    const id = registry.add(JSON.stringify(newerSchema()))
    expect(codec.leave?.(framed(id, codec.encode(claim).subarray(5)), 2, 7, 99)).toBeUndefined()
    const others = Object.values(sampleChanges)
      .flat()
      .filter(({ record }) => record !== 'claim')
    for (const change of others) expect(codec.leave?.(codec.encode(change), 2, 7, 99)).toBeUndefined()
  })

  test('a schema that another version registered is fetched once, whoever waits for it', async () => {
    const schema = newerSchema()
    const id = registry.add(JSON.stringify(schema))
    const codec = await codecWith()
    const message = framed(id, avro.Type.forSchema(schema).toBuffer({ ...toWire(claim), vlan: 7 }))
    await Promise.all([codec.prepare([message, message]), codec.prepare([message])])
    await codec.prepare([message])
    expect(codec.decode(message).change).toEqual(claim)
    expect(asked(id)).toBe(1)
  })

  test('an id that the registry does not know is a dead letter, and is asked for again after a minute, two, four, an hour', async () => {
    const codec = await codecWith()
    const message = framed(4711, Buffer.from([1, 2, 3]))
    const askedAtMs: number[] = []
    for (nowMs = 0; nowMs < 4 * 3600_000; nowMs += 30_000) {
      const before = asked(4711)
      await codec.prepare([message])
      await codec.prepare([message])
      if (asked(4711) > before) askedAtMs.push(nowMs)
      expect(codec.decode(message).unreadable).toBe('the schema registry has no schema 4711')
    }
    expect(askedAtMs.map(ms => ms / 60_000)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183])
    expect(asked(4711)).toBe(9)
    expect(silences).toEqual([])
  })

  test('a schema that is registered late is read from the next time on that it is asked for, and is asked for no more', async () => {
    const codec = await codecWith()
    const schema = newerSchema()
    registry.nextIdIs(77)
    const message = framed(77, avro.Type.forSchema(schema).toBuffer({ ...toWire(claim), vlan: 7 }))
    await codec.prepare([message])
    registry.add(JSON.stringify(schema))
    await codec.prepare([message])
    expect(codec.decode(message).unreadable).toBe('the schema registry has no schema 77')
    nowMs = 60_000
    await codec.prepare([message])
    expect(codec.decode(message).change).toEqual(claim)
    nowMs = 3600_000
    await codec.prepare([message])
    expect(asked(77)).toBe(2)
  })

  test('a schema that is named by its GUID is a dead letter that says so', async () => {
    const codec = await codecWith()
    const message = Buffer.concat([Buffer.of(1), Buffer.alloc(16, 7), Buffer.from('payload')])
    await codec.prepare([message])
    expect(codec.decode(message).unreadable).toMatch(/magic byte 1.*GUID/)
  })

  test.each([
    [
      'somebody else’s record',
      '{"type":"record","name":"com.example.Order","fields":[]}',
      {},
      'com.example.Order is no record',
    ],
    ['no record', '"string"', {}, 'string is no record of the change stream'],
    ['another language', 'syntax = "proto3";', { schemaType: 'PROTOBUF' }, 'is PROTOBUF, not Avro'],
    [
      'parts that are elsewhere',
      '"x.Y"',
      { references: [{ name: 'x.Y', subject: 'y', version: 1 }] },
      'refers to others',
    ],
    ['no JSON', '{', {}, 'is no JSON'],
    ['no schema', '{"type":"nonsense"}', {}, 'cannot be read as ours'],
  ])('a schema that is %s makes dead letters with the reason', async (_, schema, more, reason) => {
    const message = framed(registry.add(schema, more), Buffer.from([0]))
    const codec = await codecWith()
    await codec.prepare([message])
    expect(codec.decode(message).unreadable).toContain(reason)
  })

  test.each([
    ['cuts the connection', 'reset' as const, /socket|closed|ECONNRESET/i],
    [
      'fails',
      { status: 500, body: { error_code: 50001, message: 'Error in the backend data store' } },
      /backend data store/,
    ],
    ['takes the login back', { status: 401, body: { error_code: 401, message: 'Unauthorized' } }, /Unauthorized/],
    ['is behind a proxy that answers in its place', { status: 404, body: '<html>not here</html>' }, /not here/],
  ])('nothing is skipped while the registry %s: reading waits, ever longer, and goes on', async (_, outage, reason) => {
    const schema = newerSchema()
    const id = registry.add(JSON.stringify(schema))
    const codec = await codecWith()
    const message = framed(id, avro.Type.forSchema(schema).toBuffer({ ...toWire(claim), vlan: 7 }))
    registry.outage = outage
    const prepared = codec.prepare([message])
    while (silences.length < 12) await new Promise(resolve => setTimeout(resolve, 1))
    expect(codec.decode(message).unreadable).toBe(`schema ${id} has not been fetched`)
    expect(silences[0]).toMatchObject({ id, attempt: 1, reason: expect.stringMatching(reason) })
    expect(Math.max(...sleepsMs)).toBeLessThanOrEqual(30_000)
    expect(new Set(sleepsMs).size).toBe(sleepsMs.length)
    registry.outage = undefined
    await prepared
    expect(codec.decode(message).change).toEqual(claim)
  })

  test('a codec that is closed gives up asking', async () => {
    const codec = await codecWith()
    registry.outage = 'reset'
    const prepared = codec.prepare([framed(99, Buffer.alloc(1))])
    while (silences.length < 2) await new Promise(resolve => setTimeout(resolve, 1))
    codec.close()
    await expect(prepared).rejects.toThrow()
  })

  test('a registry that is not there is told of at the start, with what to do', async () => {
    await registry.close()
    await expect(codecWith()).rejects.toMatchObject({
      code: 'WHOHAD_SCHEMA_REGISTRY_UNREACHABLE',
      kind: 'unreachable',
      message: expect.stringMatching(/ECONNREFUSED.*kafka\.schemaRegistryUrl/),
    })
    registry = new SchemaRegistryDouble()
    await registry.listen()
  })

  test('a schema that the registry refuses as incompatible stops the start', async () => {
    registry.closedSubjects.add('whohad.changes-whohad.changes.Progress')
    await expect(codecWith()).rejects.toMatchObject({
      code: 'WHOHAD_SCHEMA_REGISTRY_INCOMPATIBLE',
      message: expect.stringMatching(/whohad\.changes-whohad\.changes\.Progress.*READER_FIELD_MISSING/),
    })
  })

  test('a server that is no registry is told of', async () => {
    registry.outage = { status: 404, body: '<html>' }
    await expect(codecWith()).rejects.toMatchObject({ code: 'WHOHAD_SCHEMA_REGISTRY_FAILED' })
    registry.outage = { status: 200, body: 'x'.repeat(2_000_000) }
    await expect(codecWith()).rejects.toThrow(/more than 1048576 bytes/)
  })

  test('the password may be in a file; a wrong one is told of, and is not in the message', async () => {
    registry.login = 'whohad:pa:ss'
    const file = join(mkdtempSync(join(tmpdir(), 'whohad-registry-')), 'password')
    writeFileSync(file, 'pa:ss\n')
    const codec = await codecWith({ login: { username: 'whohad', password: { file } } })
    expect(codec.decode(codec.encode(claim)).change).toEqual(claim)
    await codecWith({ login: { username: 'whohad', password: { value: 'pa:ss' } } })
    const refused = codecWith({ login: { username: 'whohad', password: { value: 'not-this-one' } } })
    await expect(refused).rejects.toMatchObject({
      code: 'WHOHAD_SCHEMA_REGISTRY_LOGIN_REFUSED',
      message: expect.not.stringContaining('not-this-one'),
    })
    await expect(codecWith({ login: { username: 'whohad', password: { file: `${file}-gone` } } })).rejects.toThrow(
      /schemaRegistryPasswordFile/,
    )
  })
})
