import type { Millis } from '../ownership/window.ts'
import type { Agenda } from './agenda.ts'
import { type Association, type Eni, lasting } from './eni.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import { AddressPool, type Subnet } from './subnet.ts'

export type Group = {
  /** Name of the Auto Scaling group, by the Frigga grammar. */
  readonly name: string
  readonly application: string
  readonly owner: string
  readonly vpcName: string
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
  readonly shuttingDownMs: Millis
  /** Its addresses are free from here on. */
  readonly terminatedMs: Millis
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
  /** The shortest time for which anybody holds anything. */
  readonly briefestHoldingMs: number
  /** No address without a lifetime id comes back to where it was within this time. */
  readonly bridgeMs: number
}

const MINUTE_MS = 60_000
const TERMINATED_LISTED_MS = 15 * MINUTE_MS
const wholeSecond = (ms: number): Millis => Math.ceil(ms / 1000) * 1000

/** Instances of Auto Scaling groups that come and go, and what is moved between them. */
export class Fleet {
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
    return this.#instances
      .filter(instance => instance.launchedMs <= atMs && atMs < instance.terminatedMs + TERMINATED_LISTED_MS)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** One that began before the world did. */
  settle(vpcName: string, atMs: Millis): void {
    const group = this.#ground.random.pick(this.#groups.filter(candidate => candidate.vpcName === vpcName))
    const ageMs = this.#ground.random.between(2, 40) * MINUTE_MS
    this.#launch(group, Math.floor((atMs - ageMs) / 1000) * 1000, atMs)
  }

  /** One that lives as long as the world, such as the host of containers. */
  settleForever(group: Group, subnet: Subnet, atMs: Millis): Instance {
    const launchedMs = Math.floor(atMs / 1000) * 1000 - 3_600_000
    return this.#place(group, subnet, launchedMs, Number.POSITIVE_INFINITY)
  }

  /** Lifetimes: every fourth instance stays for hours, the others have a median of about 25 minutes. */
  #launch(group: Group, launchedMs: Millis, nowMs: Millis): void {
    const { agenda, random, briefestHoldingMs } = this.#ground
    const subnet = random.pick(this.#subnets.filter(candidate => candidate.vpcName === group.vpcName))
    const leastMs = Math.max(launchedMs, nowMs) + briefestHoldingMs
    const lifeMs = random.exponential((random.chance(0.25) ? 300 : 23) * MINUTE_MS)
    const shuttingDownMs = Math.floor(leastMs + lifeMs)
    const instance = this.#place(group, subnet, launchedMs, shuttingDownMs)
    if (random.chance(0.25)) this.#network.associate(instance.eni, this.#publicPool.take(), null, 'amazon', launchedMs)
    agenda.at(instance.terminatedMs, () => this.#terminate(instance))
  }

  #place(group: Group, subnet: Subnet, launchedMs: Millis, shuttingDownMs: Millis): Instance {
    const { network, random } = this.#ground
    const id = `i-0${random.hex(16)}`
    const eni = network.create({ ...PLAIN_ENI, subnet, primaryIp: subnet.pool.take() }, launchedMs)
    const instance: Instance = {
      id,
      reservationId: `r-0${random.hex(16)}`,
      group,
      subnet,
      launchedMs,
      runningMs: launchedMs + random.integer(3_000, 15_000),
      shuttingDownMs,
      terminatedMs: shuttingDownMs + random.integer(2_000, 12_000),
      eni,
    }
    network.attach(eni, attachmentTo(instance, network.account, 0), launchedMs)
    this.#instances.push(instance)
    return instance
  }

  #terminate(instance: Instance): void {
    const { agenda, random } = this.#ground
    for (const association of this.#network.delete(instance.eni, agenda.nowMs)) {
      if (association.allocationId === null) this.#publicPool.release(association.publicIp)
    }
    instance.subnet.pool.release(instance.eni.primaryIp)
    this.#instances = this.#instances.filter(other => other.terminatedMs + 2 * TERMINATED_LISTED_MS > agenda.nowMs)
    const successor = random.pick(this.#groups.filter(group => group.vpcName === instance.group.vpcName))
    const launchMs = wholeSecond(agenda.nowMs + random.between(1_000, 15_000))
    agenda.at(launchMs, () => this.#launch(successor, launchMs, launchMs))
  }

  /** Running, staying long enough to be given something, and chosen without regard to anything else. */
  #candidates(vpcName: string | null, suits: (instance: Instance) => boolean): Instance[] {
    const { agenda, briefestHoldingMs } = this.#ground
    return this.#instances.filter(
      instance =>
        (vpcName === null || instance.subnet.vpcName === vpcName) &&
        instance.runningMs <= agenda.nowMs &&
        instance.shuttingDownMs > agenda.nowMs + briefestHoldingMs + 30_000 &&
        Number.isFinite(instance.shuttingDownMs) &&
        suits(instance),
    )
  }

  get #network(): Network {
    return this.#ground.network
  }

  #dwellMs(fromMinutes: number, toMinutes: number): number {
    return Math.max(this.#ground.random.between(fromMinutes, toMinutes) * MINUTE_MS, this.#ground.briefestHoldingMs)
  }

  /** An Elastic IP that wanders from instance to instance, in every VPC, with a new association each time. */
  addElasticIp(publicIp: string): void {
    const elastic: ElasticIp = { publicIp, allocationId: `eipalloc-0${this.#ground.random.hex(16)}`, history: [] }
    this.elasticIps.push(elastic)
    this.#moveElasticIp(elastic)
  }

  /** An Elastic IP that stays where it is. */
  pinElasticIp(publicIp: string, eni: Eni, atMs: Millis): void {
    const allocationId = `eipalloc-0${this.#ground.random.hex(16)}`
    const association = this.#network.associate(eni, publicIp, allocationId, this.#network.account, atMs)
    this.elasticIps.push({ publicIp, allocationId, history: [{ association, eni }] })
  }

  #moveElasticIp(elastic: ElasticIp): void {
    const { agenda, random } = this.#ground
    const nowMs = agenda.nowMs
    const last = elastic.history.at(-1)
    if (last) this.#network.disassociate(last.association, nowMs)
    const free = (instance: Instance) => lasting(instance.eni.associations, nowMs).length === 0
    const candidates = this.#candidates(null, instance => free(instance) && instance.eni !== last?.eni)
    if (candidates.length === 0 || (last && last.association.untilMs === nowMs && random.chance(0.4))) {
      agenda.after(random.between(2_000, 15_000), () => this.#moveElasticIp(elastic))
      return
    }
    const { eni, terminatedMs } = random.pick(candidates)
    const association = this.#network.associate(
      eni,
      elastic.publicIp,
      elastic.allocationId,
      this.#network.account,
      nowMs,
    )
    elastic.history.push({ association, eni })
    const leaveMs = Math.min(nowMs + this.#dwellMs(3, 9), terminatedMs + random.between(2_000, 20_000))
    agenda.at(leaveMs, () => this.#moveElasticIp(elastic))
  }

  /** A secondary address that wanders from ENI to ENI, like that of a floating service. */
  addFloatingAddress(vpcName: string): void {
    const subnet = this.#ground.random.pick(this.#subnets.filter(candidate => candidate.vpcName === vpcName))
    this.#moveAddress(subnet, subnet.pool.take(), null, [])
  }

  #moveAddress(subnet: Subnet, ip: string, on: Eni | null, left: readonly { eni: Eni; atMs: Millis }[]): void {
    const { agenda, random, bridgeMs } = this.#ground
    const nowMs = agenda.nowMs
    if (on && on.untilMs > nowMs) this.#network.unassignSecondary(on, ip, nowMs)
    const before = on ? [...left, { eni: on, atMs: nowMs }] : left
    const recently = before.filter(({ atMs }) => atMs > nowMs - bridgeMs - MINUTE_MS)
    const candidates = this.#candidates(
      subnet.vpcName,
      ({ eni, subnet: own }) => own === subnet && recently.every(other => other.eni !== eni),
    )
    if (candidates.length === 0 || (on && random.chance(0.6))) {
      agenda.after(random.between(1_000, 20_000), () => this.#moveAddress(subnet, ip, null, recently))
      return
    }
    const { eni, terminatedMs } = random.pick(candidates)
    this.#network.assignSecondary(eni, ip, nowMs)
    const leaveMs = Math.min(nowMs + this.#dwellMs(4, 12), terminatedMs)
    agenda.at(leaveMs, () => this.#moveAddress(subnet, ip, eni, recently))
  }

  /** An ENI with two addresses that is detached from one instance and attached to another, never soon to the same. */
  addFloatingEni(vpcName: string, atMs: Millis): void {
    const subnet = this.#ground.random.pick(this.#subnets.filter(candidate => candidate.vpcName === vpcName))
    const eni = this.#network.create(
      { ...PLAIN_ENI, subnet, primaryIp: subnet.pool.take(), description: 'floating interface' },
      atMs,
    )
    this.#network.assignSecondary(eni, subnet.pool.take(), atMs)
    this.#ground.agenda.at(wholeSecond(this.#ground.agenda.nowMs), () => this.#attachFloating(eni))
  }

  #attachFloating(eni: Eni): void {
    const { agenda, network, random, bridgeMs } = this.#ground
    const nowMs = agenda.nowMs
    const recent = new Set(
      eni.attachments
        .filter(({ untilMs }) => untilMs > nowMs - bridgeMs - MINUTE_MS)
        .map(({ instance }) => instance?.id),
    )
    const candidates = this.#candidates(
      eni.subnet.vpcName,
      ({ id, subnet }) => subnet.zone === eni.subnet.zone && !recent.has(id),
    )
    if (candidates.length === 0) {
      agenda.after(10_000, () => this.#attachFloating(eni))
      return
    }
    const instance = random.pick(candidates)
    const attachment = network.attach(eni, attachmentTo(instance, network.account, 1), nowMs)
    const detachedMs = Math.min(nowMs + this.#dwellMs(4, 10), instance.terminatedMs)
    agenda.at(detachedMs - random.integer(1_000, 3_000), () => {
      attachment.detachingFromMs = agenda.nowMs
    })
    agenda.at(detachedMs, () => network.detach(eni, agenda.nowMs))
    agenda.at(wholeSecond(detachedMs + random.between(5_000, 40_000)), () => this.#attachFloating(eni))
  }
}

export const PLAIN_ENI = {
  interfaceType: 'interface',
  description: '',
  requester: null,
  sourceDestCheck: true,
  tags: {},
  application: null,
} as const

export const attachmentTo = (instance: Instance, account: string, deviceIndex: number) => ({
  instance: { id: instance.id, application: instance.group.application },
  instanceOwner: account,
  deviceIndex,
  deleteOnTermination: deviceIndex === 0,
})
