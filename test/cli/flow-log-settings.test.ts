import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { sinceMsOf } from '../../src/cli/flow-log-settings.ts'
import { loadSettings } from '../../src/cli/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'whohad-flow-logs-'))
afterAll(() => rmSync(folder, { recursive: true }))

const BUCKET = { bucket: 'logs', region: 'us-east-1' }
const QUEUE = 'https://sqs.us-east-1.amazonaws.com/123456789012/objects'

function load(flowLogs: readonly object[], more: object = {}) {
  const config = join(folder, 'whohad.yaml')
  writeFileSync(config, stringify({ flowLogs, ...more }))
  return loadSettings({}, { config })
}

test('a bucket is listed from the beginning on, by default', () => {
  const [flowLogs] = load([BUCKET]).flowLogs
  expect(flowLogs).toMatchObject({ lateSeconds: 21_600, topicGroup: 'whohad-enrichers', corrections: true })
  expect(flowLogs && sinceMsOf(flowLogs)).toBe(Number.NEGATIVE_INFINITY)
  const [later] = load([{ ...BUCKET, since: '2026-11-01T00:00:00Z' }]).flowLogs
  expect(later && sinceMsOf(later)).toBe(Date.UTC(2026, 10, 1))
})

test('a listing, a queue and a topic stand side by side', () => {
  const flowLogs = [BUCKET, { ...BUCKET, prefix: 'a/', queueUrl: QUEUE }, { ...BUCKET, prefix: 'b/', topic: 'names' }]
  expect(load(flowLogs, { kafka: { brokers: ['127.0.0.1:9092'] } }).flowLogs).toHaveLength(3)
})

test.for([
  [[{ ...BUCKET, since: 'yesterday' }], 'flowLogs.logs.since: "yesterday" is not a time with its zone'],
  [[{ ...BUCKET, since: '2026-11-01T00:00:00Z', queueUrl: QUEUE }], 'flowLogs.logs.since has no effect'],
  [[{ ...BUCKET, queueUrl: QUEUE, topic: 'names' }], 'flowLogs.logs: give one of queueUrl and topic'],
  [[{ ...BUCKET, topic: 'names' }], 'flowLogs.logs.topic needs kafka.brokers'],
  [[{ ...BUCKET, topic: 'whohad.changes' }], "flowLogs.logs.topic is the change stream's own"],
  [
    [
      { ...BUCKET, queueUrl: QUEUE },
      { ...BUCKET, prefix: 'a/', queueUrl: QUEUE },
    ],
    'two entries on one queue or topic',
  ],
  [[BUCKET, { ...BUCKET, queueUrl: QUEUE }], 'two entries have this bucket and prefix ""'],
  [[{ ...BUCKET, queueUrl: 'objects' }], 'flowLogs.0.queueUrl'],
] as const)('%j: %s', ([flowLogs, complaint]) => {
  expect(() => load(flowLogs)).toThrow(complaint)
})
