import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Snapshot } from '../../../src/ownership/snapshot.ts'
import { titusInventory } from '../../../src/pollers/titus/inventory.ts'
import { noDoubt } from '../../support/estate.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { startTitusStub, type TitusAnswer, wireJob, wirePage, wireTask } from '../../support/titus-wire.ts'

/** What replies of real gateways may look like: nothing of it may stop the poller, and nothing may be guessed. */

let answer: (url: URL) => TitusAnswer
let stub: Awaited<ReturnType<typeof startTitusStub>>
let clock: ManualClock

beforeEach(async () => {
  clock = new ManualClock(1_000)
  stub = await startTitusStub(url => {
    clock.advance(10)
    return answer(url)
  })
})
afterEach(() => stub.close())

const place = { domain: 'vpc-1', vpc: 'vpc-1', account: '1', region: 'us-east-1' }
const list = (): Promise<Snapshot> =>
  titusInventory({
    name: 'main',
    url: stub.url,
    interfacePlace: () => place,
    scope: [],
    bounds: noDoubt,
    clock,
    pageSize: 100,
    retries: { attempts: 1, firstDelayMs: 0, longestDelayMs: 0 },
  }).list(new AbortController().signal)

const showing = (task: unknown) => {
  answer = ({ pathname }) => {
    if (pathname === '/api/v3/tasks') return { body: wirePage([task]) }
    return { body: pathname === '/api/v3/jobs' ? wirePage([wireJob('job-1')]) : {} }
  }
}
const lines = ({ bindings }: Snapshot) =>
  bindings.map(({ prefix, owners, state, lifetimeId }) =>
    [prefix, owners.map(({ application }) => application).join('+'), state, lifetimeId].join(' '),
  )
const times = ({ bindings }: Snapshot) => bindings.flatMap(({ stated }) => stated.map(({ kind, atMs }) => [kind, atMs]))

const held = '100.66.9.9/32 my-app held task-1'
const task = wireTask('task-1')
const { statusHistory: _, ...withoutHistory } = task
const { taskContext: __, ...withoutContext } = task

describe('a task that says less, or otherwise, than it should', () => {
  test('without a history holds its address, since a time that is not known', async () => {
    showing(withoutHistory)
    const shown = await list()
    expect(lines(shown)).toEqual([held])
    expect(times(shown)).toEqual([['processed-at', 1652458440000]])
  })

  test.each([
    ['a number', 1652458410000, [['not-before', 1652458410000]]],
    ['digits in quotes', '1652458410000', [['not-before', 1652458410000]]],
    ['zero, which is "not set"', '0', []],
    ['a date in words', '2022-05-13T16:13:30Z', []],
    ['below zero', -5, []],
    ['beyond all numbers', '99999999999999999999', []],
    ['null', null, []],
    ['an object', {}, []],
  ])('with a time of a state that is %s', async (_what, timestamp, expected) => {
    const status = { state: 'Started', reasonCode: 'normal' }
    showing({ ...task, status, statusHistory: [null, 'Accepted', { state: 'Launched', timestamp }] })
    const shown = await list()
    expect(lines(shown)).toEqual([held])
    expect(times(shown)).toEqual(expected)
  })

  test.each([
    ['no context', withoutContext],
    ['a context that is a list', { ...task, taskContext: ['task.containerIp'] }],
    [
      'a name for an address',
      wireTask('task-1', { context: { 'task.containerIp': 'UnknownIpAddress', 'task.containerIPv4': '' } }),
    ],
    [
      'an address that is a number',
      { ...task, taskContext: { ...task.taskContext, 'task.containerIp': 1684408585, 'task.containerIPv4': 1 } },
    ],
  ])('with %s holds nothing', async (_what, odd) => {
    showing(odd)
    expect(lines(await list())).toEqual([])
  })

  test.each(['UNRECOGNIZED', 'Suspended', '7'])('in the state %s is neither held nor absent', async state => {
    showing(wireTask('task-1', { state }))
    expect(lines(await list())).toEqual(['100.66.9.9/32 my-app ending task-1'])
  })

  test('whose job says nothing of itself has no name', async () => {
    answer = ({ pathname }) => ({ body: wirePage(pathname === '/api/v3/jobs' ? [{ id: 'job-1' }] : [task]) })
    expect(lines(await list())).toEqual(['100.66.9.9/32  held task-1'])
  })

  test.each([
    ['no id', { ...task, id: undefined }],
    ['an id that is a number', { ...task, id: 7 }],
    ['no job', { ...task, jobId: '' }],
    ['no status', { ...task, status: null }],
    ['a status without a state', { ...task, status: { timestamp: '1' } }],
    ['null for a task', null],
  ])('with %s refuses the whole listing: to leave it out would be to call it gone', async (_what, odd) => {
    showing(odd)
    await expect(list()).rejects.toMatchObject({ code: 'WHOHAD_TITUS_REPLY_MALFORMED' })
  })

  test('with fields that nobody knows is read like any other', async () => {
    showing({
      ...task,
      newField: { deep: [1] },
      taskContext: { ...task.taskContext, __proto__: 'x', constructor: 'y' },
    })
    expect(lines(await list())).toEqual([held])
  })
})

test('of a thousand tasks over ten pages each counts once, as it came last, and one that moves between pages is found', async () => {
  const tasks = Array.from({ length: 1_000 }, (_value, i) =>
    wireTask(`task-${i}`, { context: { 'task.containerIp': `100.66.${i >> 8}.${i & 255}`, 'task.containerIPv4': '' } }),
  )
  const [mover] = tasks
  answer = ({ pathname, searchParams }) => {
    if (pathname === '/api/v3/jobs') return { body: wirePage([wireJob('job-1')]) }
    const page = Number(searchParams.get('cursor') ?? 0)
    const shown = tasks.slice(page * 100, page * 100 + 100)
    // Accepted anew by another cell, it sorts on the last page, too; there it is being killed.
    if (page === 9) shown.push({ ...wireTask('task-0', { state: 'KillInitiated', context: mover?.taskContext ?? {} }) })
    return { body: wirePage(shown, page < 9 ? String(page + 1) : '') }
  }
  const { bindings, sighting } = await list()
  expect(bindings).toHaveLength(1_000)
  expect(new Set(bindings.map(({ lifetimeId }) => lifetimeId)).size).toBe(1_000)
  const moved = bindings.filter(({ lifetimeId }) => lifetimeId === 'task-0')
  // Its sighting is that of the last page and of the job's, not of the first.
  expect(moved.map(({ state }) => state)).toEqual(['ending'])
  expect(moved[0]?.sighting.sentAtMs).toBe(1_090)
  expect(sighting).toEqual({ sentAtMs: 1_000, receivedAtMs: 1_110 })
})
