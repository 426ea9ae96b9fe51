import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import type { ChangeLog } from '../../src/changestream/port.ts'
import { toIp } from '../../src/ownership/address.ts'
import type { Answer } from '../../src/ownership/answer.ts'
import type { Change, SourceBounds } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { isPrivate } from '../../src/ownership/prefix.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { adoptState } from '../../src/pollers/adopt.ts'
import { ec2Inventory } from '../../src/pollers/ec2/inventory.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { DEFAULT_NAMING } from '../../src/pollers/naming/rules.ts'
import { pollOnce } from '../../src/pollers/poll.ts'
import { titusInventory } from '../../src/pollers/titus/inventory.ts'
import type { SimulatedCloud } from '../../src/simulator/cloud.ts'
import type { EndTruth } from '../../src/simulator/ledger.ts'
import { prefix } from '../support/estate.ts'
import {
  bytesOf,
  calmFaults,
  keysOf,
  linesOf,
  MINUTE_MS,
  START_MS,
  s3ClientOf,
  startSmallCloud,
} from '../support/simulator.ts'

const POLLS = 20
const signal = new AbortController().signal

let cloud: SimulatedCloud
let folder: string
let log: ChangeLog
let index: OwnershipIndex
const refused: string[] = []

beforeAll(async () => {
  cloud = await startSmallCloud({ seed: 3, faults: { ...calmFaults, titusErrorProbability: 0.05 } })
  folder = await mkdtemp(join(tmpdir(), 'whohad-pollers-'))
  log = await openEmbeddedLog({
    folder,
    segmentBytes: 1 << 24,
    clock: cloud.clock,
    onTornTail: torn => expect.unreachable(JSON.stringify(torn)),
  })
  index = createOwnershipIndex()
  await pollForMinutes()
})
afterAll(async () => {
  await log.close()
  await cloud.close()
  await rm(folder, { recursive: true })
})

function inventories(): readonly Inventory[] {
  const { account, region, partition, clock, endpoints, vpcs } = cloud
  const { lagMs, clockErrorMs, bridgeMs, briefestHoldingMs } = cloud.bounds
  const bounds: SourceBounds = { lagMs, clockErrorMs, bridgeMs, briefestHoldingMs, longestGapMs: 85_000 }
  const ec2 = ec2Inventory({
    account,
    region,
    partition,
    endpoint: endpoints.ec2,
    credentials: { accessKeyId: 'simulated', secretAccessKey: 'none' },
    domainRules: [],
    naming: DEFAULT_NAMING,
    bounds,
    clock,
    pageSize: 50,
  })
  const titus = titusInventory({
    name: 'main',
    url: endpoints.titus,
    bounds,
    clock,
    pageSize: 7,
    scope: vpcs.map(({ vpc, cidr }) => ({ domain: vpc, prefix: prefix(cidr), layers: ['container'] })),
    interfacePlace(eni) {
      const view = index.interfaceDuring(eni, { fromMs: clock.now() - 2 * MINUTE_MS, untilMs: clock.now() })
      const [domain, ...others] = view?.domains ?? []
      if (view === undefined || domain === undefined || others.length > 0) return undefined
      const { vpc, account: owner, region: where, subnet } = view.owner
      return { domain, vpc: vpc ?? '', account: owner ?? '', region: where ?? '', subnet }
    },
  })
  return [ec2, titus]
}

async function pollForMinutes(): Promise<void> {
  const sources = inventories()
  const apply = (changes: readonly Change[]) => {
    for (const change of changes) index.apply(change)
  }
  const teeing = {
    append: async (changes: readonly Change[]) => {
      await log.append(changes)
      apply(changes)
    },
  }
  const report = {
    pollCompleted: () => undefined,
    pollRefused: (d: { source: string; reason: string; detail: string }) =>
      void refused.push(`${d.source} ${d.reason} ${d.detail}`),
    publishFailed: () => undefined,
    adoptFailed: () => undefined,
  }
  const states = new Map<string, SourceState>()
  for (let poll = 0; poll < POLLS; poll++) {
    cloud.advanceTo(START_MS + poll * MINUTE_MS)
    for (const source of sources) {
      // Now and then a successor takes over and must go on with the same claims.
      const held = poll % 10 === 9 ? undefined : states.get(source.source)
      const state = held ?? (await adoptState(source, log, cloud.clock, signal))
      if (state !== held && state.record) apply([state.record])
      states.set(source.source, await pollOnce(source, state, { log: teeing, clock: cloud.clock, report }, signal))
    }
  }
}

/** Whether a statement is true of every instant asked about; what states nothing cannot be false. */
function isTrue({ state, holding }: Answer, { holders: [holder, ...others], nobody }: EndTruth): boolean {
  if (state === 'external') return false
  if (state === 'unowned') return holder === undefined
  if (state !== 'owned') return true
  const only = !nobody && others.length === 0
  return only && holder?.resourceId === holding?.owner.resourceId && holder?.application === holding?.owner.application
}

describe('pollers on the simulated cloud', () => {
  test('no answer is wrong, and most managed ends are owned', async () => {
    const client = s3ClientOf(cloud)
    const wrong: string[] = []
    const counts: Record<string, number> = {}
    for (const key of await keysOf(cloud, client)) {
      const truths = cloud.truthOf(key)
      for (const [i, line] of linesOf(await bytesOf(cloud, client, key)).entries()) {
        for (const [end, truth] of [
          ['pkt-srcaddr', truths[i]?.source],
          ['pkt-dstaddr', truths[i]?.destination],
        ] as const) {
          const ip = toIp(line[end] ?? '')
          if (ip === undefined || truth === undefined || truth.kind !== 'managed') continue
          const answer = index.ask({
            domain: isPrivate(ip) ? (line['vpc-id'] ?? '') : 'inet.0',
            ip,
            fromMs: Number(line['start']) * 1000,
            untilMs: (Number(line['end']) + 1) * 1000,
            nowMs: cloud.clock.now(),
          })
          const said = `${answer.state} ${answer.reason}`
          counts[said] = (counts[said] ?? 0) + 1
          if (isTrue(answer, truth)) continue
          const was = truth.holders.map(holder => `${holder.application}/${holder.resourceId}`).join('+')
          const { application, resourceId } = answer.holding?.owner ?? {}
          wrong.push(
            `${ip} ${line['start']}-${line['end']}: ${said} ${application}/${resourceId}, truly ${was} ${truth.nobody}`,
          )
        }
      }
    }
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
    const owned = (counts['owned sighted'] ?? 0) + (counts['owned bridged'] ?? 0)
    expect(wrong.slice(0, 5)).toEqual([])
    expect(all).toBeGreaterThan(500)
    expect({ ownedShare: owned / all, counts }).toSatisfy(({ ownedShare }) => ownedShare > 0.5)
  })

  test('a poll is refused only where an interface is younger than the last EC2 poll', () => {
    expect(refused.filter(text => !text.includes('unplaced-interface'))).toEqual([])
    expect(refused.length).toBeLessThan(POLLS / 2)
  })
})
