import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Admin, ITopicConfig } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { decodeChange } from '../../src/changestream/codec.ts'
import { CHANGES_TOPIC } from '../../src/changestream/kafka/kafka-log.ts'
import { prepareTopic } from '../../src/changestream/kafka/topic.ts'
import type { KafkaReport } from '../../src/changestream/report.ts'
import { RECORDS, recordSchemas, recordTypes } from '../../src/changestream/schemas.ts'
import { toWire } from '../../src/changestream/wire.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { sourceOf } from '../../src/ownership/claim.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type Tree = { readonly [key: string]: Json }

const FOLDER = 'schemas'
const document = parse(readFileSync(join(FOLDER, 'asyncapi.yaml'), 'utf8'), { uniqueKeys: true }) as Tree

/** What a path of keys leads to; references within the document are followed. */
function at(...path: readonly string[]): Tree {
  let node: Json = document
  for (const key of path) {
    node = (node as Tree)[key] ?? null
    const ref = (node as Tree | null)?.['$ref']
    if (typeof ref === 'string' && ref.startsWith('#/')) node = at(...ref.slice(2).split('/'))
  }
  if (node === null) throw new Error(`${path.join('.')} is not in the document`)
  return node as Tree
}

function* references(node: Json): Generator<string> {
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    if (key === '$ref') yield String(value)
    else yield* references(value as Json)
  }
}

/** The keys that AsyncAPI 3.0.0 and version 0.5.0 of its Kafka bindings know, of what is used here. */
const KNOWN: readonly (readonly [path: readonly string[], keys: readonly string[]])[] = [
  [[], ['asyncapi', 'id', 'info', 'servers', 'defaultContentType', 'channels', 'operations', 'components']],
  [['info'], ['title', 'version', 'description', 'termsOfService', 'contact', 'license', 'tags', 'externalDocs']],
  [
    ['servers', 'cluster'],
    ['host', 'protocol', 'protocolVersion', 'pathname', 'description', 'variables', 'bindings'],
  ],
  [
    ['channels', 'changes'],
    ['address', 'messages', 'title', 'summary', 'description', 'servers', 'parameters', 'bindings'],
  ],
  [
    ['channels', 'changes', 'bindings', 'kafka'],
    ['bindingVersion', 'topic', 'partitions', 'replicas', 'topicConfiguration'],
  ],
  ...['readChanges', 'writeChanges'].map(
    name =>
      [
        ['operations', name],
        ['action', 'channel', 'title', 'summary', 'description', 'bindings', 'messages'],
      ] as const,
  ),
  [
    ['operations', 'readChanges', 'bindings', 'kafka'],
    ['bindingVersion', 'groupId', 'clientId'],
  ],
  ...RECORDS.flatMap(
    record =>
      [
        [
          ['components', 'messages', record],
          [
            'name',
            'title',
            'summary',
            'description',
            'payload',
            'contentType',
            'bindings',
            'examples',
            'x-single-objects',
          ],
        ],
        [
          ['components', 'messages', record, 'payload'],
          ['schemaFormat', 'schema'],
        ],
        [
          ['components', 'messages', record, 'bindings', 'kafka'],
          ['bindingVersion', 'key', 'schemaIdLocation', 'schemaIdPayloadEncoding', 'schemaLookupStrategy'],
        ],
      ] as const,
  ),
]

describe('the AsyncAPI document', () => {
  test('is one of version 3.0.0, for this version of whohad', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(document['asyncapi']).toBe('3.0.0')
    expect(at('info')['version']).toBe(version)
  })

  test.each(KNOWN)('has at %j only what the specification knows', (path, keys) => {
    expect(Object.keys(at(...path)).filter(key => !keys.includes(key))).toEqual([])
  })

  test('says that it follows version 0.5.0 of the Kafka bindings, wherever it has one', () => {
    const bindings = KNOWN.filter(([path]) => path.at(-1) === 'kafka').map(([path]) => at(...path))
    expect(bindings).toHaveLength(6)
    for (const { bindingVersion } of bindings) expect(bindingVersion).toBe('0.5.0')
  })

  test('has no reference that leads nowhere', () => {
    const found = [...references(document)]
    expect(found.length).toBeGreaterThan(10)
    for (const ref of found) {
      if (ref.startsWith('#/')) expect(at(...ref.slice(2).split('/')), ref).toBeDefined()
      else expect(existsSync(join(FOLDER, ref)), ref).toBe(true)
    }
  })

  test('tells a consumer what it must do: fence, keep the newest, trust progress, mind horizons, start over', () => {
    const { description } = at('info')
    for (const word of ['revision.epoch', 'sequence', 'completeUpToMs', 'beforeMs', 'start over', 'C3 01', 'FNV-1a'])
      expect(description).toContain(word)
  })
})

describe.each(RECORDS)('the message of a %s', record => {
  const message = at('components', 'messages', record)
  const examples = message['examples'] as readonly { readonly name: string; readonly payload: Tree }[]
  const singleObjects = message['x-single-objects'] as Readonly<Record<string, string>>

  test('is in the channel, and has the name and the schema of the record', () => {
    expect(at('channels', 'changes', 'messages', record)).toBe(message)
    expect(message['name']).toBe(recordTypes[record].name)
    const { schemaFormat, schema } = message['payload'] as Tree
    expect(schemaFormat).toBe('application/vnd.apache.avro+json;version=1.9.0')
    const file = join(FOLDER, String((schema as Tree)['$ref']))
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(recordSchemas[record])
  })

  test('has examples that are what their bytes say, every field included', () => {
    expect(examples.map(({ name }) => name)).toEqual(Object.keys(singleObjects))
    for (const { name, payload } of examples) {
      const { change } = decodeChange(Buffer.from(singleObjects[name] ?? '', 'hex'))
      expect(change?.record).toBe(record)
      const { record: _, ...wire } = toWire(change as NonNullable<typeof change>) as Record<string, unknown>
      expect(payload).toEqual(wire)
    }
  })

  test('has a key that its examples fit', () => {
    const { pattern, minLength } = at('components', 'messages', record, 'bindings', 'kafka', 'key')
    for (const hex of Object.values(singleObjects)) {
      const { change } = decodeChange(Buffer.from(hex, 'hex'))
      const key = sourceOf(change as NonNullable<typeof change>)
      if (pattern) expect(key).toMatch(new RegExp(String(pattern)))
      else expect(key.length).toBeGreaterThanOrEqual(Number(minLength))
      expect(key.startsWith('horizon/')).toBe(record === 'horizon')
    }
  })
})

describe('the channel', () => {
  const kafka = at('channels', 'changes', 'bindings', 'kafka')
  const defaults = loadSettings({}).kafka

  test('is the topic by its default name and partition count', () => {
    for (const name of [at('channels', 'changes')['address'], kafka['topic']]) expect(name).toBe(CHANGES_TOPIC)
    expect(defaults.topic).toBe(CHANGES_TOPIC)
    expect(kafka['partitions']).toBe(defaults.partitions)
  })

  test('has the settings with which the topic is made on three brokers', async () => {
    const made = await topicMadeOn(3)
    expect(kafka['replicas']).toBe(made.replicationFactor)
    const asText = (value: Json) => (Array.isArray(value) ? value.join() : String(value))
    const stated = Object.entries(kafka['topicConfiguration'] as Tree).map(([name, value]) => [name, asText(value)])
    const configured = (made.configEntries ?? []).map(({ name, value }) => [name, value])
    expect(Object.fromEntries(stated)).toEqual(Object.fromEntries(configured))
  })
})

const noReport: KafkaReport = {
  kafkaClientSaid: () => {},
  kafkaReaderRestarted: () => {},
  kafkaFault: () => {},
  kafkaTopicDoubtful: () => {},
}

/** What the brokers are asked for where the topic is missing; a real one is asked in test/cli/changes-kafka.test.ts. */
async function topicMadeOn(brokers: number): Promise<ITopicConfig> {
  let made: ITopicConfig | undefined
  const admin = {
    listTopics: async () => [],
    describeCluster: async () => ({ brokers: new Array(brokers).fill({}) }),
    async createTopics({ topics }: { topics: ITopicConfig[] }) {
      made = topics[0]
      throw new Error('seen enough')
    },
  } as unknown as Admin
  const asked = prepareTopic(admin, { topic: CHANGES_TOPIC, partitions: 12 }, noReport)
  await expect(asked).rejects.toThrow('seen enough')
  return made as ITopicConfig
}
