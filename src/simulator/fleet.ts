import type { Millis } from '../ownership/window.ts'
import type { Agenda } from './agenda.ts'
import type { Association, Eni, Machine } from './eni.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import { AddressPool, type Subnet } from './subnet.ts'
import { type Seen, seen, type View } from './view.ts'

export type Group = {
  /** Name of the Auto Scaling group, by the Frigga grammar. */
  readonly name: string
  readonly application: string
  readonly owner: string
  readonly vpcName: string
}

/** A stop and a start. Addresses stay, but for an automatically assigned public one. */
export type Pause = {
  readonly stoppingMs: Millis
  readonly stoppedMs: Millis
  readonly startMs: Millis
  readonly runningMs: Millis
}

/** Its life is planned at launch; each state lasts from the time it is named for. */
export type Instance = {
  readonly id: string
  readonly reservationId: string
  readonly group: Group
  readonly subnet: Subnet
  /** Whole seconds, as AWS shows it. */
  readonly launchedMs: Millis
  readonly runningMs: Millis
  shuttingDownMs: Millis
  /** Its addresses are free from here on. */
  terminatedMs: Millis
  pause: Pause | null
  /** Its tags can be seen from here on. */
  readonly taggedMs: Millis
  /** From here on it has another application; Infinity where it keeps its own. The tags of one that is to be renamed are never hidden. */
  renamedMs: Millis
  /** The application in its tags, by the time from which on. */
  readonly names: { readonly fromMs: Millis; readonly application: string }[]
  readonly machine: Machine
  readonly eni: Eni
}

export type ElasticIp = {
  readonly publicIp: string
  readonly allocationId: string
  readonly history: { readonly association: Association; readonly eni: Eni }[]
}

/** What all that moves is moved by. */
export type Ground = {
  readonly agenda: Agenda
  readonly network: Network
  readonly random: Random
  /** The shortest time for which anybody holds anything, and has an interface under one name. */
  readonly briefestHoldingMs: number
  /** No address without a lifetime id comes back to where it was within this time. */
  readonly bridgeMs: number
  /** How long a freed address of an instance or a container is kept before it is given out again. */
  readonly reuseGapMs: number
  /** By how much an inventory may show a task's start or end late. */
  readonly shownLateMs: number
  /** How long after its launch an instance may have no tags. */
  readonly tagsLateMs: number
  /** Lives last so many times as long as they do by default. */
  readonly pace: number
  readonly habits: Habits
}

/** How often happens what does not happen to everybody: shares of all, from 0 to 1. */
export type Habits = {
  /** Containers that send from an IPv4 address that others on their interface send from as well. */
  readonly sharing: number
  /** Instances with room for it that are given to another application. */
  readonly renamed: number
  /** Tasks that are moved to a job drawn by chance, which is mostly one of another application. */
  readonly moved: number
  /** Finished tasks that stay in the list of active ones for up to a minute and a half. */
  readonly listedOn: number
  /** Secondary addresses and blocks that come back to the interface that gave them up, once `bridgeMs` are over. */
  readonly returning: number
}

export const DEFAULT_HABITS: Habits = { sharing: 0.05, renamed: 0.15, moved: 0.08, listedOn: 0.1, returning: 0 }

export const MINUTE_MS = 60_000
const TERMINATED_LISTED_MS = 15 * MINUTE_MS
export const wholeSecond = (ms: number): Millis => Math.ceil(ms / 1000) * 1000

/** Instances of Auto Scaling groups that come and go, stop and start, and are given to other applications. */
export class Fleet {
  /** In the order in which they were allocated. */
  readonly elasticIps: ElasticIp[] = []
  readonly #ground: Ground
  readonly #groups: readonly Group[]
  readonly #subnets: readonly Subnet[]
  readonly #publicPool: AddressPool
  #instances: Instance[] = []

  constructor(ground: Ground, groups: readonly Group[], subnets: readonly Subnet[]) {
    this.#ground = ground
    this.#groups = groups
    this.#subnets = subnets
    this.#publicPool = new AddressPool(ground.random, index => `3.84.17.${10 + index}`)
  }

  /** Those that replies list, the lately terminated ones among them, in the order of their ids. */
  instancesAt(atMs: Millis): Instance[] {
    return this.instancesSeen(() => atMs).map(({ thing }) => thing)
  }

  /** The same, each at a moment of its own. */
  instancesSeen(view: View): Seen<Instance>[] {
    const isListed = ({ launchedMs, terminatedMs }: Instance, atMs: Millis) =>
      launchedMs <= atMs && atMs < terminatedMs + TERMINATED_LISTED_MS
    return seen(this.#instances, view, isListed)
  }

  /** One that began before the world did. */
  settle(vpcName: string, atMs: Millis): void {
    const group = this.#ground.random.pick(this.#groups.filter(candidate => candidate.vpcName === vpcName))
    const ageMs = this.#ground.random.between(2, 40) * MINUTE_MS
    this.#launch(group, Math.floor((atMs - ageMs) / 1000) * 1000, atMs)
  }

  /** One that lives until it is told to end, such as the host of containers. */
  host(group: Group, subnet: Subnet, launchedMs: Millis): Instance {
    return this.#place(group, subnet, launchedMs, Number.POSITIVE_INFINITY)
  }

  /** Ends a host from now on; `gone` is called when its addresses are free. */
  retire(host: Instance, gone: () => void): void {
    const { agenda, random, network } = this.#ground
    host.shuttingDownMs = agenda.nowMs
    host.terminatedMs = agenda.nowMs + random.integer(2_000, 12_000)
    agenda.at(host.terminatedMs, () => {
      network.delete(host.eni, agenda.nowMs)
      host.subnet.pool.release(host.eni.primaryIp)
      gone()
    })
  }

  /** Lifetimes: every fourth instance stays for hours, the others have a median of about 25 minutes. */
  #launch(group: Group, launchedMs: Millis, nowMs: Millis): void {
    const { agenda, network, random, briefestHoldingMs, pace } = this.#ground
    const subnet = random.pick(this.#subnets.filter(candidate => candidate.vpcName === group.vpcName))
    const leastMs = Math.max(launchedMs, nowMs) + briefestHoldingMs
    const lifeMs = random.exponential((random.chance(0.25) ? 300 : 23) * MINUTE_MS * pace)
    const instance = this.#place(group, subnet, launchedMs, Math.floor(leastMs + lifeMs))
    const publicIp = random.chance(0.25) ? this.#publicPool.take() : null
    const association = publicIp && network.associate(instance.eni, publicIp, null, 'amazon', launchedMs)
    const ipv6 = random.chance(0.5) ? subnet.pool6.take() : null
    if (ipv6 !== null) network.assignSecondary(instance.eni, ipv6, launchedMs)
    this.#planPause(instance, association || null, nowMs)
    this.#planRename(instance, nowMs)
    agenda.at(instance.terminatedMs, () => this.#terminate(instance, ipv6))
  }

  #place(group: Group, subnet: Subnet, launchedMs: Millis, shuttingDownMs: Millis): Instance {
    const { network, random, tagsLateMs } = this.#ground
    const id = `i-0${random.hex(16)}`
    const eni = network.create({ ...PLAIN_ENI, subnet, primaryIp: subnet.pool.take() }, launchedMs)
    const goneMs = shuttingDownMs + random.integer(2_000, 12_000)
    const instance: Instance = {
      id,
      reservationId: `r-0${random.hex(16)}`,
      group,
      subnet,
      launchedMs,
      runningMs: launchedMs + random.integer(3_000, 15_000),
      shuttingDownMs,
      // Now and then in the very second in which the next one is launched.
      terminatedMs: random.chance(0.3) ? wholeSecond(goneMs) : goneMs,
      pause: null,
      taggedMs: launchedMs + (random.chance(0.5) ? 0 : random.integer(0, tagsLateMs + 1)),
      renamedMs: Number.POSITIVE_INFINITY,
      names: [{ fromMs: launchedMs, application: group.application }],
      machine: { id, application: group.application },
      eni,
    }
    network.attach(eni, attachmentTo(instance, network.account, 0), launchedMs)
    this.#instances.push(instance)
    return instance
  }

  /** An instant of the instance's life with room for a holding before and after it; undefined where there is none. */
  #instantWithin({ runningMs, shuttingDownMs }: Instance, nowMs: Millis, afterMs: number): Millis | undefined {
    const { random, briefestHoldingMs } = this.#ground
    const earliestMs = Math.max(runningMs, nowMs) + briefestHoldingMs
    const latestMs = Math.min(shuttingDownMs - afterMs - briefestHoldingMs, earliestMs + 40 * MINUTE_MS)
    return latestMs > earliestMs ? Math.floor(random.between(earliestMs, latestMs)) : undefined
  }

  #planPause(instance: Instance, association: Association | null, nowMs: Millis): void {
    const { agenda, network, random, pace } = this.#ground
    const restMs = 60_000 + Math.floor(random.between(0, 180_000) * pace)
    const stoppingMs = this.#instantWithin(instance, nowMs, restMs + 30_000)
    if (stoppingMs === undefined || !random.chance(0.3)) return
    const stoppedMs = stoppingMs + random.integer(2_000, 9_000)
    const startMs = wholeSecond(stoppingMs + restMs)
    instance.pause = { stoppingMs, stoppedMs, startMs, runningMs: startMs + random.integer(3_000, 15_000) }
    if (association === null) return
    agenda.at(stoppedMs, () => {
      network.disassociate(association, stoppedMs)
      this.#publicPool.release(association.publicIp)
    })
    agenda.at(startMs, () => {
      const another = this.#publicPool.takeOther(association.publicIp)
      network.associate(instance.eni, another, null, 'amazon', startMs)
    })
  }

  #planRename(instance: Instance, nowMs: Millis): void {
    const { agenda, network, random, habits } = this.#ground
    const atMs = this.#instantWithin(instance, nowMs, 0)
    if (atMs === undefined || instance.taggedMs > instance.launchedMs || !random.chance(habits.renamed)) return
    instance.renamedMs = atMs
    const application = `${instance.group.application}next`
    agenda.at(atMs, () => {
      instance.names.push({ fromMs: atMs, application })
      network.rename(instance.machine, application, atMs)
    })
  }

  #terminate(instance: Instance, ipv6: string | null): void {
    const { agenda, network, random, reuseGapMs } = this.#ground
    const { eni, subnet } = instance
    const ended = network.delete(eni, agenda.nowMs)
    const free = () => {
      if (ipv6 !== null) subnet.pool6.release(ipv6)
      for (const { allocationId, publicIp } of ended) if (allocationId === null) this.#publicPool.release(publicIp)
      subnet.pool.release(eni.primaryIp)
    }
    if (reuseGapMs === 0) free()
    else agenda.after(reuseGapMs, free)
    this.#instances = this.#instances.filter(other => other.terminatedMs + 2 * TERMINATED_LISTED_MS > agenda.nowMs)
    const successor = random.pick(this.#groups.filter(group => group.vpcName === instance.group.vpcName))
    const launchMs = wholeSecond(agenda.nowMs + (random.chance(0.25) ? 0 : random.between(1_000, 15_000)))
    agenda.at(launchMs, () => this.#launch(successor, launchMs, launchMs))
  }

  /** Running, staying long enough to be given something, and chosen without regard to anything else. */
  candidates(vpcName: string | null, suits: (instance: Instance) => boolean): Instance[] {
    const { agenda, briefestHoldingMs } = this.#ground
    return this.#instances.filter(
      instance =>
        (vpcName === null || instance.subnet.vpcName === vpcName) &&
        stateOf(instance, agenda.nowMs) === 'running' &&
        instance.shuttingDownMs > agenda.nowMs + briefestHoldingMs + 30_000 &&
        Number.isFinite(instance.shuttingDownMs) &&
        suits(instance),
    )
  }
}

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped'

export function stateOf({ pause, ...instance }: Instance, atMs: Millis): InstanceState {
  if (atMs >= instance.terminatedMs) return 'terminated'
  if (atMs >= instance.shuttingDownMs) return 'shutting-down'
  if (atMs < instance.runningMs) return 'pending'
  if (pause === null || atMs < pause.stoppingMs || atMs >= pause.runningMs) return 'running'
  if (atMs < pause.stoppedMs) return 'stopping'
  return atMs < pause.startMs ? 'stopped' : 'pending'
}

export const PLAIN_ENI = {
  interfaceType: 'interface',
  description: '',
  requester: null,
  sourceDestCheck: true,
  tags: {},
  application: null,
} as const

export const attachmentTo = ({ machine }: Pick<Instance, 'machine'>, account: string, deviceIndex: number) => ({
  instance: machine,
  instanceOwner: account,
  deviceIndex,
  deleteOnTermination: deviceIndex === 0,
})
