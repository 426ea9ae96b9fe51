import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { publishedRanges } from '../../src/cli/published-ranges.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { inventoriesOf } from '../../src/cli/sources.ts'
import type { Claim } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { NO_EC2_REPORT } from '../../src/pollers/ec2/report.ts'
import { pollOnce } from '../../src/pollers/poll.ts'
import { owner, question, TestSource } from '../support/estate.ts'
import { fresh, parts } from '../support/one-poll.ts'
import { startRangesStub, type WireRange, wireRanges } from '../support/ranges-wire.ts'

const MINUTE = 60_000
const RANGES: readonly WireRange[] = [
  ['198.51.0.0/16', 'AMAZON'],
  ['198.51.0.0/17', 'EC2'],
  ['198.51.100.0/24', 'S3', 'eu-west-1'],
  ['2001:db8::/32', 'CLOUDFRONT', 'GLOBAL'],
]

let stub: Awaited<ReturnType<typeof startRangesStub>>
let index: OwnershipIndex
let use: ReturnType<typeof parts>
let account: TestSource
beforeEach(async () => {
  stub = await startRangesStub()
  index = createOwnershipIndex()
  use = parts()
  account = new TestSource(index, { covered: ['inet.0 0.0.0.0/0', 'inet6.0 ::/0'], layers: ['network', 'interface'] })
})
afterEach(() => stub.close())

/** As `whohad up` polls them: configured by the environment, a process of its own each time it is called. */
function poller() {
  const settings = loadSettings({ WHOHAD_AWS_RANGES__URL: stub.url, WHOHAD_AWS_RANGES__LAG_SECONDS: '0' })
  const [polled, ...others] = inventoriesOf(settings, { index, clock: use.clock, report: NO_EC2_REPORT })
  if (polled === undefined || others.length > 0) throw new Error('one source is configured')
  return async (state: SourceState) => {
    const before = use.appended.length
    const next = await pollOnce(
      polled.inventory,
      state,
      { ...use, guards: polled.guards },
      new AbortController().signal,
    )
    const changes = use.appended.slice(before).flat()
    for (const change of changes) index.apply(change)
    return { next, changes }
  }
}

/** The account's inventory is polled once a minute as well; it holds one address, in the middle of S3's range. */
function minutePasses() {
  use.clock.advance(MINUTE)
  const now = use.clock.now()
  account.poll(now, now, [{ domain: 'inet.0', address: '198.51.100.9/32', layer: 'interface', owner: owner('mine') }])
}

function told(address: string, atMs: number) {
  const domain = address.includes(':') ? 'inet6.0' : 'inet.0'
  const { state, reason, service, holding } = index.ask({ ...question(address, atMs), domain })
  const { application, region } = service?.owner ?? {}
  return [state, reason, holding?.owner.application ?? application, holding ? null : region].filter(Boolean).join(' ')
}

describe('without configuration', () => {
  test('no ranges are read', () => {
    expect(inventoriesOf(loadSettings({}), { index, clock: use.clock, report: NO_EC2_REPORT })).toEqual([])
  })
})

describe('addresses outside of all inventories', () => {
  test('are told by the most exact service, with its region; what is ours stays ours', async () => {
    stub.publishes(wireRanges('1000', RANGES))
    const poll = poller()
    minutePasses()
    const { next } = await poll(fresh)
    minutePasses()
    await poll(next)
    minutePasses()
    const atMs = MINUTE + 30_000
    expect(told('198.51.100.7', atMs)).toBe('external aws-service S3 eu-west-1')
    expect(told('198.51.99.7', atMs)).toBe('external aws-service EC2 us-east-1')
    expect(told('198.51.200.7', atMs)).toBe('external aws-service AMAZON us-east-1')
    expect(told('2001:db8::7', atMs)).toBe('external aws-service CLOUDFRONT GLOBAL')
    expect(told('203.0.113.7', atMs)).toBe('external internet')
    expect(told('198.51.100.9', atMs)).toBe('owned sighted mine')
  })

  test('are told by the version that was published at the time', async () => {
    stub.publishes(wireRanges('1000', RANGES))
    const poll = poller()
    minutePasses()
    let state = (await poll(fresh)).next
    minutePasses()
    state = (await poll(state)).next
    stub.publishes(
      wireRanges(
        '2000',
        RANGES.map(row => (row[1] === 'S3' ? [row[0], 'DYNAMODB', 'eu-west-1'] : row)),
      ),
    )
    for (let minute = 3; minute <= 5; minute++) {
      minutePasses()
      state = (await poll(state)).next
    }
    expect(told('198.51.100.7', MINUTE + 30_000)).toBe('external aws-service S3 eu-west-1')
    expect(told('198.51.100.7', 4 * MINUTE)).toBe('external aws-service DYNAMODB eu-west-1')
  })
})

describe('what is published', () => {
  test('of an unchanged version is progress and nothing else, after a restart as well', async () => {
    stub.publishes(wireRanges('1000', RANGES))
    const poll = poller()
    const first = await poll(fresh)
    expect(first.changes.map(({ record }) => record)).toEqual([
      'source',
      'claim',
      'claim',
      'claim',
      'claim',
      'progress',
    ])
    use.clock.advance(MINUTE)
    const second = await poll(first.next)
    expect(second.changes).toMatchObject([{ record: 'progress', completeUpToMs: MINUTE - 100, refused: null }])

    stub.publishes(wireRanges('2000', RANGES.slice(0, 3)))
    use.clock.advance(MINUTE)
    const third = await poll(second.next)
    expect(third.changes.map(change => (change.record === 'claim' ? change.prefix : change.record))).toEqual([
      '2001:db8::/32',
      'progress',
    ])

    use.clock.advance(MINUTE)
    const restarted = await poller()(third.next)
    expect(restarted.changes.map(({ record }) => record)).not.toContain('source')
    expect(restarted.changes.filter((change): change is Claim => change.record === 'claim')).toMatchObject([
      { prefix: '2001:db8::/32', state: 'closed' },
    ])
  })

  test('by an hour’s silence is not split: who is listed before and after was listed throughout', async () => {
    stub.publishes(wireRanges('1000', RANGES))
    const poll = poller()
    const { next } = await poll(fresh)
    use.clock.advance(60 * MINUTE)
    expect((await poll(next)).changes.map(({ record }) => record)).toEqual(['progress'])
  })

  test('is refused where it is older than what an earlier process took', async () => {
    stub.publishes(wireRanges('2000', RANGES))
    const { next } = await poller()(fresh)
    expect(publishedRanges(index, 'aws-ranges/main').newestToken).toBe('2000')
    expect(publishedRanges(index, 'aws-ranges/other').newestToken).toBeNull()
    stub.publishes(wireRanges('1999', RANGES))
    const { changes } = await poller()(next)
    expect(changes).toMatchObject([{ record: 'progress', refused: { reason: 'older-version' } }])
  })

  test('is not believed where most of it is gone at once', async () => {
    const many = Array.from({ length: 40 }, (_, i): WireRange => [`198.18.${i}.0/24`, 'S3'])
    stub.publishes(wireRanges('1000', many))
    const poll = poller()
    const { next } = await poll(fresh)
    stub.publishes(wireRanges('2000', many.slice(0, 10)))
    expect((await poll(next)).changes).toMatchObject([{ record: 'progress', refused: { reason: 'size-drop' } }])
  })
})
