import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { awsRangesInventory, type PublishedRanges } from '../../../src/pollers/aws-ranges/inventory.ts'
import { refusalOf } from '../../../src/pollers/refusal.ts'
import { noDoubt } from '../../support/estate.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { startRangesStub, type WireRange, wireRanges } from '../../support/ranges-wire.ts'

const S3: WireRange = ['198.51.100.0/24', 'S3', 'eu-west-1']
const V6: WireRange = ['2001:db8::/32', 'CLOUDFRONT', 'GLOBAL']
const nothing: PublishedRanges = { listedSince: () => undefined, newestToken: null }
const signal = new AbortController().signal

let stub: Awaited<ReturnType<typeof startRangesStub>>
let clock: ManualClock
beforeEach(async () => {
  stub = await startRangesStub()
  clock = new ManualClock(1_000_000)
})
afterEach(() => stub.close())

const inventory = (part: Partial<Parameters<typeof awsRangesInventory>[0]> = {}) =>
  awsRangesInventory({ name: 'main', url: stub.url, bounds: noDoubt, clock, published: () => nothing, ...part })

const versions = (bindings: Awaited<ReturnType<ReturnType<typeof inventory>['list']>>['bindings']) =>
  bindings.map(({ prefix, owners: [owner] }) => `${prefix} ${owner?.application} ${owner?.labels['syncToken']}`)

describe('the published ranges', () => {
  test('become claims of the service layer in public space, with service and region', async () => {
    stub.publishes(wireRanges('1000', [['198.51.0.0/16', 'AMAZON'], S3, V6]))
    const source = inventory()
    const { bindings, scope } = await source.list(signal)
    expect(source).toMatchObject({ source: 'aws-ranges/main', kind: 'aws-ranges' })
    expect(bindings.map(({ domain, prefix, layer }) => `${domain} ${prefix} ${layer}`)).toEqual([
      'inet.0 198.51.0.0/16 service',
      'inet.0 198.51.100.0/24 service',
      'inet6.0 2001:db8::/32 service',
    ])
    expect(bindings[1]).toMatchObject({
      lifetimeId: null,
      state: 'held',
      stated: [],
      expects: [],
      whole: false,
      sighting: { sentAtMs: 1_000_000, receivedAtMs: 1_000_000 },
      owners: [
        {
          application: 'S3',
          kind: 'aws_service',
          resourceId: 'S3@eu-west-1',
          region: 'eu-west-1',
          account: null,
          namedBy: 'aws-ranges',
          labels: { syncToken: '1000', listed: 'S3', borderGroup: 'eu-west-1' },
        },
      ],
    })
    expect(scope).toEqual([
      { domain: 'inet.0', prefix: '0.0.0.0/0', layers: ['service'] },
      { domain: 'inet6.0', prefix: '::/0', layers: ['service'] },
    ])
  })

  test('that are still the same are not sent again, and are seen at the time of the question', async () => {
    stub.publishes(wireRanges('1000', [S3]), '"one"')
    const source = inventory()
    const first = await source.list(signal)
    clock.advance(60_000)
    const second = await source.list(signal)
    expect(stub.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"one"'])
    expect(second.sighting.sentAtMs).toBe(1_060_000)
    const unsighted = ({ bindings }: typeof first) => bindings.map(binding => ({ ...binding, sighting: null }))
    expect(unsighted(second)).toEqual(unsighted(first))
  })

  test('of the same version are those that were taken, whatever is sent under it', async () => {
    stub.publishes(wireRanges('1000', [S3]))
    const source = inventory()
    await source.list(signal)
    stub.publishes(wireRanges('1000', [V6]))
    expect(versions((await source.list(signal)).bindings)).toEqual(['198.51.100.0/24 S3 1000'])
  })

  test('say which version first listed them so', async () => {
    const source = inventory()
    stub.publishes(wireRanges('1000', [S3, V6]))
    await source.list(signal)
    stub.publishes(wireRanges('2000', [S3, ['2001:db8::/32', 'S3', 'GLOBAL']]))
    const expected = ['198.51.100.0/24 S3 1000', '2001:db8::/32 S3 2000']
    expect(versions((await source.list(signal)).bindings)).toEqual(expected)

    const listedSince: PublishedRanges['listedSince'] = ({ prefix }) => (prefix === '2001:db8::/32' ? '2000' : '1000')
    const successor = inventory({ published: () => ({ listedSince, newestToken: '2000' }) })
    expect(versions((await successor.list(signal)).bindings)).toEqual(expected)
  })

  test('are compressed or not', async () => {
    const body = gzipSync(JSON.stringify(wireRanges('1000', [S3])))
    stub.answers((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(body))
    expect((await inventory().list(signal)).bindings).toHaveLength(1)
  })
})

describe('an older version', () => {
  test('is refused, its entity tag forgotten, and the newer one taken when it is back', async () => {
    const source = inventory()
    stub.publishes(wireRanges('2000', [S3]), '"new"')
    await source.list(signal)
    stub.publishes(wireRanges('1999', [V6]), '"old"')
    for (const _ of [1, 2]) {
      const error: unknown = await source.list(signal).catch((cause: unknown) => cause)
      expect(error).toMatchObject({ code: 'WHOHAD_AWS_RANGES_WENT_BACK' })
      expect(refusalOf(error).reason).toBe('older-version')
    }
    stub.publishes(wireRanges('2000', [S3]), '"new"')
    expect(versions((await source.list(signal)).bindings)).toEqual(['198.51.100.0/24 S3 2000'])
  })

  test('than a predecessor is known to have taken is refused too; as numbers, not as text', async () => {
    stub.publishes(wireRanges('999', [S3]))
    const known = (newestToken: string) => inventory({ published: () => ({ ...nothing, newestToken }) }).list(signal)
    await expect(known('1000')).rejects.toMatchObject({ code: 'WHOHAD_AWS_RANGES_WENT_BACK' })
    expect((await known('999')).bindings).toHaveLength(1)
  })
})

describe('what cannot be taken', () => {
  test('a longer file than may be is not read to its end', async () => {
    stub.publishes(wireRanges('1000', [S3]))
    await expect(inventory({ largestBytes: 100 }).list(signal)).rejects.toMatchObject({
      code: 'WHOHAD_AWS_RANGES_MALFORMED',
    })
    expect(stub.requests).toHaveLength(1)
  })

  test('a compressed one counts by what it unfolds to', async () => {
    const body = gzipSync(' '.repeat(1_000_000))
    expect(body.length).toBeLessThan(10_000)
    stub.answers((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(body))
    await expect(inventory({ largestBytes: 10_000 }).list(signal)).rejects.toThrow('longer than 10000 bytes')
  })

  test.each([
    [503, 'WHOHAD_AWS_RANGES_UNREACHABLE', 'unreachable', 3],
    [429, 'WHOHAD_AWS_RANGES_UNREACHABLE', 'unreachable', 3],
    [403, 'WHOHAD_AWS_RANGES_FAILED', 'failed', 1],
    [404, 'WHOHAD_AWS_RANGES_FAILED', 'failed', 1],
    [304, 'WHOHAD_AWS_RANGES_FAILED', 'failed', 1],
  ])('status %i', async (status, code, reason, requests) => {
    stub.answers((_, response) => response.writeHead(status).end())
    const error: unknown = await inventory()
      .list(signal)
      .catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code })
    expect(refusalOf(error).reason).toBe(reason)
    expect(stub.requests).toHaveLength(requests)
  })

  test('a server that was away for one request only', async () => {
    stub.answers((_, response) => {
      response.writeHead(500).end()
      stub.publishes(wireRanges('1000', [S3]))
    })
    expect((await inventory().list(signal)).bindings).toHaveLength(1)
  })

  test('a server that says nothing, or stops within the text, is unreachable', async () => {
    const retries = { attempts: 1, firstDelayMs: 0, longestDelayMs: 0 }
    const source = inventory({ requestTimeoutMs: 50, retries })
    stub.answers(() => undefined)
    await expect(source.list(signal)).rejects.toMatchObject({ code: 'WHOHAD_AWS_RANGES_UNREACHABLE' })
    stub.answers((_, response) => response.writeHead(200).write('{"syncToken":'))
    await expect(source.list(signal)).rejects.toMatchObject({ code: 'WHOHAD_AWS_RANGES_UNREACHABLE' })
    stub.answers((_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{', () => response.destroy())
    })
    await expect(source.list(signal)).rejects.toMatchObject({ code: 'WHOHAD_AWS_RANGES_UNREACHABLE' })
  })

  test('text that is no list of ranges leaves what was taken', async () => {
    const source = inventory()
    stub.publishes(wireRanges('1000', [S3]))
    await source.list(signal)
    stub.answers((_, response) => response.writeHead(200).end('<html>sign in</html>'))
    const error: unknown = await source.list(signal).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'WHOHAD_AWS_RANGES_MALFORMED', message: expect.stringContaining('not JSON') })
    expect(refusalOf(error).reason).toBe('malformed-reply')
    stub.publishes(wireRanges('1000', [S3]))
    expect((await source.list(signal)).bindings).toHaveLength(1)
  })
})
