import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningKafka } from '../../scripts/kafka.mjs'
import { API_NEEDS, checkApiRanges } from '../../src/changestream/kafka/api-ranges.ts'
import { openKafkaLog } from '../../src/changestream/kafka/kafka-log.ts'
import { hasKafka, keptReport, startKafkaForTests } from '../support/kafka.ts'

const require = createRequire(import.meta.url)

type Range = readonly [key: number, min: number, max: number]

test('the table says what the client speaks', () => {
  const { requests } = require('kafkajs/src/protocol/requests')
  const apiKeys = require('kafkajs/src/protocol/requests/apiKeys')
  for (const { api, key, from, to } of API_NEEDS) {
    const name = Object.keys(apiKeys).find(each => apiKeys[each] === key) ?? ''
    expect(name).toBe(api === 'FindCoordinator' ? 'GroupCoordinator' : api) // renamed since
    const versions: number[] = requests[name].versions.map(Number)
    expect(Math.max(...versions)).toBe(to)
    expect(versions).toContain(from)
  }
})

describe('a broker that says', () => {
  const asNeeded = API_NEEDS.map(({ key, from, to }): Range => [key, from, to])
  const except = (api: string, change: (range: Range) => readonly Range[]): Range[] => {
    const { key } = API_NEEDS.find(need => need.api === api) ?? { key: -1 }
    return asNeeded.flatMap(range => (range[0] === key ? change(range) : [range]))
  }

  test('exactly what the client speaks passes', async () => {
    expect(await against(asNeeded)).toBe(true)
  })

  test('that its lowest version is above the client’s highest is too new: refused, by name, before anything else', async () => {
    const raised = except('JoinGroup', ([key, , max]) => [[key, max + 1, max + 4]])
    await expect(against(raised)).rejects.toMatchObject({
      code: 'WHOHAD_KAFKA_BROKER_UNSUPPORTED',
      message: expect.stringMatching(/too new.*JoinGroup it offers versions 6 to 9.*0 to 5.*docs\/change-stream\.md/),
    })
    const broker = await brokerThatSays(raised)
    const { report } = keptReport()
    await expect(openKafkaLog({ brokers: [broker.address], partitions: 1, report })).rejects.toMatchObject({
      code: 'WHOHAD_KAFKA_BROKER_UNSUPPORTED',
    })
    await broker.stop()
  })

  test('that its highest version is below what is needed is too old', async () => {
    await expect(against(except('Fetch', ([key]) => [[key, 0, 10]]))).rejects.toMatchObject({
      message: expect.stringMatching(/too old.*Fetch it offers versions 0 to 10/),
    })
    await expect(against(except('DescribeConfigs', () => []))).rejects.toMatchObject({
      message: expect.stringMatching(/too old.*DescribeConfigs it offers none/),
    })
  })

  test('something else than Kafka does is no broker, and no reason to refuse the others', async () => {
    const server = createServer(socket => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const other = await brokerThatSays(asNeeded)
    expect(await checkApiRanges([addressOf(server)], undefined)).toBe(false)
    expect(await checkApiRanges([addressOf(server), other.address], undefined)).toBe(true)
    await other.stop()
    await new Promise(resolve => server.close(resolve))
  })
})

describe.skipIf(!hasKafka)('a real broker', () => {
  let kafka: RunningKafka
  beforeAll(async () => {
    kafka = await startKafkaForTests()
  }, 180_000)
  afterAll(() => kafka?.stop())

  test('speaks what the client speaks', async () => {
    expect(await checkApiRanges(kafka.brokers, undefined)).toBe(true)
  })
})

async function against(ranges: readonly Range[]): Promise<boolean> {
  const broker = await brokerThatSays(ranges)
  try {
    return await checkApiRanges([broker.address], undefined)
  } finally {
    await broker.stop()
  }
}

/** Answers every ApiVersions request (version 0) with these ranges, in two pieces. */
async function brokerThatSays(ranges: readonly Range[]) {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.on('data', request => {
      const reply = Buffer.alloc(14 + 6 * ranges.length)
      reply.writeInt32BE(reply.length - 4, 0)
      request.copy(reply, 4, 8, 12)
      reply.writeInt32BE(ranges.length, 10)
      for (const [i, numbers] of ranges.entries())
        for (const [j, number] of numbers.entries()) reply.writeInt16BE(number, 14 + 6 * i + 2 * j)
      socket.write(reply.subarray(0, 3))
      setImmediate(() => socket.write(reply.subarray(3)))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const stop = () => new Promise<void>(resolve => server.close(() => resolve()))
  return { address: addressOf(server), stop }
}

function addressOf(server: ReturnType<typeof createServer>): string {
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
}
