import { expect, test } from 'vitest'
import type { StatedTime } from '../../../src/ownership/stated-times.ts'
import { toSnapshot } from '../../../src/pollers/titus/snapshot.ts'
import { noDoubt } from '../../support/estate.ts'

const sighting = { sentAtMs: 600, receivedAtMs: 605 }

/** What the snapshot states of a task on an interface whose VPC is in its domain since an instant, by domain. */
function stated(
  domainSinceMs: number | undefined,
  startedAtMs: number,
): Readonly<Record<string, readonly StatedTime[]>> {
  const task = {
    id: 'task-1',
    jobId: 'job-1',
    state: 'Started',
    context: {
      'task.networkInterfaceId': 'eni-1',
      'task.containerIPv6': '2600:1f13::5',
      'task.containerIp': '2600:1f13::5',
    },
    statuses: [
      { state: 'Launched', reason: 'normal', atMs: startedAtMs - 30 },
      { state: 'Started', reason: 'normal', atMs: startedAtMs },
    ],
  }
  const place = { domain: 'd2', vpc: 'vpc-1', account: '1', region: 'us-east-1' }
  const { bindings } = toSnapshot(
    { tasks: [{ value: task, sighting }], jobs: new Map(), sighting },
    {
      bounds: noDoubt,
      scope: [],
      interfacePlace: () => (domainSinceMs === undefined ? place : { ...place, domainSinceMs }),
    },
  )
  return Object.fromEntries(bindings.map(binding => [binding.domain, binding.stated]))
}

const launched = (atMs: number) => expect.objectContaining({ edge: 'start', kind: 'not-before', atMs })
const started = (atMs: number) => expect.objectContaining({ edge: 'start', kind: 'processed-at', atMs })

test('a task that started before its VPC came into the domain began there no earlier than the VPC', () => {
  expect(stated(500, 400)['d2']).toEqual([launched(370), launched(500)])
  expect(stated(500, 550)['d2']).toEqual([launched(520), started(550), launched(500)])
})

test('a domain that the VPC has always been in, and the public one, take what is stated as it is', () => {
  expect(stated(undefined, 400)['d2']).toEqual([launched(370), started(400)])
  expect(stated(500, 400)['inet6.0']).toEqual([launched(370), started(400)])
})
