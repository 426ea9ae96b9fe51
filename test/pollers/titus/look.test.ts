import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Claim, SourceBounds } from '../../../src/ownership/claim.ts'
import type { SourceState } from '../../../src/ownership/snapshot-diff.ts'
import { DEFAULT_NARROWING, Narrowing } from '../../../src/pollers/narrowing.ts'
import { diffContextOf, pollOnce } from '../../../src/pollers/poll.ts'
import { type TitusInventory, titusInventory } from '../../../src/pollers/titus/inventory.ts'
import { noDoubt, prefix } from '../../support/estate.ts'
import { fresh, parts } from '../../support/one-poll.ts'
import { startTitusStub, type TitusAnswer, wireJob, wirePage, wireTask } from '../../support/titus-wire.ts'

const LAG_MS = 10
const bounds: SourceBounds = { ...noDoubt, lagMs: LAG_MS, bridgeMs: 180_000 }
const place = { domain: 'vpc-1', vpc: 'vpc-1', account: '1', region: 'us-east-1' }
const signal = new AbortController().signal
const guards = { fewestHoldings: Number.POSITIVE_INFINITY, largestDrop: 1, largestNamedDrop: 1 }

const task = (n: number, context: Record<string, string> = {}) =>
  wireTask(`task-${n}`, { context: { 'task.containerIp': `100.66.9.${n}`, 'task.containerIPv4': '', ...context } })
const sharing = (n: number) =>
  task(n, { 'task.containerIp': `2001:db8::${n}`, 'task.containerIPv4': '', 'task.transitionIPv4': '100.66.9.200' })

let use: ReturnType<typeof parts>
let stub: Awaited<ReturnType<typeof startTitusStub>>
let inventory: TitusInventory
let narrowing: Narrowing
let state: SourceState
/** What Titus has as active, and what it says of one task by its id. */
let active: ReturnType<typeof task>[]
let archive: (id: string) => TitusAnswer

const asked = () =>
  stub.requests.splice(0).map(({ pathname, searchParams }) => {
    const ids = searchParams.get('taskIds') ?? searchParams.get('jobIds')
    return `${pathname.slice('/api/v3/'.length)}${ids === null ? '' : ` ${ids}`}`
  })

beforeEach(async () => {
  use = parts()
  use.clock.advance(1_000_000)
  archive = () => ({ status: 404, body: {} })
  stub = await startTitusStub(({ pathname, searchParams }) => {
    const ids = searchParams.get('taskIds')?.split(',')
    if (pathname === '/api/v3/tasks') return { body: wirePage(active.filter(({ id }) => ids?.includes(id) ?? true)) }
    if (pathname === '/api/v3/jobs') return { body: wirePage([wireJob('job-1')]) }
    return archive(pathname.split('/').at(-1) ?? '')
  })
  inventory = titusInventory({
    name: 'main',
    url: stub.url,
    interfacePlace: eni => (eni === 'eni-1' ? place : undefined),
    scope: [{ domain: 'vpc-1', prefix: prefix('100.64.0.0/10'), layers: ['container'] }],
    bounds,
    clock: use.clock,
    retries: { attempts: 1, firstDelayMs: 0, longestDelayMs: 0 },
  })
  const { look } = inventory
  const context = diffContextOf(inventory)
  narrowing = new Narrowing({ ...use, look, context, limits: DEFAULT_NARROWING })
  state = fresh
  active = [task(1), task(2)]
  await poll()
  // Tasks 3 and 4 come, and their addresses are looked at from now on; those of 1 and 2 stay where they are.
  active.push(task(3), sharing(4))
  await poll()
  asked()
})
afterEach(() => stub.close())

async function poll(): Promise<void> {
  use.clock.advance(60_000)
  const before = state
  state = await pollOnce(inventory, before, { ...use, guards }, signal)
  narrowing.polled(before, state)
}

/** At 1,125,000 and every five seconds from then on. */
async function look(): Promise<void> {
  use.clock.advance(5_000)
  state = await narrowing.look(state, signal)
}

const claimAt = (address: string): Claim | undefined =>
  [...state.claims.values()].find(claim => claim.prefix === prefix(address))
const leave = (n: number) => {
  active = active.filter(({ id }) => id !== `task-${n}`)
}
const finished = (n: number, reason: string, times: { killed?: number; finished: number }): TitusAnswer => {
  const { status: _, statusHistory, ...rest } = task(n)
  const killed = times.killed === undefined ? [] : [{ state: 'KillInitiated', timestamp: String(times.killed) }]
  const status = { state: 'Finished', reasonCode: reason, timestamp: String(times.finished) }
  return { body: { ...rest, status, statusHistory: [...statusHistory, ...killed] } }
}

describe('looks at tasks between two listings', () => {
  test('ask for those on addresses that changed hands, and for witnesses, by their ids in one request', async () => {
    await look()
    expect(asked()).toEqual(['tasks task-1,task-2,task-3,task-4', 'jobs job-1'])
  })

  test('move the end window of a task that leaves, and close it with what Titus says of its end', async () => {
    await look()
    leave(3)
    archive = id => finished(Number(id.at(-1)), 'killed', { killed: 1_128_000, finished: 1_129_000 })
    await look()
    expect(claimAt('100.66.9.3')).toMatchObject({
      state: 'closed',
      end: { earliestMs: 1_128_000 - LAG_MS, latestMs: use.clock.now() },
    })
  })

  test('without a word of its end it lies between the look that showed it and the one that did not', async () => {
    await look()
    leave(3)
    await look()
    expect(claimAt('100.66.9.3')).toMatchObject({
      state: 'missing',
      end: { earliestMs: 1_125_000 - LAG_MS, latestMs: 1_130_000 },
    })
  })

  test('say nothing of a task that Titus cannot tell of by its id', async () => {
    leave(3)
    archive = () => ({ status: 403, body: {} })
    await look()
    expect(claimAt('100.66.9.3')).toMatchObject({ state: 'open' })
  })

  test('do not take the address of a lost task for free, and neither does the next poll', async () => {
    leave(3)
    archive = id => finished(Number(id.at(-1)), 'lost', { finished: 1_124_000 })
    await look()
    const open = { state: 'missing', end: { latestMs: Number.POSITIVE_INFINITY } }
    expect(claimAt('100.66.9.3')).toMatchObject(open)
    await poll()
    expect(claimAt('100.66.9.3')).toMatchObject(open)
  })

  test('a task that the reply left out and that runs all the same is a sighting', async () => {
    leave(3)
    archive = () => ({ body: task(3) })
    await look()
    expect(claimAt('100.66.9.3')).toMatchObject({ state: 'open', lastSightingMs: 1_125_000 })
  })

  test('what a look was told of is not asked for again, and is no news to the next poll', async () => {
    leave(3)
    archive = id => finished(Number(id.at(-1)), 'killed', { killed: 1_122_000, finished: 1_123_000 })
    await look()
    asked()
    const published = use.appended.length
    await poll()
    expect(asked()).toEqual(['tasks', 'jobs'])
    const claims = use.appended
      .slice(published)
      .flat()
      .filter(({ record }) => record === 'claim')
    expect(claims).toEqual([])
  })

  test('never tell of an address that tasks share', async () => {
    active.push(sharing(5))
    await poll()
    const sharedBy = () => [...state.claims.values()].filter(claim => claim.prefix === prefix('100.66.9.200'))
    const shared = sharedBy()
    expect(shared.map(({ owners }) => owners.length)).toContain(3)
    leave(5)
    await look()
    await look()
    expect(sharedBy()).toEqual(shared)
    expect(claimAt('2001:db8::5')?.state).not.toBe('open')
  })

  test('a reply without any task is not believed', async () => {
    active = []
    await look()
    expect(asked()).toEqual(['tasks task-1,task-2,task-3,task-4'])
    expect(use.happened.at(-1)).toBe('look disbelieved 0')
    expect([...state.claims.values()].filter(claim => claim.state !== 'open')).toEqual([])
  })
})
