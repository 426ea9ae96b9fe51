import { expect, test } from 'vitest'
import type { ChangeLog } from '../../../src/changestream/port.ts'
import { createEnricher } from '../../../src/enricher/live.ts'
import { furthestProgressMs } from '../../../src/enricher/look-ups.ts'
import { PublishedSightings } from '../../../src/enricher/sightings/published-sightings.ts'
import { followingView } from '../../../src/enricher/view.ts'
import { createOwnershipIndex } from '../../../src/ownership/ownership-index.ts'
import { memoryBucket, memoryLog, memoryStore, reportInto } from '../../support/enricher-bench.ts'
import { machine, polledByTheMinute } from '../../support/machines.ts'

const never = new AbortController().signal

const HANDED = { address: '10.0.0.5/32' }

/** 10.0.0.5 goes from one instance to another between 60 s and 120 s; its peer stays. */
function bench() {
  const happened: [string, unknown][] = []
  const peer = machine('peer', 3, { address: '10.0.0.9/32' })
  const [api, batch] = [machine('api', 1, HANDED), machine('batch', 2, HANDED)]
  const { source } = polledByTheMinute([api, api, batch, batch, batch].map(held => [...held, ...peer]))
  const index = createOwnershipIndex()
  const log = memoryLog()
  const view = followingView(index, log, never)
  const bucket = memoryBucket()
  const store = memoryStore()
  const start = (through: Pick<ChangeLog, 'append' | 'end'> = log) =>
    createEnricher({
      list: bucket.list,
      open: bucket.open,
      view,
      store,
      rules: [],
      slackMs: 0,
      published: new PublishedSightings(through),
      clock: { now: () => 1_000_000, sleep: async () => {} },
      report: reportInto(happened),
      furthestProgressMs: () => furthestProgressMs(index),
      holdCapMs: 600_000,
    })
  /** Brings what is in the log into the index. */
  const follow = async () => {
    for await (const batch of log.read({ from: view.position(), follow: false, signal: never })) await view.apply(batch)
  }
  const states = () =>
    [...store.rows.values()].map(({ source: from, destination: to }) =>
      [from, to].map(({ state, reason, application }) => `${state} ${reason} ${application}`),
    )
  return { bucket, log, start, follow, states, happened, changes: source.changes }
}

/** The peer's log shows the address as a remote one, while nobody has seen yet which of the two holds it. */
const PEERS = 'eni-3 10.0.0.5 10.0.0.9 ingress 70 79\n'
const OWN = 'eni-1 10.0.0.5 10.0.0.9 egress 70 80\n'
const HEADER = 'interface-id srcaddr dstaddr flow-direction start end\n'

test('what an object shows is published before it is answered, and it answers with it', async () => {
  const { bucket, log, start, follow, states, happened, changes } = bench()
  await log.append(changes)
  await follow()
  bucket.put('a', `${HEADER}${PEERS}${OWN}`)
  const enricher = start()
  expect(await enricher.enrichOnce()).toMatchObject({ held: 1, committed: 0 })
  expect(happened).toContainEqual(['sightingsPublished', { object: 's3://memory/a', claims: 2 }])
  // Published is not read back: until then it would be published again and again.
  expect(await enricher.enrichOnce()).toMatchObject({ held: 1, committed: 0 })
  expect(happened.filter(([name]) => name === 'sightingsPublished')).toHaveLength(1)
  await follow()
  expect(await enricher.enrichOnce()).toMatchObject({ committed: 1 })
  expect(states()).toEqual([
    ['owned flow-sighting api', 'owned sighted peer'],
    // Its own last packet may have come at the beginning of the second that the record ends with.
    ['ambiguous handoff ', 'owned sighted peer'],
  ])
})

test('one that was killed after it had published publishes the same again', async () => {
  const { bucket, log, start, follow, states, changes } = bench()
  await log.append(changes)
  await follow()
  bucket.put('a', `${HEADER}${PEERS}${OWN}`)
  const before = (await log.end())[0] ?? 0
  await start().enrichOnce()
  await start().enrichOnce()
  const published = []
  for await (const batch of log.read({ from: [before], follow: false, signal: never })) published.push(...batch)
  const ids = published.map(({ change }) => JSON.stringify(change))
  expect(ids).toHaveLength(4)
  expect(new Set(ids).size).toBe(2)
  await follow()
  expect(await start().enrichOnce()).toMatchObject({ committed: 1 })
  expect(states()[0]).toEqual(['owned flow-sighting api', 'owned sighted peer'])
})
