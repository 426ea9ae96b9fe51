import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { enricherErrors } from '../../../src/enricher/errors.ts'
import { type FlowObjectRef, objectIdOf } from '../../../src/enricher/flowlogs/object-ref.ts'
import {
  type MessagePlaceSettings,
  type MessageSource,
  messagePlace,
  type Received,
} from '../../../src/enricher/places/message-place.ts'
import type { PlaceReport, UnreadableMessage } from '../../../src/enricher/places/object-place.ts'
import { collect } from '../../support/byte-streams.ts'
import { propertyRuns, propertyTimeoutMs } from '../../support/property-runs.ts'

/** A queue that gives each message once in a process's life, as SQS does while it is hidden. */
function memoryQueue() {
  const left = new Map<number, string>()
  const hidden = new Set<number>()
  let next = 0
  let lost: (messages: readonly number[], reason: string) => void = () => {}
  let isDown = false
  const source: MessageSource<number> = {
    async receive() {
      const messages: Received<number>[] = []
      for (const [message, text] of left) {
        if (hidden.has(message) || messages.length === 10) continue
        hidden.add(message)
        messages.push({ message, id: `m${message}`, text })
      }
      return messages
    },
    async finish(messages) {
      if (isDown) throw new Error('down')
      for (const message of messages) left.delete(message)
    },
    onLost(listener) {
      lost = listener
    },
    async close() {
      hidden.clear()
    },
  }
  return {
    source,
    left,
    send: (text: string) => left.set(next++, text),
    lose(message: number) {
      hidden.delete(message)
      lost([message], 'receipt expired')
    },
    fail(down: boolean) {
      isDown = down
    },
  }
}

function bench(over: Partial<MessagePlaceSettings> = {}) {
  const queue = memoryQueue()
  const letters: UnreadableMessage[] = []
  const results: string[] = []
  const time = { nowMs: 0 }
  const report: PlaceReport = {
    messageRead: ({ result }) => results.push(result),
    messagesDone: ({ messages }) => results.push(`done ${messages}`),
    messagesLost: ({ messages }) => results.push(`lost ${messages}`),
    messagesWaiting: () => {},
  }
  const settings: MessagePlaceSettings = {
    name: 'queue test',
    bucket: 'logs',
    prefix: '',
    find: async key => ({ bucket: 'logs', key, etag: 'found', sizeBytes: 1 }),
    onUnreadable: async letter => void letters.push(letter),
    passMs: 3,
    // Each look at the clock is a millisecond later: a pass asks for new messages three times.
    clock: { now: () => time.nowMs++, sleep: async () => {} },
    report,
    ...over,
  }
  const open = () => messagePlace(queue.source, settings)
  const place = open()
  const pass = async (of = place) => (await collect(of.list())).map(({ key }) => key)
  return { ...queue, place, open, pass, letters, results }
}

const plain = (key: string, etag: string | undefined = 'e', bucket = 'logs') =>
  JSON.stringify({ bucket, key, etag, size: 1 })
const ref = (key: string, etag = 'e'): FlowObjectRef => ({ bucket: 'logs', key, etag, sizeBytes: 1 })

describe('a message is finished when all of its objects are acknowledged, and not before', () => {
  const record = (key: string) => ({
    eventVersion: '2.1',
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: 'logs' }, object: { key, size: 1, eTag: 'e' } },
  })

  test('of several objects', async () => {
    const { send, place, pass, left } = bench()
    send(JSON.stringify({ Records: [record('a'), record('b')] }))
    expect(await pass()).toEqual(['a', 'b'])
    await place.acknowledge(ref('a'))
    expect(await pass()).toEqual(['b'])
    expect(left.size).toBe(1)
    await place.acknowledge(ref('b'))
    expect(await pass()).toEqual([])
    expect(left.size).toBe(0)
  })

  test('an object in two messages finishes both, and is given once', async () => {
    const { send, place, pass, left } = bench()
    send(plain('a'))
    send(plain('a'))
    expect(await pass()).toEqual(['a'])
    await place.acknowledge(ref('a'))
    await pass()
    expect(left.size).toBe(0)
  })

  test('whose deletion fails, is deleted by a later pass', async () => {
    const { send, place, pass, left, fail, results } = bench()
    send(plain('a'))
    await pass()
    await place.acknowledge(ref('a'))
    fail(true)
    await expect(pass()).rejects.toThrow('down')
    expect(left.size).toBe(1)
    fail(false)
    expect(await pass()).toEqual([])
    expect(left.size).toBe(0)
    expect(results).toEqual(['objects', 'done 1'])
  })
})

describe('a message that names nothing of ours', () => {
  test('is kept as a dead letter where it cannot be understood, and then deleted', async () => {
    let isStoreDown = true
    const kept: UnreadableMessage[] = []
    const { send, pass, left, results } = bench({
      onUnreadable: async letter => {
        if (isStoreDown) throw new Error('store down')
        kept.push(letter)
      },
    })
    send('not\u0000JSON')
    send(plain('a'))
    await expect(pass()).rejects.toThrow('store down')
    expect(left.size).toBe(2)
    isStoreDown = false
    expect(await pass()).toEqual(['a'])
    expect(kept).toEqual([
      { place: expect.stringMatching(/^m0: it is not JSON/), reason: 'unreadable-message', sample: 'not\\u0000JSON' },
    ])
    expect([...left.keys()]).toEqual([1])
    expect(results).toEqual(['unreadable', 'objects', 'done 1'])
  })

  test('is passed over where it is about another bucket, another prefix, a folder or a test', async () => {
    const { send, pass, left, letters, results } = bench({ prefix: 'AWSLogs/' })
    for (const text of [
      plain('AWSLogs/a', 'e', 'other'),
      plain('x/a'),
      plain('AWSLogs/folder/'),
      '{"Event":"s3:TestEvent"}',
    ])
      send(text)
    expect(await pass()).toEqual([])
    expect([left.size, letters, new Set(results)]).toEqual([0, [], new Set(['passed-over', 'done 4'])])
  })

  test('is a dead letter where its object is gone', async () => {
    const find = async (key: string) => {
      throw enricherErrors.s3ObjectMissing({ bucket: 'logs', key })
    }
    const { send, pass, left, letters } = bench({ find })
    send(JSON.stringify({ bucket: 'logs', key: 'a' }))
    expect(await pass()).toEqual([])
    expect(letters).toEqual([{ place: 'm0', reason: 'object-gone', sample: 's3://logs/a' }])
    expect(left.size).toBe(0)
  })
})

test('an object without etag is the one that a listing shows', async () => {
  const { send, place } = bench()
  send(JSON.stringify({ bucket: 'logs', key: 'a' }))
  expect(await collect(place.list())).toEqual([ref('a', 'found')])
})

test('of two events of a key the later one counts, in whatever order they come', async () => {
  const event = (etag: string, sequencer: string) =>
    JSON.stringify({
      source: 'aws.s3',
      'detail-type': 'Object Created',
      detail: { bucket: { name: 'logs' }, object: { key: 'a', size: 1, etag, sequencer } },
    })
  for (const order of [
    [event('old', '01'), event('new', '02')],
    [event('new', '02'), event('old', '01')],
  ]) {
    const { send, place, left } = bench()
    for (const text of order) {
      send(text)
      await collect(place.list())
    }
    expect(await collect(place.list())).toEqual([ref('a', 'new')])
    expect(left.size).toBe(1)
    await place.acknowledge(ref('a', 'new'))
    await collect(place.list())
    expect(left.size).toBe(0)
  }
})

test('what is lost is forgotten, and given again when it comes again', async () => {
  const { send, pass, lose, results } = bench()
  send(plain('a'))
  expect(await pass()).toEqual(['a'])
  lose(0)
  expect(results.at(-1)).toBe('lost 1')
  expect(await pass()).toEqual(['a'])
})

test('no more is taken while as much waits as may', async () => {
  const { send, place, pass } = bench({ mostWaiting: 10 })
  for (let n = 0; n < 25; n++) send(plain(`k${n}`))
  const first = await pass()
  expect(first).toHaveLength(10)
  expect(await pass()).toEqual(first)
  for (const key of first) await place.acknowledge(ref(key))
  expect(await pass()).toEqual(expect.not.arrayContaining([...first]))
})

/** What a life of a process brings, in any order. */
const steps = fc.array(
  fc.oneof(
    fc.record({
      does: fc.constant('send' as const),
      keys: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      does: fc.constant('pass' as const),
      acknowledges: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 }),
      /** While its objects are in work. */
      loses: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
    }),
    fc.record({ does: fc.constant('lose' as const), message: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ does: fc.constant('restart' as const) }),
    fc.record({ does: fc.constant('weather' as const), down: fc.boolean() }),
  ),
  { maxLength: 40 },
)

test(
  'nothing is forgotten that was not acknowledged, through duplicates, losses, failures and restarts',
  async () => {
    await fc.assert(
      fc.asyncProperty(steps, async life => {
        const { source, send, lose, fail, left, open } = bench()
        let place = open()
        const sent = new Set<string>()
        const acknowledged = new Set<string>()
        const pass = async (acknowledges: readonly number[], loses?: number) => {
          const given: string[] = []
          try {
            for await (const object of place.list()) {
              given.push(objectIdOf(object))
              if (loses !== undefined) lose(loses)
              if (!acknowledges.includes(Number(object.key))) continue
              acknowledged.add(object.key)
              await place.acknowledge(object)
            }
          } catch (error) {
            expect(String(error)).toContain('down')
          }
          expect(new Set(given).size).toBe(given.length)
        }
        for (const step of life) {
          if (step.does === 'send') {
            const records = step.keys.map(key => ({
              eventName: 'ObjectCreated:Put',
              s3: { bucket: { name: 'logs' }, object: { key: String(key), size: 1, eTag: 'e' } },
            }))
            send(JSON.stringify({ Records: records }))
            for (const key of step.keys) sent.add(String(key))
          } else if (step.does === 'pass') await pass(step.acknowledges, step.loses)
          else if (step.does === 'lose') lose(step.message)
          else if (step.does === 'weather') fail(step.down)
          else {
            await source.close()
            place = open()
          }
        }
        fail(false)
        await source.close()
        place = open()
        const rest = new Set<string>()
        for await (const { key } of place.list()) rest.add(key)
        for (const key of sent) expect(acknowledged.has(key) || rest.has(key)).toBe(true)
        // And what is left in the end are messages with something that nobody has done.
        await pass([0, 1, 2, 3, 4, 5, 6])
        await pass([])
        expect(left.size).toBe(0)
      }),
      propertyRuns(300),
    )
  },
  propertyTimeoutMs(60_000),
)
