import type { Millis } from '../ownership/window.ts'
import type { Eni } from './eni.ts'
import { attachmentTo, type Fleet, type Ground, type Group, type Instance, PLAIN_ENI } from './fleet.ts'
import type { Random } from './random.ts'
import type { Subnet } from './subnet.ts'

export type Job = {
  readonly id: string
  readonly application: string
  readonly stack: string
  readonly detail: string
  readonly sequence: string
  readonly teamEmail: string
  readonly isService: boolean
}

/** One task and when it reached each state; Infinity for a state that it never shows. */
export type Task = {
  readonly id: string
  readonly job: Job
  readonly host: Instance
  readonly eni: Eni
  readonly ip: string
  readonly acceptedMs: Millis
  readonly launchedMs: Millis
  readonly startInitiatedMs: Millis
  readonly startedMs: Millis
  readonly killInitiatedMs: Millis
  readonly finishedMs: Millis
  /** The address is really its own in [holdsFromMs, holdsUntilMs). */
  readonly holdsFromMs: Millis
  readonly holdsUntilMs: Millis
}

type Slots = { readonly host: Instance; readonly eni: Eni; readonly free: string[]; promised: number }

const MEDIAN_LIFE_MS = 600_000
const KEEP_FINISHED_MS = 3_600_000

/**
 * How much later than an address is taken or given up a task shows `Started` or `Finished`, at most. It counts as lag of
 * the inventory, so replies may be staler only by what this leaves.
 */
export const SHOWN_LATE_MS = 5_000

/**
 * Tasks of Titus jobs on the secondary addresses of branch ENIs. A freed address goes to the next task on that ENI, the
 * one longest unused first, without any pause; with few to spare that is within seconds.
 */
export class Containers {
  readonly jobs: readonly Job[]
  readonly #ground: Ground
  readonly #slots: Slots[] = []
  #tasks: Task[] = []

  constructor(ground: Ground) {
    this.#ground = ground
    this.jobs = JOBS.map(([application, stack, detail, teamEmail, isService], index) => ({
      id: uuid(ground.random),
      application,
      stack,
      detail,
      sequence: `v${String(index + 1).padStart(3, '0')}`,
      teamEmail,
      isService,
    }))
  }

  /** In the order of Titus' cursors: time of acceptance, then id. Finished ones are kept for an hour. */
  acceptedBy(atMs: Millis): Task[] {
    return this.#tasks
      .filter(task => task.acceptedMs <= atMs)
      .toSorted((a, b) => a.acceptedMs - b.acceptedMs || (a.id < b.id ? -1 : 1))
  }

  /** A host with its trunk and its branch ENIs, the latter with an address for each container and few to spare. */
  addHost(fleet: Fleet, group: Group, hostSubnet: Subnet, branchSubnet: Subnet, capacity: number, atMs: Millis): void {
    const { network } = this.#ground
    const host = fleet.settleForever(group, hostSubnet, atMs)
    const { launchedMs } = host
    const trunk = network.create(
      {
        ...PLAIN_ENI,
        subnet: branchSubnet,
        primaryIp: branchSubnet.pool.take(),
        interfaceType: 'trunk',
        description: 'titus-managed-trunk',
      },
      launchedMs,
    )
    network.attach(trunk, attachmentTo(host, network.account, 1), launchedMs)
    for (let left = capacity; left > 0; left -= CONTAINERS_PER_BRANCH) {
      const containers = Math.min(left, CONTAINERS_PER_BRANCH)
      this.#addBranch(host, trunk, branchSubnet, containers + (this.#slots.length % 3 === 2 ? 1 : 0), launchedMs)
      for (let i = 0; i < containers; i++) this.#settle(atMs)
    }
  }

  #addBranch(host: Instance, trunk: Eni, subnet: Subnet, addresses: number, atMs: Millis): void {
    const { network } = this.#ground
    const tags = { 'titus.trunk-eni-id': trunk.id, 'titus.host': host.id }
    const primaryIp = subnet.pool.take()
    const eni = network.create(
      { ...PLAIN_ENI, subnet, primaryIp, interfaceType: 'branch', description: 'titus-managed-branch', tags },
      atMs,
    )
    const secondary = Array.from({ length: addresses - 1 }, () => subnet.pool.take())
    for (const ip of secondary) network.assignSecondary(eni, ip, atMs)
    this.#slots.push({ host, eni, free: [primaryIp, ...secondary], promised: 0 })
  }

  /** A task that was there before the world began. */
  #settle(atMs: Millis): void {
    const ageMs = this.#ground.random.between(60_000, 1_500_000)
    const slots = this.#promise()
    if (slots) this.#hold(slots, atMs - ageMs - 2_000, atMs - ageMs - 1_000, Math.floor(atMs - ageMs), atMs)
  }

  /** A place for one more task: where the last one has just gone, more often than not. */
  #promise(vacated?: Slots): Slots | undefined {
    const { random } = this.#ground
    const isOpen = ({ free, promised }: Slots) => free.length > promised
    const open = this.#slots.filter(isOpen)
    if (open.length === 0) return undefined
    const slots = vacated && isOpen(vacated) && random.chance(0.75) ? vacated : random.pick(open)
    slots.promised++
    return slots
  }

  /** Accepted and placed now; its address comes once the image is there. */
  #schedule(vacated?: Slots): void {
    const { agenda, random } = this.#ground
    const slots = this.#promise(vacated)
    if (!slots) {
      agenda.after(2_000, () => this.#schedule())
      return
    }
    const acceptedMs = agenda.nowMs
    const launchedMs = acceptedMs + random.integer(150, 900)
    agenda.at(launchedMs + random.integer(100, 1_200), () => {
      this.#hold(slots, acceptedMs, launchedMs, agenda.nowMs, agenda.nowMs)
    })
  }

  #hold(slots: Slots, acceptedMs: number, launchedMs: number, holdsFromMs: Millis, nowMs: Millis): void {
    const { agenda, network, random, briefestHoldingMs } = this.#ground
    const ip = slots.free.shift()
    if (ip === undefined) return
    slots.promised--
    const lifeMs = briefestHoldingMs + random.exponential(Math.max(60_000, MEDIAN_LIFE_MS - briefestHoldingMs))
    const holdsUntilMs = Math.floor(Math.max(holdsFromMs, nowMs) + lifeMs)
    const startInitiatedMs = holdsFromMs + random.integer(20, 300)
    const task: Task = {
      id: uuid(random),
      job: random.pick(this.jobs),
      host: slots.host,
      eni: slots.eni,
      ip,
      acceptedMs: Math.floor(acceptedMs),
      launchedMs: Math.floor(launchedMs),
      startInitiatedMs,
      startedMs: startInitiatedMs + random.integer(300, 3_500),
      killInitiatedMs: random.chance(0.5) ? holdsUntilMs - random.integer(500, 9_000) : Number.POSITIVE_INFINITY,
      finishedMs: holdsUntilMs + random.integer(150, random.chance(0.3) ? SHOWN_LATE_MS : 2_500),
      holdsFromMs,
      holdsUntilMs,
    }
    this.#tasks = this.#tasks.filter(({ finishedMs }) => finishedMs > nowMs - KEEP_FINISHED_MS)
    this.#tasks.push(task)
    const holder = { application: task.job.application, resourceId: task.id, layer: 'container' } as const
    network.occupy(slots.eni, ip, holder, holdsFromMs)
    agenda.at(holdsUntilMs, () => {
      network.occupy(slots.eni, ip, null, holdsUntilMs)
      slots.free.push(ip)
      agenda.after(random.between(50, random.chance(0.4) ? 300 : 4_000), () => this.#schedule(slots))
    })
  }
}

const CONTAINERS_PER_BRANCH = 4

const JOBS: readonly (readonly [string, string, string, string, boolean])[] = [
  ['playback', 'main', 'eu', 'playback@example.com', true],
  ['encoder', 'batch', 'hdr', 'media@example.com', false],
  ['thumbnails', 'main', 'web', 'media@example.com', true],
  ['ranker', 'main', 'canary', 'personalization@example.com', true],
  ['search', 'prod', 'index', 'search@example.com', true],
  ['billing', 'prod', 'ledger', 'payments@example.com', true],
  ['etl', 'nightly', 'plays', 'data@example.com', false],
  ['notebook', 'adhoc', 'gpu', 'research@example.com', false],
  ['gateway', 'edge', 'tv', 'edge@example.com', true],
  ['subtitles', 'batch', 'asr', 'media@example.com', false],
]

function uuid(random: Random): string {
  const variant = random.pick(['8', '9', 'a', 'b'])
  return `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-${variant}${random.hex(3)}-${random.hex(12)}`
}
