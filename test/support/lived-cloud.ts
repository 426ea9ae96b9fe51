import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import type { ChangeLog } from '../../src/changestream/port.ts'
import { toIp } from '../../src/ownership/address.ts'
import type { Answer } from '../../src/ownership/answer.ts'
import type { SourceBounds } from '../../src/ownership/claim.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { isPrivate } from '../../src/ownership/prefix.ts'
import type { SourceState } from '../../src/ownership/snapshot-diff.ts'
import { adoptState } from '../../src/pollers/adopt.ts'
import { ec2Inventory } from '../../src/pollers/ec2/inventory.ts'
import { ec2Look } from '../../src/pollers/ec2/look.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { DEFAULT_NAMING } from '../../src/pollers/naming/rules.ts'
import { DEFAULT_NARROWING, Narrowing, type TargetedLook } from '../../src/pollers/narrowing.ts'
import { diffContextOf, pollOnce } from '../../src/pollers/poll.ts'
import type { LookReport, PollReport } from '../../src/pollers/report.ts'
import { titusInventory } from '../../src/pollers/titus/inventory.ts'
import type { SimulatedCloud } from '../../src/simulator/cloud.ts'
import type { EndTruth } from '../../src/simulator/ledger.ts'
import { prefix } from './estate.ts'
import { bytesOf, keysOf, linesOf, MINUTE_MS, START_MS, s3ClientOf } from './simulator.ts'

/** What polls, and looks between them, made of a simulated cloud over the wire. */
export type LivedCloud = {
  readonly index: OwnershipIndex
  /** Polls that were refused, in words. */
  readonly refused: readonly string[]
  /** Looks, by what came of them. */
  readonly looks: Readonly<Record<string, number>>
}

const signal = new AbortController().signal

type Life = { readonly polls: number; readonly lookEveryMs: number | null }

/** EC2 and Titus of a cloud, polled every minute, and looked at between two polls where `lookEveryMs` says how often. */
export async function liveOn(cloud: SimulatedCloud, life: Life): Promise<LivedCloud> {
  const folder = await mkdtemp(join(tmpdir(), 'whohad-pollers-'))
  const index = createOwnershipIndex()
  const log = await openEmbeddedLog({
    folder,
    segmentBytes: 1 << 24,
    clock: cloud.clock,
    onTornTail: torn => {
      throw new Error(`torn: ${JSON.stringify(torn)}`)
    },
  })
  const append: ChangeLog['append'] = async changes => {
    await log.append(changes)
    for (const change of changes) index.apply(change)
  }
  try {
    return { index, ...(await pollAll(cloud, index, { ...log, append }, life)) }
  } finally {
    await log.close()
    await rm(folder, { recursive: true })
  }
}

async function pollAll(
  cloud: SimulatedCloud,
  index: OwnershipIndex,
  log: ChangeLog,
  { polls, lookEveryMs }: Life,
): Promise<Omit<LivedCloud, 'index'>> {
  const { clock } = cloud
  const refused: string[] = []
  const looks: Record<string, number> = {}
  const report: PollReport & LookReport = {
    pollCompleted: () => undefined,
    pollRefused: ({ source, reason, detail }) => void refused.push(`${source} ${reason} ${detail}`),
    publishFailed: () => undefined,
    adoptFailed: () => undefined,
    lookDone: ({ result }) => {
      looks[result] = (looks[result] ?? 0) + 1
    },
  }
  const { ec2, titus, look } = inventoriesOf(cloud, index)
  const narrowingOf = (inventory: Inventory, by: TargetedLook) =>
    new Narrowing({ look: by, log, clock, report, context: diffContextOf(inventory), limits: DEFAULT_NARROWING })
  const narrowings = new Map<Inventory, Narrowing>([
    [ec2, narrowingOf(ec2, look)],
    [titus, narrowingOf(titus, titus.look)],
  ])
  const states = new Map<Inventory, SourceState>()
  const poll = async (inventory: Inventory) => {
    const before = states.get(inventory) ?? (await adoptState(inventory, log, clock, signal))
    const after = await pollOnce(inventory, before, { log, clock, report }, signal)
    states.set(inventory, after)
    narrowings.get(inventory)?.polled(before, after)
  }
  for (let i = 0; i < polls; i++) {
    const nextMs = START_MS + (i + 1) * MINUTE_MS
    cloud.advanceTo(START_MS + i * MINUTE_MS)
    // Now and then a successor takes over and must go on with the same claims.
    if (i % 10 === 9) {
      states.clear()
      for (const narrowing of narrowings.values()) narrowing.forget()
    }
    for (const inventory of [ec2, titus]) await poll(inventory)
    while (lookEveryMs !== null && clock.now() + lookEveryMs < nextMs) {
      cloud.advanceTo(clock.now() + lookEveryMs)
      for (const [inventory, narrowing] of narrowings)
        if (narrowing.wanted())
          states.set(inventory, await narrowing.look(states.get(inventory) as SourceState, signal))
    }
  }
  ec2.close()
  return { refused, looks }
}

function inventoriesOf(
  { account, region, partition, clock, endpoints, vpcs, ...cloud }: SimulatedCloud,
  index: OwnershipIndex,
) {
  const { lagMs, clockErrorMs, bridgeMs, briefestHoldingMs } = cloud.bounds
  const bounds: SourceBounds = { lagMs, clockErrorMs, bridgeMs, briefestHoldingMs, longestGapMs: 85_000 }
  const estate = { account, region, partition, domainRules: [], naming: DEFAULT_NAMING }
  const ec2 = ec2Inventory({
    ...estate,
    endpoint: endpoints.ec2,
    credentials: { accessKeyId: 'simulated', secretAccessKey: 'none' },
    bounds,
    clock,
    pageSize: 50,
  })
  const look: TargetedLook = ec2Look(ec2, estate)
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
  return { ec2, titus, look }
}

export type Ends = {
  /** What is said and not true, in words. */
  readonly wrong: readonly string[]
  /** How often each answer was given, by state and reason. */
  readonly counts: Readonly<Record<string, number>>
  readonly all: number
  readonly owned: number
}

/** What is answered for the managed ends of all flow log records of the cloud. */
export async function answeredEnds(cloud: SimulatedCloud, index: OwnershipIndex): Promise<Ends> {
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
  const sumOf = (entries: readonly (readonly [string, number])[]) => entries.reduce((sum, [, count]) => sum + count, 0)
  const entries = Object.entries(counts)
  return { wrong, counts, all: sumOf(entries), owned: sumOf(entries.filter(([said]) => said.startsWith('owned'))) }
}

/** Whether a statement is true of every instant asked about; what states nothing cannot be false. */
function isTrue({ state, holding }: Answer, { holders: [holder, ...others], nobody }: EndTruth): boolean {
  if (state === 'external') return false
  if (state === 'unowned') return holder === undefined
  if (state !== 'owned') return true
  const only = !nobody && others.length === 0
  return only && holder?.resourceId === holding?.owner.resourceId && holder?.application === holding?.owner.application
}
