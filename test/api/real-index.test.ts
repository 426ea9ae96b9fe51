import { expect, test } from 'vitest'
import type { Claim } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { EXAMPLE_MS, owner, prefixOf } from '../support/answers.ts'
import { NOW_MS, testApi } from '../support/api.ts'

const SOURCE = 'ec2/123456789012/us-west-2'
const HOUR_MS = 3_600_000

const claim: Claim = {
  record: 'claim',
  id: 'claim-1',
  revision: { epoch: 1, sequence: 2 },
  domain: 'inet.0',
  prefix: prefixOf('52.11.120.97/32'),
  ports: null,
  layer: 'instance',
  source: SOURCE,
  owners: [owner('checkout', 'i-0abc12345def67890', { kind: 'instance' })],
  lifetimeId: null,
  start: { earliestMs: EXAMPLE_MS - HOUR_MS, latestMs: EXAMPLE_MS - HOUR_MS + 60_000 },
  end: { earliestMs: EXAMPLE_MS + HOUR_MS, latestMs: EXAMPLE_MS + HOUR_MS + 60_000 },
  lastSightingMs: EXAMPLE_MS + HOUR_MS,
  evidence: 'sighted',
  state: 'closed',
  expects: [],
  whole: false,
}

test('the real index answers through the API: owned in between, ambiguous inside a window, unknown before', async () => {
  const index = createOwnershipIndex()
  const bounds = { lagMs: 0, clockErrorMs: 0, bridgeMs: 0, briefestHoldingMs: 0, longestGapMs: 24 * HOUR_MS }
  const scope = [
    {
      domain: 'inet.0',
      prefix: prefixOf('52.11.120.0/24'),
      layers: ['instance'] as const,
      fromMs: EXAMPLE_MS - 2 * HOUR_MS,
    },
  ]
  const validity = { fromMs: EXAMPLE_MS - 2 * HOUR_MS, untilMs: Number.POSITIVE_INFINITY }
  const revision = (sequence: number) => ({ epoch: 1, sequence })
  index.apply({ record: 'source', source: SOURCE, revision: revision(0), kind: 'ec2', scope, bounds, validity })
  for (const [sequence, completeUpToMs] of [
    [1, EXAMPLE_MS - HOUR_MS],
    [3, EXAMPLE_MS + 2 * HOUR_MS],
  ] as const) {
    if (sequence === 3) index.apply(claim)
    const counts = { addresses: 1, changed: 1 }
    index.apply({
      record: 'progress',
      source: SOURCE,
      revision: revision(sequence),
      completeUpToMs,
      overAtMs: completeUpToMs,
      counts,
      refused: null,
    })
  }
  const { app } = await testApi({
    ask: question => index.ask(question),
    index,
    clock: { now: () => NOW_MS, sleep: systemClock.sleep },
  })
  const ask = async (atMs: number) => {
    const reply = await app.inject(`/v1/whohad?q=${encodeURIComponent(`52.11.120.97 @ ${atMs} in inet.0`)}`)
    expect(reply.statusCode).toBe(200)
    return reply.json()
  }
  expect(await ask(EXAMPLE_MS)).toMatchObject({ state: 'owned', application: 'checkout', final: true })
  expect(await ask(EXAMPLE_MS - HOUR_MS + 1000)).toMatchObject({ state: 'ambiguous', application: null })
  expect(await ask(EXAMPLE_MS - 30 * 24 * HOUR_MS)).toMatchObject({ state: 'unknown' })
})
