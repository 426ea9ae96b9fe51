import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Binding } from '../../../src/ownership/snapshot.ts'
import { titusInventory } from '../../../src/pollers/titus/inventory.ts'
import { noDoubt, prefix } from '../../support/estate.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { startTitusStub, type TitusAnswer, wireJob, wirePage, wireTask } from '../../support/titus-wire.ts'

let answer: (url: URL) => TitusAnswer
let stub: Awaited<ReturnType<typeof startTitusStub>>
let clock: ManualClock

beforeEach(async () => {
  clock = new ManualClock(1_000)
  stub = await startTitusStub(url => answer(url))
})
afterEach(() => stub.close())

const signal = new AbortController().signal
const place = { domain: 'vpc-1', vpc: 'vpc-1', account: '1', region: 'us-east-1', subnet: 'subnet-1' }
const scope = [{ domain: 'vpc-1', prefix: prefix('100.64.0.0/10'), layers: ['container' as const] }]
const inventory = () =>
  titusInventory({
    name: 'main',
    url: `${stub.url}/`,
    interfacePlace: eni => (eni === 'eni-1' ? place : undefined),
    scope,
    bounds: noDoubt,
    clock,
    retries: { attempts: 2, firstDelayMs: 0, longestDelayMs: 0 },
  })

/** One page of tasks, one of jobs. */
const serving =
  (tasks: readonly unknown[], jobs: readonly unknown[] = [wireJob('job-1')]) =>
  ({ pathname }: URL): TitusAnswer => {
    if (pathname === '/api/v3/tasks') return { body: wirePage(tasks) }
    if (pathname === '/api/v3/jobs') return { body: wirePage(jobs) }
    return { status: 404, body: {} }
  }

const line = ({ domain, prefix: held, owners, lifetimeId, state }: Binding): string =>
  [
    domain,
    held,
    owners.map(({ application, resourceId }) => application ?? resourceId).join('+'),
    lifetimeId,
    state,
  ].join(' ')
const listed = async () => (await inventory().list(signal)).bindings.map(line)

describe('the Titus inventory', () => {
  test('a started task holds its address under its job’s application', async () => {
    answer = serving([wireTask('task-1')])
    const snapshot = await inventory().list(signal)
    expect(snapshot.scope).toBe(scope)
    expect(snapshot.bindings).toEqual([
      expect.objectContaining({
        domain: 'vpc-1',
        prefix: '100.66.9.9/32',
        layer: 'container',
        lifetimeId: 'task-1',
        state: 'held',
        stated: [
          { edge: 'start', kind: 'not-before', subject: 'binding', atMs: 1652458410000, clockErrorMs: 0 },
          { edge: 'start', kind: 'processed-at', subject: 'binding', atMs: 1652458440000 },
        ],
      }),
    ])
    expect(snapshot.bindings[0]?.owners).toEqual([
      {
        application: 'my-app',
        cluster: 'my-app-prod',
        stack: 'prod',
        detail: null,
        kind: 'container',
        resourceId: 'task-1',
        account: '1',
        region: 'us-east-1',
        zone: 'us-east-1c',
        vpc: 'vpc-1',
        subnet: 'subnet-1',
        eni: 'eni-1',
        host: 'i-host',
        team: 'team@example.com',
        labels: { job: 'job-1' },
        namedBy: 'titus-job',
        forwards: false,
      },
    ])
  })

  test('follows hasMore by an encoded cursor, and counts a task that comes twice once, as it came last', async () => {
    const cursor = 'dGFzaw+/=='
    answer = url => {
      if (url.pathname === '/api/v3/jobs') return { body: wirePage([wireJob('job-1')]) }
      const next = url.searchParams.get('cursor')
      if (next === null) return { body: wirePage([wireTask('task-1'), wireTask('task-2')], cursor) }
      return next === cursor
        ? { body: wirePage([wireTask('task-1', { state: 'KillInitiated' })]) }
        : { status: 400, body: '' }
    }
    const lines = await listed()
    expect(lines.map(text => text.split(' ').slice(-2).join(' '))).toEqual(['task-1 ending', 'task-2 held'])
    expect(stub.requests[0]?.searchParams.get('pageSize')).toBe('500')
  })

  test('asks by id for a job that the list does not have, and leaves the task unnamed where there is none', async () => {
    const listing = serving([wireTask('task-1', { jobId: 'job-2' }), wireTask('task-2', { jobId: 'job-3' })], [])
    answer = url => (url.pathname === '/api/v3/jobs/job-2' ? { body: wireJob('job-2', 'young') } : listing(url))
    expect(await listed()).toEqual(['vpc-1 100.66.9.9/32 young task-1 held', 'vpc-1 100.66.9.9/32 task-2 task-2 held'])
  })

  test.each([
    ['Accepted', ['ending']],
    ['Launched', ['ending']],
    ['StartInitiated', ['held']],
    ['Started', ['held']],
    ['KillInitiated', ['ending']],
    ['Disconnected', ['ending']],
    ['Finished', ['ending']],
    // Of a later Titus: neither a sighting nor an absence.
    ['Paused', ['ending']],
  ])('a task with an address that is %s is %j', async (state, expected) => {
    answer = serving([wireTask('task-1', { state })])
    const { bindings } = await inventory().list(signal)
    expect(bindings.map(binding => binding.state)).toEqual(expected)
  })

  test('a task without an address is nobody’s holding yet, whatever its state', async () => {
    const context = { 'task.containerIp': '', 'task.containerIPv4': '' }
    answer = serving(['Accepted', 'Launched', 'StartInitiated'].map(state => wireTask(state, { state, context })))
    expect(await listed()).toEqual([])
  })

  test('a moved task keeps its lifetime under the application of its new job', async () => {
    const jobs = [wireJob('job-1', 'before'), wireJob('job-2', 'after')]
    answer = serving([wireTask('task-1')], jobs)
    expect(await listed()).toEqual(['vpc-1 100.66.9.9/32 before task-1 held'])
    answer = serving([wireTask('task-1', { jobId: 'job-2', context: { 'task.movedFromJob': 'job-1' } })], jobs)
    expect(await listed()).toEqual(['vpc-1 100.66.9.9/32 after task-1 held'])
  })

  test('a task on an interface that no EC2 poll has shown refuses the poll, and names both', async () => {
    answer = serving([wireTask('task-7', { context: { 'task.networkInterfaceId': 'eni-new' } })])
    await expect(inventory().list(signal)).rejects.toMatchObject({
      code: 'WHOHAD_TITUS_INTERFACE_UNPLACED',
      message: expect.stringMatching(/task-7.*eni-new/),
    })
  })

  test('a finished task on an interface that is gone does not refuse the poll', async () => {
    const context = { 'task.networkInterfaceId': 'eni-gone' }
    answer = serving([wireTask('task-7', { state: 'Finished', context })])
    expect(await listed()).toEqual([])
  })
})

describe('which addresses are the task’s own', () => {
  const context = (mode: string, ip: string, more: Record<string, string> = {}) => ({
    'task.effectiveNetworkMode': mode,
    'task.containerIp': ip,
    'task.containerIPv4': '',
    ...more,
  })
  const v6 = '2001:db8::7'
  const both = { 'task.containerIPv4': '100.66.9.9', 'task.containerIPv6': v6 }
  const own4 = 'vpc-1 100.66.9.9/32 my-app task-1 held'
  const own6 = [`vpc-1 ${v6}/128 my-app task-1 held`, `inet6.0 ${v6}/128 my-app task-1 held`]
  const shared = 'vpc-1 100.66.9.9/32 my-app+i-host  held'

  test.each([
    ['Ipv4Only', context('Ipv4Only', '100.66.9.9'), [own4]],
    ['Ipv6AndIpv4', context('Ipv6AndIpv4', '100.66.9.9', both), [own4, ...own6]],
    ['Ipv6AndIpv4Fallback', context('Ipv6AndIpv4Fallback', v6, both), [...own6, shared]],
    ['Ipv6Only', context('Ipv6Only', v6, { 'task.containerIPv6': v6 }), own6],
    ['HighScale with a transition address', context('HighScale', v6, both), [...own6, shared]],
    ['HighScale without', context('HighScale', '100.66.9.9', both), [own4, ...own6]],
    ['a mode that is not known', context('Ipv9', v6, both), [...own6, shared]],
    [
      'an Elastic IP',
      context('Ipv4Only', '100.66.9.9', { 'task.elasticIPv4': '203.0.113.9' }),
      [own4, 'inet.0 203.0.113.9/32 my-app task-1 held'],
    ],
  ])('%s', async (_, taskContext, expected) => {
    answer = serving([wireTask('task-1', { context: taskContext })])
    expect(await listed()).toEqual(expected)
  })

  test('a transition address is one binding of all tasks that are seen on it', async () => {
    const taskContext = context('Ipv6AndIpv4Fallback', '', { 'task.transitionIPv4': '100.66.9.9' })
    answer = serving(
      [wireTask('task-2', { context: taskContext }), wireTask('task-1', { context: taskContext, jobId: 'job-2' })],
      [wireJob('job-1', 'b'), wireJob('job-2', 'a')],
    )
    expect(await listed()).toEqual(['vpc-1 100.66.9.9/32 a+b+i-host  held'])
  })
})

describe('a Titus that fails', () => {
  test('is asked again after an error, and the sighting is the later attempt’s', async () => {
    let failed = false
    const listing = serving([wireTask('task-1')])
    answer = url => {
      if (failed || url.pathname !== '/api/v3/tasks') return listing(url)
      failed = true
      clock.advance(500)
      return { status: 503, body: '' }
    }
    const { sighting } = await inventory().list(signal)
    expect(sighting).toEqual({ sentAtMs: 1_500, receivedAtMs: 1_500 })
  })

  test.each([
    [503, 'WHOHAD_TITUS_UNREACHABLE', 2],
    [429, 'WHOHAD_TITUS_UNREACHABLE', 2],
    [403, 'WHOHAD_TITUS_DENIED', 1],
    [404, 'WHOHAD_TITUS_FAILED', 1],
    [400, 'WHOHAD_TITUS_FAILED', 1],
  ])('status %i is %s after %i attempts', async (status, code, attempts) => {
    answer = () => ({ status, body: '' })
    await expect(inventory().list(signal)).rejects.toMatchObject({ code })
    expect(stub.requests).toHaveLength(attempts)
  })

  test.each([
    ['not JSON', '<html>'],
    ['no items', { pagination: { hasMore: false } }],
    ['a page that does not say whether there is more', { items: [], pagination: { totalItems: 3 } }],
    ['more without a cursor', { items: [], pagination: { hasMore: true, cursor: '' } }],
    ['the same cursor for ever', wirePage([], 'again')],
    ['a task without a status', wirePage([{ id: 'task-1', jobId: 'job-1' }])],
  ])('%s is a malformed reply', async (_, body) => {
    answer = () => ({ body })
    await expect(inventory().list(signal)).rejects.toMatchObject({ code: 'WHOHAD_TITUS_REPLY_MALFORMED' })
  })

  test('a server that is not there is unreachable, with the reason', async () => {
    answer = () => ({ body: {} })
    const gone = inventory()
    await stub.close()
    await expect(gone.list(signal)).rejects.toMatchObject({
      code: 'WHOHAD_TITUS_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })
})
