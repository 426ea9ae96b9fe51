import { expect, test } from 'vitest'
import type { Binding } from '../../src/ownership/snapshot.ts'
import { ec2Inventory } from '../../src/pollers/ec2/inventory.ts'
import { toSnapshot } from '../../src/pollers/ec2/snapshot.ts'
import { DEFAULT_NAMING } from '../../src/pollers/naming/rules.ts'
import { createWorld } from '../../src/simulator/world.ts'
import { CALM, WeatheredWorld } from '../support/bad-weather.ts'
import { noDoubt } from '../support/estate.ts'
import { MINUTE_MS, START_MS, startSmallCloud } from '../support/simulator.ts'
import { ec2Listing } from '../support/world-inventories.ts'

const SEED = 4

/** A binding without its times and its owners' labels. */
const told = (bindings: readonly Binding[]) =>
  bindings.map(({ sighting: _, owners, ...binding }) =>
    JSON.stringify({ ...binding, owners: owners.map(owner => ({ ...owner, labels: {} })) }),
  )

test('a listing that is made without the wire says what the SDK reads from it', async () => {
  const cloud = await startSmallCloud({ seed: SEED })
  try {
    const { account, region, partition, endpoints, clock } = cloud
    const estate = { account, region, partition, domainRules: [], naming: DEFAULT_NAMING }
    // The simulator's replies are stale; until something changes that makes no difference.
    const credentials = { accessKeyId: 'simulated', secretAccessKey: 'simulated' }
    const ec2 = ec2Inventory({ ...estate, endpoint: endpoints.ec2, credentials, bounds: noDoubt, clock, pageSize: 50 })
    const promises = { briefestHoldingMs: cloud.bounds.briefestHoldingMs, bridgeMs: cloud.bounds.bridgeMs }
    const world = createWorld(SEED, START_MS, { hosts: 3, containersPerHost: 8, groups: 4 }, promises)
    const run = new WeatheredWorld(world, { ...CALM, lagMs: 0, clockErrorMs: 0 }, 1)
    const seen = new Set<string>()
    const missed: string[] = []
    for (let minute = 1; minute < 12; minute++) {
      cloud.advanceTo(START_MS + minute * MINUTE_MS)
      const wired = await ec2.list(new AbortController().signal)
      run.pass(START_MS + minute * MINUTE_MS - run.nowMs)
      const shaped = toSnapshot(ec2Listing(run), estate)
      expect(shaped.scope).toEqual(wired.scope)
      for (const line of told(shaped.bindings)) seen.add(line)
      missed.push(...told(wired.bindings).filter(line => !seen.has(line)))
    }
    // What was there for less than a minute, or between two pages, one of them may not have.
    expect(seen.size).toBeGreaterThan(300)
    expect(missed.length).toBeLessThan(seen.size / 20)
  } finally {
    await cloud.close()
  }
})
