import type { Millis } from '../ownership/window.ts'
import type { Eni } from './eni.ts'
import {
  attachmentTo,
  type Fleet,
  type Ground,
  type Group,
  type Instance,
  MINUTE_MS,
  PLAIN_ENI,
  wholeSecond,
} from './fleet.ts'
import { createJobs, type Job } from './jobs.ts'
import type { Subnet } from './subnet.ts'
import { planTask, type Task } from './tasks.ts'

/** One branch ENI: an address for each container, few to spare, and one that containers share. */
type Slots = {
  readonly host: Instance
  readonly eni: Eni
  readonly free: string[]
  promised: number
  readonly nextIpv6: () => string
  readonly transitionIp: string
  /** Tasks that send from the shared address now. */
  sharers: number
}

type Host = { readonly instance: Instance; readonly trunk: Eni; readonly slots: Slots[]; isDraining: boolean }

/** Where hosts come from. */
type Plan = {
  readonly fleet: Fleet
  readonly group: Group
  readonly hostSubnets: readonly Subnet[]
  readonly branchSubnet: Subnet
  readonly capacity: number
}

const KEEP_FINISHED_MS = 60 * MINUTE_MS
const CONTAINERS_PER_BRANCH = 4

/** How much later than an address is taken or given up a task shows `Started` or `Finished`, at most, in the demo's world. */
export const SHOWN_LATE_MS = 5_000

/**
 * Tasks of Titus jobs on the addresses of branch ENIs. A freed address goes to the next task on that ENI, the one longest
 * unused first, without any pause: with few to spare that is within seconds, or in the same instant. Hosts are drained and
 * replaced now and then.
 */
export class Containers {
  readonly jobs: readonly Job[]
  readonly #ground: Ground
  readonly #plan: Plan
  #hosts: Host[] = []
  #branches = 0
  #tasks: Task[] = []

  constructor(ground: Ground, plan: Plan) {
    this.#ground = ground
    this.#plan = plan
    this.jobs = createJobs(ground.random)
  }

  /** In the order of Titus' cursors: time of acceptance, then id. Finished ones are kept for an hour. */
  acceptedBy(atMs: Millis): Task[] {
    return this.#tasks
      .filter(task => task.acceptedMs <= atMs)
      .toSorted((a, b) => a.acceptedMs - b.acceptedMs || (a.id < b.id ? -1 : 1))
  }

  /** Hosts that were there before the world began, with their tasks. */
  settle(hosts: number, atMs: Millis): void {
    for (let i = 0; i < hosts; i++) {
      const host = this.#addHost(i, Math.floor(atMs / 1000) * 1000 - 60 * MINUTE_MS)
      for (const slots of host.slots) {
        for (let task = Math.min(this.#plan.capacity, CONTAINERS_PER_BRANCH); task > 0; task--) this.#begin(slots, atMs)
      }
    }
    this.#drainLater()
  }

  /** A host with its trunk and its branch ENIs. */
  #addHost(place: number, launchedMs: Millis): Host {
    const { fleet, group, hostSubnets, branchSubnet, capacity } = this.#plan
    const { network } = this.#ground
    const instance = fleet.host(group, hostSubnets[place % hostSubnets.length] as Subnet, launchedMs)
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
    network.attach(trunk, attachmentTo(instance, network.account, 1), launchedMs)
    const host: Host = { instance, trunk, slots: [], isDraining: false }
    for (let left = capacity; left > 0; left -= CONTAINERS_PER_BRANCH) {
      const spare = this.#branches++ % 3 === 2 ? 1 : 0
      host.slots.push(this.#addBranch(host, Math.min(left, CONTAINERS_PER_BRANCH) + spare, launchedMs))
    }
    this.#hosts.push(host)
    return host
  }

  #addBranch({ instance, trunk }: Host, addresses: number, atMs: Millis): Slots {
    const { network } = this.#ground
    const subnet = this.#plan.branchSubnet
    const tags = { 'titus.trunk-eni-id': trunk.id, 'titus.host': instance.id }
    const primaryIp = subnet.pool.take()
    const eni = network.create(
      { ...PLAIN_ENI, subnet, primaryIp, interfaceType: 'branch', description: 'titus-managed-branch', tags },
      atMs,
    )
    const secondary = Array.from({ length: addresses }, () => subnet.pool.take())
    for (const ip of secondary) network.assignSecondary(eni, ip, atMs)
    const [transitionIp = '', ...own] = secondary
    const block = `${subnet.cidr6.replace('::/64', '')}:${this.#branches.toString(16)}::`
    network.delegate(eni, `${block}/80`, atMs)
    let used = 0
    const nextIpv6 = () => `${block}${(++used).toString(16)}`
    return { host: instance, eni, free: [primaryIp, ...own], promised: 0, nextIpv6, transitionIp, sharers: 0 }
  }

  /** A task that was there before the world began. */
  #begin(slots: Slots, atMs: Millis): void {
    const holdsFromMs = Math.floor(atMs - this.#ground.random.between(60_000, 1_500_000))
    slots.promised++
    this.#hold(slots, { acceptedMs: holdsFromMs - 2_000, launchedMs: holdsFromMs - 1_000, holdsFromMs }, atMs)
  }

  /** A place for one more task: where the last one has just gone, more often than not. */
  #promise(vacated?: Slots): Slots | undefined {
    const { random } = this.#ground
    const isOpen = ({ free, promised }: Slots) => free.length > promised
    const open = this.#hosts.filter(({ isDraining }) => !isDraining).flatMap(host => host.slots.filter(isOpen))
    if (open.length === 0) return undefined
    const slots = vacated && open.includes(vacated) && random.chance(0.75) ? vacated : random.pick(open)
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
      this.#hold(slots, { acceptedMs, launchedMs, holdsFromMs: agenda.nowMs }, agenda.nowMs)
    })
  }

  #hold(slots: Slots, beginning: Pick<Task, 'acceptedMs' | 'launchedMs' | 'holdsFromMs'>, nowMs: Millis): void {
    const { agenda } = this.#ground
    const ip = slots.free.shift()
    if (ip === undefined) return
    slots.promised--
    const task = planTask({ ...slots, ip }, beginning, nowMs, this.jobs, this.#ground)
    this.#tasks = this.#tasks.filter(({ finishedMs }) => finishedMs > nowMs - KEEP_FINISHED_MS)
    this.#tasks.push(task)
    this.#occupy(task, task.job, task.holdsFromMs)
    this.#share(slots, task, 1, task.holdsFromMs)
    const { moved } = task
    if (moved) agenda.at(moved.atMs, () => this.#occupy(task, moved.to, moved.atMs))
    agenda.at(task.holdsUntilMs, () => this.#leave(slots, task, ip))
  }

  #leave(slots: Slots, task: Task, ip: string): void {
    const { agenda, random, reuseGapMs } = this.#ground
    const { holdsUntilMs } = task
    this.#occupy(task, null, holdsUntilMs)
    this.#share(slots, task, -1, holdsUntilMs)
    const host = this.#hosts.find(({ instance }) => instance === slots.host)
    const free = () => {
      slots.free.push(ip)
      if (host?.isDraining) this.#retireIfEmpty(host)
    }
    if (reuseGapMs === 0) free()
    else agenda.after(reuseGapMs, free)
    const next = !host?.isDraining && random.chance(0.15) && slots.free.length > slots.promised
    if (!next) {
      agenda.after(random.between(50, random.chance(0.4) ? 300 : 4_000), () => this.#schedule(slots))
      return
    }
    // It was waiting for the address, and has it in the same instant.
    slots.promised++
    const launchedMs = holdsUntilMs - random.integer(50, 900)
    this.#hold(slots, { acceptedMs: launchedMs - 500, launchedMs, holdsFromMs: holdsUntilMs }, holdsUntilMs)
  }

  #occupy({ id, eni, ip, ipv6 }: Task, job: Job | null, atMs: Millis): void {
    const holder = job && ({ application: job.application, resourceId: id, layer: 'container' } as const)
    for (const own of [ip, ipv6]) if (own !== null) this.#ground.network.occupy(eni, own, holder, atMs)
  }

  /** The shared address is any of theirs, while there is one of them. */
  #share(slots: Slots, { eni, transitionIp }: Task, by: 1 | -1, atMs: Millis): void {
    if (transitionIp === null) return
    slots.sharers += by
    const shared = { application: null, resourceId: `shared ${eni.id}`, layer: 'container' } as const
    this.#ground.network.occupy(eni, transitionIp, slots.sharers > 0 ? shared : null, atMs)
  }

  /** Every now and then a host takes no more tasks, and goes when its last one has. */
  #drainLater(): void {
    const { agenda, random, pace } = this.#ground
    agenda.after(random.between(8, 20) * MINUTE_MS * pace, () => {
      const working = this.#hosts.filter(({ isDraining }) => !isDraining)
      const host = working.length > 1 ? random.pick(working) : undefined
      if (host) {
        host.isDraining = true
        const launchMs = wholeSecond(agenda.nowMs)
        agenda.at(launchMs, () => this.#addHost(random.integer(0, 2), launchMs))
        this.#retireIfEmpty(host)
      }
      this.#drainLater()
    })
  }

  #retireIfEmpty(host: Host): void {
    const { agenda, network } = this.#ground
    const isEmpty = ({ free, eni }: Slots) => free.length === eni.addresses.length - 1
    if (!host.slots.every(slots => slots.promised === 0 && isEmpty(slots))) return
    this.#hosts = this.#hosts.filter(other => other !== host)
    this.#plan.fleet.retire(host.instance, () => {
      for (const eni of [host.trunk, ...host.slots.map(slots => slots.eni)]) {
        network.delete(eni, agenda.nowMs)
        for (const { ip } of eni.addresses) eni.subnet.pool.release(ip)
      }
    })
  }
}
