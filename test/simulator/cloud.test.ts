import { createHash } from 'node:crypto'
import { type NetworkInterface, paginateDescribeNetworkInterfaces } from '@aws-sdk/client-ec2'
import { expect, test } from 'vitest'
import { type SimulatedCloud, startSimulatedCloud } from '../../src/simulator/cloud.ts'
import {
  allTasks,
  bytesOf,
  calmFaults,
  ec2ClientOf,
  type FlowLine,
  keysOf,
  linesOf,
  MINUTE_MS,
  START_MS,
  s3ClientOf,
  startSmallCloud,
} from '../support/simulator.ts'

async function withCloud<T>(starting: Promise<SimulatedCloud>, use: (cloud: SimulatedCloud) => Promise<T>): Promise<T> {
  const cloud = await starting
  try {
    return await use(cloud)
  } finally {
    await cloud.close()
  }
}

/** A digest of every object of the first half hour with its truth. */
const written = (seed: number, before: (cloud: SimulatedCloud) => Promise<unknown> = async () => undefined) =>
  withCloud(startSmallCloud({ seed }), async cloud => {
    await before(cloud)
    cloud.advanceTo(START_MS + 32 * MINUTE_MS)
    const client = s3ClientOf(cloud)
    const keys = await keysOf(cloud, client)
    const digest = createHash('sha256')
    for (const key of keys) digest.update(await bytesOf(cloud, client, key)).update(JSON.stringify(cloud.truthOf(key)))
    return { keys, digest: digest.digest('hex') }
  })

test('the same seed writes the same bytes and the same truth, whatever is asked meanwhile', async () => {
  const first = await written(7)
  expect(first.keys).toHaveLength(12)
  expect(await written(7)).toEqual(first)
  const asked = await written(7, async cloud => {
    for (let i = 0; i < 20; i++) await allTasks(cloud, 9)
  })
  expect(asked).toEqual(first)
  expect((await written(8)).digest).not.toBe(first.digest)
})

test('the same requests get the same replies at the same times', async () => {
  const told = () =>
    withCloud(startSmallCloud({ faults: { titusErrorProbability: 0.2 } }), async cloud => {
      const replies: unknown[] = []
      for (let i = 0; i < 30; i++) {
        const reply = await fetch(`${cloud.endpoints.titus}/api/v3/tasks?pageSize=20`)
        replies.push([reply.status, await reply.text(), cloud.clock.now()])
        await cloud.clock.sleep(15_000)
      }
      return replies
    })
  const replies = await told()
  expect(await told()).toEqual(replies)
})

test('an hour at the default scale has 100,000 records or more, and a truth for each of them', async () => {
  await withCloud(startSimulatedCloud({ seed: 3, startMs: START_MS }), async cloud => {
    cloud.advanceTo(START_MS + 62 * MINUTE_MS)
    const client = s3ClientOf(cloud)
    const counts = { records: 0, spanning: 0, vacant: 0, rejected: 0, intermediate: 0 }
    const statuses = new Set<string | undefined>()
    for (const key of await keysOf(cloud, client)) {
      const lines = linesOf(await bytesOf(cloud, client, key))
      const truth = cloud.truthOf(key)
      expect(truth).toHaveLength(lines.length)
      for (const [i, line] of lines.entries()) {
        checkTimes(line, key)
        statuses.add(line['log-status'])
        if (line['log-status'] !== 'OK') continue
        counts.records++
        const ends = [truth[i]?.source, truth[i]?.destination]
        if (ends.some(end => (end?.holders.length ?? 0) > 1)) counts.spanning++
        if (ends.some(end => end?.kind === 'managed' && end.holders.length === 0)) counts.vacant++
        if (line['action'] === 'REJECT') counts.rejected++
        if (line['srcaddr'] !== line['pkt-srcaddr'] || line['dstaddr'] !== line['pkt-dstaddr']) counts.intermediate++
      }
    }
    expect(counts.records).toBeGreaterThanOrEqual(110_000)
    expect(counts.spanning).toBeGreaterThan(200)
    expect(counts.vacant).toBeGreaterThan(200)
    expect(counts.rejected).toBeGreaterThan(200)
    expect(counts.intermediate).toBeGreaterThan(10_000)
    expect([...statuses].sort()).toEqual(['NODATA', 'OK', 'SKIPDATA'])
  })
})

/** Within one minute, and in the five minutes that the file is named for. */
function checkTimes(line: FlowLine, key: string): void {
  const [start, end] = [Number(line['start']), Number(line['end'])]
  const [, hours = '', minutes = ''] = /T(\d\d)(\d\d)Z/.exec(key) ?? []
  const windowSeconds = Math.floor(START_MS / 86_400_000) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60
  const isRight =
    start <= end && Math.floor(start / 60) === Math.floor(end / 60) && end >= windowSeconds && end < windowSeconds + 300
  if (!isRight) throw new Error(`${start} to ${end} in ${key}`)
}

/** Who was seen at an address, in the replies alone: the longest stretches that the declared lag allows to prove. */
class Proofs {
  readonly #stretches = new Map<string, { holder: string; fromMs: number; untilMs: number; seenBy: number }[]>()

  see(space: string, ip: string, holder: string, sentMs: number, receivedMs: number, poll: number): void {
    const key = `${space}|${ip}`
    const stretches = this.#stretches.get(key) ?? []
    this.#stretches.set(key, stretches)
    const open = stretches.find(stretch => stretch.holder === holder && stretch.seenBy === poll - 1)
    if (open) Object.assign(open, { untilMs: sentMs - LAG_MS, seenBy: poll })
    else stretches.push({ holder, fromMs: receivedMs, untilMs: sentMs - LAG_MS, seenBy: poll })
  }

  provedOver(space: string, ip: string, fromMs: number, untilMs: number): string | undefined {
    const stretches = this.#stretches.get(`${space}|${ip}`) ?? []
    return stretches.find(stretch => stretch.fromMs <= fromMs && untilMs <= stretch.untilMs)?.holder
  }
}

const LAG_MS = 10_000

async function pollEc2(cloud: SimulatedCloud, proofs: Proofs, poll: number): Promise<void> {
  const sentMs = cloud.clock.now()
  const enis: NetworkInterface[] = []
  const pages = paginateDescribeNetworkInterfaces({ client: ec2ClientOf(cloud), pageSize: 50 }, {})
  for await (const page of pages) enis.push(...(page.NetworkInterfaces ?? []))
  const receivedMs = cloud.clock.now()
  for (const { VpcId = '', InterfaceType, Attachment, PrivateIpAddresses = [] } of enis) {
    if (InterfaceType === 'branch' || !Attachment?.InstanceId) continue
    for (const { PrivateIpAddress = '', Association } of PrivateIpAddresses) {
      proofs.see(VpcId, PrivateIpAddress, Attachment.InstanceId, sentMs, receivedMs, poll)
      if (Association?.PublicIp)
        proofs.see('inet.0', Association.PublicIp, Attachment.InstanceId, sentMs, receivedMs, poll)
    }
  }
}

async function pollTitus(cloud: SimulatedCloud, proofs: Proofs, poll: number): Promise<void> {
  const sentMs = cloud.clock.now()
  const tasks = await allTasks(cloud, 30)
  const receivedMs = cloud.clock.now()
  for (const { id, status, taskContext } of tasks) {
    const ip = taskContext['task.containerIp']
    if (status.state !== 'Started' || ip === undefined) continue
    proofs.see(cloud.vpcs[0]?.vpc ?? '', ip, id, sentMs, receivedMs, poll)
  }
}

test('whoever the replies prove to have held an address, within the declared bounds, is the truth', async () => {
  const starting = startSimulatedCloud({ seed: 11, startMs: START_MS, connectionsPerMinute: 300, faults: calmFaults })
  await withCloud(starting, async cloud => {
    const proofs = new Proofs()
    for (let poll = 1; cloud.clock.now() < START_MS + 40 * MINUTE_MS; poll++) {
      await pollEc2(cloud, proofs, poll)
      await pollTitus(cloud, proofs, poll)
      await cloud.clock.sleep(20_000)
    }
    const client = s3ClientOf(cloud)
    let proved = 0
    let ends = 0
    for (const key of await keysOf(cloud, client)) {
      const truth = cloud.truthOf(key)
      for (const [i, line] of linesOf(await bytesOf(cloud, client, key)).entries()) {
        for (const end of ['source', 'destination'] as const) {
          const ip = line[end === 'source' ? 'pkt-srcaddr' : 'pkt-dstaddr'] ?? ''
          const known = truth[i]?.[end]
          if (known?.kind !== 'managed') continue
          ends++
          const space = ip.startsWith('10.') ? (line['vpc-id'] ?? '') : 'inet.0'
          const holder = proofs.provedOver(space, ip, Number(line['start']) * 1000, (Number(line['end']) + 1) * 1000)
          if (holder === undefined) continue
          proved++
          expect([...new Set(known.holders.map(({ resourceId }) => resourceId))]).toEqual([holder])
          expect(known.nobody).toBe(false)
        }
      }
    }
    expect(ends).toBeGreaterThan(50_000)
    // Addresses that several share, delegated blocks and tasks that end are passed over by these proofs.
    expect(proved / ends).toBeGreaterThan(0.6)
  })
})

test('there is something good to ask once addresses have been used again', async () => {
  await withCloud(startSmallCloud({ hosts: 6 }), async cloud => {
    expect(() => cloud.sampleQuestion()).toThrow(/used twice/)
    cloud.advanceTo(START_MS + 30 * MINUTE_MS)
    const { ip, atMs, vpc, truth } = cloud.sampleQuestion()
    expect(vpc).toBe(cloud.vpcs.find(({ name }) => name === 'prod')?.vpc)
    expect(truth).toMatchObject({ kind: 'managed', nobody: false, holders: [{ layer: 'container' }] })
    expect(atMs).toBeLessThan(cloud.clock.now() - MINUTE_MS)
    const now = (await allTasks(cloud)).filter(({ taskContext }) => taskContext['task.containerIp'] === ip)
    expect(now.map(({ id }) => id)).not.toContain(truth.holders[0]?.resourceId)
  })
})
