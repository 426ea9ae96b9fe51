import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SimulatedCloud } from '../../src/simulator/cloud.ts'
import { allTasks, startSmallCloud, type TitusTask, taskPage } from '../support/simulator.ts'

let cloud: SimulatedCloud
beforeAll(async () => {
  cloud = await startSmallCloud({ hosts: 6 })
})
afterAll(() => cloud.close())

const get = (path: string) => fetch(`${cloud.endpoints.titus}/api/v3/${path}`)

test('tasks come by ten unless asked otherwise, and the cursor leads through all of them', async () => {
  const first = await taskPage(cloud, '')
  expect(first.items).toHaveLength(10)
  expect(first.pagination).toMatchObject({ hasMore: true, totalItems: 48 })
  const ids = (await allTasks(cloud, 7)).map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.length).toBeGreaterThan(40)
})

test('a page size of nothing and a broken cursor are refused', async () => {
  expect((await get('tasks?pageSize=0')).status).toBe(400)
  expect((await get('tasks?cursor=broken')).status).toBe(400)
})

test('a running task names its address, its branch interface and its job', async () => {
  const task = (await allTasks(cloud)).find(({ status }) => status.state === 'Started')
  expect(task?.taskContext).toMatchObject({
    'task.containerIp': expect.stringMatching(/^10\.0\.64\./),
    'task.networkInterfaceId': expect.stringMatching(/^eni-/),
    'task.effectiveNetworkMode': 'Ipv4Only',
    'agent.instanceId': expect.stringMatching(/^i-/),
  })
  expect(task?.status.timestamp).toMatch(/^\d{13}$/)
  expect(task?.statusHistory.map(({ state }) => state)).toEqual(['Accepted', 'Launched', 'StartInitiated'])
  const job = await (await get(`jobs/${task?.jobId}`)).json()
  expect(job).toMatchObject({
    jobDescriptor: {
      applicationName: expect.any(String),
      owner: { teamEmail: expect.stringContaining('@') },
      jobGroupInfo: {
        stack: expect.any(String),
        detail: expect.any(String),
        sequence: expect.stringMatching(/^v\d{3}$/),
      },
    },
  })
})

test('an address is not told before the task has started', async () => {
  const early: TitusTask[] = []
  for (let i = 0; i < 150; i++) {
    const tasks = await allTasks(cloud)
    early.push(...tasks.filter(({ status }) => ['Accepted', 'Launched', 'StartInitiated'].includes(status.state)))
    await cloud.clock.sleep(2_000)
  }
  expect(early.length).toBeGreaterThan(5)
  expect(early.every(({ taskContext }) => taskContext['task.containerIp'] === undefined)).toBe(true)
})

test('a finished task is listed only where its job and its state are asked for, and found by its id', async () => {
  const before = await allTasks(cloud)
  await cloud.clock.sleep(1_800_000)
  const still = new Set((await allTasks(cloud)).map(({ id }) => id))
  const gone = before.find(({ id }) => !still.has(id))
  // By its id first: it may have moved to another job before it ended.
  const finished = (await (await get(`tasks/${gone?.id}`)).json()) as TitusTask
  expect(finished).toMatchObject({ id: gone?.id, status: { state: 'Finished' } })
  const archived = await taskPage(cloud, `pageSize=1000&jobIds=${finished.jobId}&taskStates=Finished`)
  expect(archived.items.map(({ id }) => id)).toContain(gone?.id)
  expect((await get('tasks/no-such-task')).status).toBe(404)
})

test('errors can be switched on', async () => {
  cloud.faults.titusErrorProbability = 1
  expect((await get('jobs')).status).toBe(503)
  cloud.faults.titusErrorProbability = 0
  expect((await get('jobs')).status).toBe(200)
})
