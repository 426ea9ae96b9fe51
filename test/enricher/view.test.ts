import { expect, test } from 'vitest'
import type { LoggedChange } from '../../src/changestream/port.ts'
import { followingView } from '../../src/enricher/view.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { brief, changesOf, HOST, ms, NOW_MS } from '../support/claimed-events.ts'
import { memoryLog } from '../support/enricher-bench.ts'
import { inWords, owner, prefix, question } from '../support/estate.ts'

const claimOn = (address: string, i: number): LoggedChange => ({
  partition: 0,
  offset: i,
  loggedAtMs: 0,
  change: {
    record: 'claim',
    id: `c${i}`,
    revision: { epoch: 1, sequence: 1 },
    domain: 'd1',
    prefix: prefix(address),
    ports: null,
    layer: 'container',
    source: 's',
    owners: [owner('api', `task-${i % 100}`)],
    lifetimeId: null,
    start: { earliestMs: 0, latestMs: 10 },
    end: { earliestMs: 100, latestMs: 110 },
    lastSightingMs: 100,
    evidence: 'sighted',
    state: 'closed',
    expects: [],
    whole: false,
  },
})

test('a long replay is folded into segments on its way, and whoever has the index pinned meanwhile is answered alike', async () => {
  const index = createOwnershipIndex()
  const log = { partitions: 1 } as Parameters<typeof followingView>[1]
  const view = followingView(index, log, new AbortController().signal)
  const batch = Array.from({ length: 40_000 }, (_, i) => claimOn(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, i))
  const applied = view.apply(batch)
  const answers: string[] = []
  await view.pin(async () => {
    for (let i = 0; i < 5; i++) {
      answers.push(inWords(index.ask(question('10.0.0.5', 50))))
      await new Promise(resolve => setImmediate(resolve))
    }
  })
  await applied
  expect(new Set(answers)).toEqual(new Set(['owned sighted api']))
  expect(index.counts()).toMatchObject({ claims: 40_000, changed: 0 })
  expect(inWords(index.ask(question('10.0.156.63', 50)))).toBe('owned sighted api')
  expect(view.position()).toEqual([40_000])
})

test('a horizon that is raised while the index is followed gives back the memory of what lies below, and changes no answer', async () => {
  const index = createOwnershipIndex()
  const log = memoryLog()
  const view = followingView(index, log, new AbortController().signal)
  const publish = async (changes: readonly Change[], isReplaying = false) => {
    await log.append(changes)
    for await (const batch of log.read({ from: view.position(), follow: false, signal: new AbortController().signal }))
      await view.apply(batch, isReplaying)
  }
  await publish(changesOf([{ events: '+A@10 -A@20 +B@30 -B@40 +C@50' }], { upTo: 100 }), true)
  const claims = index.counts().claims
  const at = (second: number) => brief(index.ask(question(HOST, ms(second), ms(second) + 1, { nowMs: NOW_MS })))
  expect([15, 35, 60].map(at)).toEqual(['A', 'B', 'C'])
  await publish([{ record: 'horizon', domain: 'd1', beforeMs: ms(45) }])
  // A checkpoint waits for it.
  await view.snapshot(() => undefined)
  expect(index.counts().claims).toBe(claims - 2)
  expect([15, 35, 60].map(at)).toEqual(['unknown expired', 'unknown expired', 'C'])
  await publish(changesOf([{ events: '+A@10 -A@20 +B@30 -B@40 +C@50 -C@110' }], { upTo: 200 }))
  expect([60, 120].map(at)).toEqual(['C', 'nobody'])
})

test('a checkpoint has no change of which is not stored yet what it may have altered', async () => {
  const index = createOwnershipIndex()
  const log = { partitions: 1 } as Parameters<typeof followingView>[1]
  const happened: string[] = []
  let store = () => {}
  const afterBatch = async () => {
    await new Promise<void>(resolve => {
      store = resolve
    })
    happened.push('stored')
  }
  const view = followingView(index, log, new AbortController().signal, { afterBatch })
  const applied = view.apply([claimOn('10.0.0.5', 0)])
  const taken = view.snapshot(() => happened.push(`a checkpoint of ${index.counts().claims} claims`))
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
  store()
  await Promise.all([applied, taken])
  expect(happened).toEqual(['stored', 'a checkpoint of 1 claims'])
})
