import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Change } from '../../src/ownership/claim.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { ec2Inventory } from '../../src/pollers/ec2/inventory.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { DEFAULT_NAMING } from '../../src/pollers/naming/rules.ts'
import { type PollerParts, pollOnce } from '../../src/pollers/poll.ts'
import { titusInventory } from '../../src/pollers/titus/inventory.ts'
import type { SimulatedCloud } from '../../src/simulator/cloud.ts'
import { noDoubt, prefix } from '../support/estate.ts'
import { fresh } from '../support/one-poll.ts'
import { MINUTE_MS, START_MS, startSmallCloud } from '../support/simulator.ts'
import { quietPolls } from '../support/story-pollers.ts'
import {
  onlyItems,
  startTamperedEc2,
  type Tamper,
  type TamperedEc2,
  untouched,
  withoutNextPage,
  withoutTags,
} from '../support/tampered-ec2.ts'

const signal = new AbortController().signal
let cloud: SimulatedCloud
let ec2Api: TamperedEc2
let ec2: Inventory & { close(): void }
let whole: SourceState
let appended: Change[] = []

beforeAll(async () => {
  cloud = await startSmallCloud({ seed: 2, hosts: 12 })
  cloud.advanceTo(START_MS + 5 * MINUTE_MS)
  ec2Api = await startTamperedEc2(cloud.endpoints.ec2)
  const { account, region, partition, clock } = cloud
  ec2 = ec2Inventory({
    account,
    region,
    partition,
    endpoint: ec2Api.endpoint,
    credentials: { accessKeyId: 'simulated', secretAccessKey: 'none' },
    domainRules: [],
    naming: DEFAULT_NAMING,
    bounds: noDoubt,
    clock,
    attempts: 1,
    budget: { perSecond: 1e6, burst: 1e6 },
    pageSize: 5,
  })
  whole = await pollOnce(ec2, fresh, parts(), signal)
})
afterAll(async () => {
  ec2.close()
  await ec2Api.close()
  await cloud.close()
})
beforeEach(() => {
  ec2Api.tamper = untouched
  appended = []
  cloud.advanceTo(cloud.clock.now() + MINUTE_MS)
})

const parts = (): PollerParts => ({
  log: { append: async changes => void appended.push(...changes) },
  clock: cloud.clock,
  report: quietPolls,
})

async function pollTampered(tamper: Tamper) {
  ec2Api.tamper = tamper
  const next = await pollOnce(ec2, whole, parts(), signal)
  const [progress, ...others] = appended
  if (progress?.record !== 'progress') throw new Error('no progress was published')
  return { next, progress, others }
}

/** No claim is closed, no progress made, and the reason is published. */
async function isRefused(tamper: Tamper, reason: string, detail: RegExp): Promise<void> {
  const { next, progress, others } = await pollTampered(tamper)
  expect(others).toEqual([])
  expect(progress.refused).toMatchObject({ reason, detail: expect.stringMatching(detail) })
  expect(progress.completeUpToMs).toBe(whole.completeUpToMs)
  expect(next.completeUpToMs).toBe(whole.completeUpToMs)
  expect(next.claims).toBe(whole.claims)
}

const of =
  (action: string, tampered: (xml: string) => string): Tamper =>
  ({ action: asked, xml }) =>
    asked === action ? tampered(xml) : xml

describe('a listing of the simulated EC2 that is not whole, or not believable, closes nothing and moves no progress', () => {
  test('untampered it counts', async () => {
    const next = await pollOnce(ec2, whole, parts(), signal)
    expect(appended.at(-1)).toMatchObject({ record: 'progress', refused: null })
    expect(next.completeUpToMs).toBeGreaterThan(whole.completeUpToMs ?? 0)
  })

  test('an error on page 3', () =>
    isRefused(
      ({ action, page, xml }) =>
        action === 'DescribeNetworkInterfaces' && page === 3 ? { status: 500, code: 'InternalError' } : xml,
      'unreachable',
      /InternalError/,
    ))

  test('throttled on page 2', () =>
    isRefused(
      ({ action, page, xml }) =>
        action === 'DescribeInstances' && page === 2 ? { status: 503, code: 'RequestLimitExceeded' } : xml,
      'throttled',
      /RequestLimitExceeded/,
    ))

  test('empty pages for everything', () =>
    isRefused(
      ({ action, xml }) => {
        const set = { Vpc: 'vpcSet', Subnet: 'subnetSet', Addresse: 'addressesSet', Instance: 'reservationSet' }
        const name = Object.entries(set).find(([kind]) => action === `Describe${kind}s`)?.[1] ?? 'networkInterfaceSet'
        return withoutNextPage(onlyItems(xml, name, () => false))
      },
      'empty-snapshot',
      /empty/,
    ))

  test('no interface at all, while VPCs, subnets and instances are there', () =>
    isRefused(
      of('DescribeNetworkInterfaces', xml => withoutNextPage(onlyItems(xml, 'networkInterfaceSet', () => false))),
      'size-drop',
      /instance holdings fell from \d+ to 0, by 100 %; at most 50 % is believed$/,
    ))

  test('a region that answers with less: the first page says that it is the last', () =>
    isRefused(of('DescribeNetworkInterfaces', withoutNextPage), 'size-drop', /holdings fell from \d+ to \d+, by \d+ %/))

  test('a zone that does not answer, behind another one that does', () =>
    isRefused(
      of('DescribeNetworkInterfaces', xml =>
        onlyItems(xml, 'networkInterfaceSet', item => !item.includes('<availabilityZone>us-east-1b<')),
      ),
      'size-drop',
      /none of \d+ \w+ holdings in zone \S+ is left/,
    ))

  test('tags that vanished from most resources', () =>
    isRefused(({ xml }) => withoutTags(xml), 'tags-vanished', /named owner fell from \d+ % to 0 %/))
})

test('a cell of Titus that knows of less than half of its tasks', async () => {
  let share = 1
  const titus = titusInventory({
    name: 'main',
    url: cloud.endpoints.titus,
    bounds: noDoubt,
    clock: cloud.clock,
    scope: cloud.vpcs.map(({ vpc, cidr }) => ({ domain: vpc, prefix: prefix(cidr), layers: ['container'] })),
    interfacePlace: () => ({ domain: 'd', vpc: 'v', account: 'a', region: 'r', subnet: null }),
    pageSize: 10_000,
    async fetch(input, init) {
      const url = String(input)
      // Neither listed nor found by its id: nobody says that these tasks have ended.
      if (share < 1 && /\/tasks\/[^?]/.test(url)) return new Response('{}', { status: 404 })
      const reply = await fetch(input, init)
      if (!url.includes('/tasks?')) return reply
      const body = (await reply.json()) as { items: unknown[] }
      return Response.json({ ...body, items: body.items.slice(0, Math.ceil(body.items.length * share)) })
    },
  })
  const before = await pollOnce(titus, fresh, parts(), signal)
  expect(before.claims.size).toBeGreaterThan(20)
  share = 0.3
  appended = []
  const after = await pollOnce(titus, before, parts(), signal)
  expect(appended).toMatchObject([
    { record: 'progress', completeUpToMs: before.completeUpToMs, refused: { reason: 'size-drop' } },
  ])
  expect(after.claims).toBe(before.claims)
})
