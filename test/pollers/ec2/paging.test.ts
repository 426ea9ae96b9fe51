import { afterEach, describe, expect, test } from 'vitest'
import type { Ec2Settings } from '../../../src/pollers/ec2/inventory.ts'
import { ec2Inventory } from '../../../src/pollers/ec2/inventory.ts'
import { type Ec2Report, NO_EC2_REPORT } from '../../../src/pollers/ec2/report.ts'
import { DEFAULT_NAMING } from '../../../src/pollers/naming/rules.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { ApiRefusal } from '../../../src/simulator/ec2-protocol.ts'
import { addressOf, type Estates, startEstates } from '../../support/ec2-estates.ts'
import { noDoubt } from '../../support/estate.ts'

const account = '111122223333'
const signal = new AbortController().signal
const pause = (ms: number) => systemClock.sleep(ms)

let estates: Estates | undefined
afterEach(() => estates?.close())

const estatesOf = async (options: Partial<Parameters<typeof startEstates>[0]>): Promise<Estates> => {
  estates = await startEstates({ directory: { anyKey: account }, sizes: {}, ...options })
  return estates
}

const inventoryOf = ({ ec2 }: Estates, settings: Partial<Ec2Settings> = {}) =>
  ec2Inventory({
    account,
    region: 'us-east-1',
    partition: 'aws',
    endpoint: ec2,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'none' },
    domainRules: [],
    naming: DEFAULT_NAMING,
    bounds: noDoubt,
    clock: systemClock,
    random: () => 0,
    ...settings,
  })

const timesAsked = ({ requests }: Estates) => {
  const times: Record<string, number> = {}
  for (const { action } of requests) times[action] = (times[action] ?? 0) + 1
  return times
}

/** The addresses of the interface bindings, in the order in which they came. */
const held = ({ bindings }: { bindings: readonly { layer: string; prefix: string }[] }) =>
  bindings.filter(({ layer }) => layer === 'interface').map(({ prefix }) => prefix)

const allAddresses = (count: number) => Array.from({ length: count }, (_, n) => `${addressOf(n)}/32`)

test('a poll makes the fewest requests that paging allows: a thousand items each', async () => {
  const found = await estatesOf({ sizes: { [`${account}/us-east-1`]: { interfaces: 2_300, subnets: 1_001 } } })
  const inventory = inventoryOf(found)
  expect(held(await inventory.list(signal))).toEqual(allAddresses(2_300))
  expect(timesAsked(found)).toEqual({
    DescribeVpcs: 1,
    DescribeSubnets: 2,
    DescribeAddresses: 1,
    DescribeNetworkInterfaces: 3,
    DescribeInstances: 3,
  })
  inventory.close()
})

describe('hedged pages', () => {
  const PAGES = 40
  const hedge = { quantile: 0.5, fewestReplies: 3, leastMs: 100 }
  const budget = { perSecond: 1_000, burst: 1_000 }
  const interfaces = PAGES * 5

  test('a slow page is asked for once more with the same token; none is missing and none comes twice', async () => {
    const aborted: string[] = []
    const found = await estatesOf({
      sizes: { [`${account}/us-east-1`]: { interfaces, subnets: 1 } },
      before: ({ action, parameters }) => {
        const token = parameters.get('NextToken')
        const copies = found.requests.filter(
          other => other.action === action && other.parameters.get('NextToken') === token,
        ).length
        // Every third page is slow for the first who asks.
        const page =
          Number(
            Buffer.from(token ?? '', 'base64url')
              .toString()
              .slice(4),
          ) / 5
        return copies === 1 && Math.round(page) % 3 === 0 && token !== null ? pause(10_000) : undefined
      },
    })
    const winners: string[] = []
    const report: Ec2Report = {
      ...NO_EC2_REPORT,
      ec2Hedged: ({ winner }) => void winners.push(winner),
      ec2Attempted: ({ result, action }) => void (result === 'abandoned' && aborted.push(action)),
    }
    const inventory = inventoryOf(found, { pageSize: 5, hedge, budget, report })
    const snapshot = await inventory.list(signal)
    expect(held(snapshot)).toEqual(allAddresses(interfaces))
    // Of forty pages, for each of two actions; a busy machine may make others slow as well.
    expect(winners.filter(winner => winner === 'second').length).toBeGreaterThan(15)
    // The loser was aborted, and its sighting is nowhere.
    expect(aborted.length).toBeGreaterThan(15)
    for (const { sighting } of snapshot.bindings) expect(sighting.receivedAtMs - sighting.sentAtMs).toBeLessThan(10_000)
    const tokens = found.requests.filter(({ action }) => action === 'DescribeNetworkInterfaces')
    expect(new Set(tokens.map(({ parameters }) => parameters.get('NextToken'))).size).toBe(PAGES)
    inventory.close()
  }, 60_000)

  /** Asks for four pages, the last of which is slow, and counts the requests. No token comes back within the test. */
  async function requestsWithin(burst: number): Promise<number | undefined> {
    const found = await estatesOf({
      sizes: { [`${account}/us-east-1`]: { interfaces: 20, subnets: 1 } },
      before: ({ action }, nth) => pause(action === 'DescribeNetworkInterfaces' && nth >= 4 ? 1_000 : 0),
    })
    const inventory = inventoryOf(found, {
      pageSize: 5,
      hedge: { ...hedge, leastMs: 300 },
      budget: { perSecond: 0.001, burst },
    })
    expect(held(await inventory.list(signal))).toEqual(allAddresses(20))
    inventory.close()
    return timesAsked(found)['DescribeNetworkInterfaces']
  }

  test('a copy is sent where the budget has room', async () => {
    expect(await requestsWithin(16)).toBe(5)
  })

  test('how long looks at single interfaces take says nothing of whole pages', async () => {
    const found = await estatesOf({
      sizes: { [`${account}/us-east-1`]: { interfaces: 5, subnets: 1 } },
      before: ({ parameters }) => pause(parameters.has('Filter.1.Name') ? 0 : 800),
    })
    const inventory = inventoryOf(found, { hedge: { ...hedge, leastMs: 300 }, budget })
    for (let look = 0; look < 5; look++) await inventory.targeted({ by: 'interface', ids: ['eni-00001'] }, signal)
    await inventory.list(signal)
    expect(timesAsked(found)).toMatchObject({ DescribeNetworkInterfaces: 6, DescribeInstances: 6 })
    inventory.close()
  })

  test('no copy is sent where it has none', async () => {
    expect(await requestsWithin(5)).toBe(4)
  })
})

describe('throttling', () => {
  const sizes = { [`${account}/us-east-1`]: { interfaces: 200, subnets: 1 } }

  test('a poller at its defaults is never throttled by the buckets of AWS', async () => {
    const found = await estatesOf({ sizes })
    const results: string[] = []
    const report: Ec2Report = { ...NO_EC2_REPORT, ec2Attempted: ({ result }) => void results.push(result) }
    const inventory = inventoryOf(found, { pageSize: 25, report })
    await inventory.list(signal)
    expect(new Set(results)).toEqual(new Set(['answered']))
    inventory.close()
  })

  test('where others use up the bucket the listing slows down and comes whole all the same', async () => {
    const found = await estatesOf({ sizes, buckets: { capacity: 5, perSecond: 10 } })
    const results: string[] = []
    let waitedMs = 0
    const report: Ec2Report = {
      ...NO_EC2_REPORT,
      ec2Attempted(d) {
        results.push(d.result)
        waitedMs += d.waitedMs
      },
    }
    const inventory = inventoryOf(found, {
      pageSize: 10,
      budget: { perSecond: 40, burst: 20 },
      attempts: 10,
      report,
    })
    expect(held(await inventory.list(signal))).toEqual(allAddresses(200))
    expect(results).toContain('throttled')
    expect(waitedMs).toBeGreaterThan(0)
    expect(results.filter(result => result === 'answered')).toHaveLength(20 + 20 + 3)
    inventory.close()
  }, 60_000)

  test('nothing is tried again outside the budget: each try is counted, and so is each request', async () => {
    let failures = 3
    const found = await estatesOf({
      sizes,
      before: ({ action }) => {
        if (action === 'DescribeVpcs' && failures-- > 0) throw new ApiRefusal('InternalError', 'again', 500)
      },
    })
    const results: string[] = []
    const report: Ec2Report = {
      ...NO_EC2_REPORT,
      ec2Attempted: ({ action, result }) => void (action === 'DescribeVpcs' && results.push(result)),
    }
    const inventory = inventoryOf(found, { report })
    await inventory.list(signal)
    expect(results).toEqual(['failed', 'failed', 'failed', 'answered'])
    expect(timesAsked(found)).toMatchObject({ DescribeVpcs: 4, DescribeSubnets: 1 })
    inventory.close()
  })
})
