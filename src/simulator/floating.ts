import type { Millis } from '../ownership/window.ts'
import { type Association, type Eni, lasting } from './eni.ts'
import {
  attachmentTo,
  type ElasticIp,
  type Fleet,
  type Ground,
  type Instance,
  MINUTE_MS,
  PLAIN_ENI,
  wholeSecond,
} from './fleet.ts'
import type { Subnet } from './subnet.ts'

/** An interface that something was on, and until when. */
type Left = { readonly eni: Eni; readonly atMs: Millis }

/** Something of a subnet that interfaces take turns at holding. */
type Moving = {
  readonly subnet: Subnet
  /** Gives it to the interface; returns what takes it away again, unless the interface is gone by then. */
  readonly give: (eni: Eni, atMs: Millis) => (atMs: Millis) => void
}

/** What is moved between instances: Elastic IPs, secondary addresses, delegated blocks, whole interfaces. */
export class Floating {
  readonly #ground: Ground
  readonly #fleet: Fleet
  readonly #subnets: readonly Subnet[]

  constructor(ground: Ground, fleet: Fleet, subnets: readonly Subnet[]) {
    this.#ground = ground
    this.#fleet = fleet
    this.#subnets = subnets
  }

  #dwellMs(fromMinutes: number, toMinutes: number): number {
    const { random, pace, briefestHoldingMs } = this.#ground
    return Math.max(random.between(fromMinutes, toMinutes) * MINUTE_MS * pace, briefestHoldingMs)
  }

  #newElasticIp(publicIp: string): ElasticIp {
    const elastic: ElasticIp = { publicIp, allocationId: `eipalloc-0${this.#ground.random.hex(16)}`, history: [] }
    this.#fleet.elasticIps.push(elastic)
    return elastic
  }

  /** An Elastic IP that wanders from instance to instance, in every VPC, with a new association each time. */
  addElasticIp(publicIp: string): void {
    this.#moveElasticIp(this.#newElasticIp(publicIp))
  }

  /** An Elastic IP that stays where it is. */
  pinElasticIp(publicIp: string, eni: Eni, atMs: Millis): void {
    this.#bind(this.#newElasticIp(publicIp), eni, atMs)
  }

  #bind(elastic: ElasticIp, eni: Eni, atMs: Millis, on = {}): Association {
    const { network } = this.#ground
    const association = network.associate(eni, elastic.publicIp, elastic.allocationId, network.account, atMs, on)
    elastic.history.push({ association, eni })
    return association
  }

  #moveElasticIp(elastic: ElasticIp): void {
    const { agenda, network, random } = this.#ground
    const { nowMs } = agenda
    const last = elastic.history.at(-1)
    if (last) network.disassociate(last.association, nowMs)
    const isFree = ({ eni }: { readonly eni: Eni }) =>
      lasting(eni.associations, nowMs).length === 0 && eni !== last?.eni
    const candidates = this.#fleet.candidates(null, isFree)
    if (candidates.length === 0 || (last && last.association.untilMs === nowMs && random.chance(0.4))) {
      agenda.after(random.between(2_000, 15_000), () => this.#moveElasticIp(elastic))
      return
    }
    const { eni, terminatedMs } = random.pick(candidates)
    this.#bind(elastic, eni, nowMs)
    const leaveMs = Math.min(nowMs + this.#dwellMs(3, 9), terminatedMs + random.between(2_000, 20_000))
    agenda.at(leaveMs, () => this.#moveElasticIp(elastic))
  }

  /** A secondary address that wanders from ENI to ENI, like that of a floating service, with its Elastic IP if it has one. */
  addAddress(vpcName: string, publicIp?: string): void {
    const { network, random } = this.#ground
    const subnet = random.pick(this.#subnetsOf(vpcName))
    const ip = subnet.pool.take()
    const elastic = publicIp === undefined ? undefined : this.#newElasticIp(publicIp)
    let associationId: string | null = null
    const give = (eni: Eni, atMs: Millis) => {
      network.assignSecondary(eni, ip, atMs)
      const bound = elastic && this.#bind(elastic, eni, atMs, { privateIp: ip, associationId })
      associationId = bound?.associationId ?? null
      return (untilMs: Millis) => {
        if (bound) network.disassociate(bound, untilMs)
        network.unassignSecondary(eni, ip, untilMs)
      }
    }
    this.#pass({ subnet, give }, undefined, [])
  }

  /** An IPv6 address of a service that does the same. */
  addAddress6(vpcName: string): void {
    const { network, random } = this.#ground
    const subnet = random.pick(this.#subnetsOf(vpcName))
    const ip = subnet.pool6.take()
    const give = (eni: Eni, atMs: Millis) => {
      network.assignSecondary(eni, ip, atMs)
      return (untilMs: Millis) => network.unassignSecondary(eni, ip, untilMs)
    }
    this.#pass({ subnet, give }, undefined, [])
  }

  /** A /28 that is delegated now to this interface, now to that. */
  addBlock(vpcName: string, lastOctet: number): void {
    const { network, random } = this.#ground
    const subnet = random.pick(this.#subnetsOf(vpcName))
    const [a, b, c] = subnet.cidr.split('.')
    const block = `${a}.${b}.${Number(c) + 15}.${lastOctet}/28`
    const give = (eni: Eni, atMs: Millis) => {
      const delegation = network.delegate(eni, block, atMs)
      return (untilMs: Millis) => network.withdraw(eni, delegation, untilMs)
    }
    this.#pass({ subnet, give }, undefined, [])
  }

  #subnetsOf(vpcName: string): readonly Subnet[] {
    return this.#subnets.filter(subnet => subnet.vpcName === vpcName)
  }

  /** To another interface, at once or after a pause; never back to one that had it lately. */
  #pass(moving: Moving, on: { eni: Eni; take: (atMs: Millis) => void } | undefined, left: readonly Left[]): void {
    const { agenda, random, bridgeMs, habits } = this.#ground
    const { nowMs } = agenda
    if (on && on.eni.untilMs > nowMs) on.take(nowMs)
    const before = on ? [...left, { eni: on.eni, atMs: nowMs }] : left
    if (on && habits.returning > 0 && random.chance(habits.returning)) {
      agenda.after(bridgeMs + random.integer(1_000, 30_000), () => this.#giveBack(moving, on.eni, before))
      return
    }
    const recently = before.filter(({ atMs }) => atMs > nowMs - bridgeMs - MINUTE_MS)
    const candidates = this.#fleet.candidates(
      moving.subnet.vpcName,
      ({ eni, subnet }) => subnet === moving.subnet && recently.every(other => other.eni !== eni),
    )
    if (candidates.length === 0 || (on && random.chance(0.6))) {
      agenda.after(random.between(1_000, 20_000), () => this.#pass(moving, undefined, recently))
      return
    }
    this.#give(moving, random.pick(candidates), recently)
  }

  /** To the interface that had it last, if that is still there to take it. */
  #giveBack(moving: Moving, former: Eni, left: readonly Left[]): void {
    const [instance] = this.#fleet.candidates(moving.subnet.vpcName, ({ eni }) => eni === former)
    if (instance) this.#give(moving, instance, left)
    else this.#pass(moving, undefined, left)
  }

  #give(moving: Moving, { eni, terminatedMs }: Instance, left: readonly Left[]): void {
    const { agenda } = this.#ground
    const { nowMs } = agenda
    const take = moving.give(eni, nowMs)
    const leaveMs = Math.min(nowMs + this.#dwellMs(4, 12), terminatedMs)
    agenda.at(leaveMs, () => this.#pass(moving, { eni, take }, left))
  }

  /**
   * An ENI with two addresses that is detached from one instance and attached to another, never soon to the same. What has it
   * keeps its name for a holding at least after it was attached and before it is detached.
   */
  addEni(vpcName: string, atMs: Millis): void {
    const { agenda, network, random } = this.#ground
    const subnet = random.pick(this.#subnetsOf(vpcName))
    const eni = network.create(
      { ...PLAIN_ENI, subnet, primaryIp: subnet.pool.take(), description: 'floating interface' },
      atMs,
    )
    network.assignSecondary(eni, subnet.pool.take(), atMs)
    agenda.at(wholeSecond(agenda.nowMs), () => this.#attach(eni))
  }

  #attach(eni: Eni): void {
    const { agenda, network, random, bridgeMs, briefestHoldingMs } = this.#ground
    const { nowMs } = agenda
    const recent = new Set(
      eni.attachments
        .filter(({ untilMs }) => untilMs > nowMs - bridgeMs - MINUTE_MS)
        .map(({ instance }) => instance?.id),
    )
    const candidates = this.#fleet.candidates(
      eni.subnet.vpcName,
      instance =>
        instance.subnet.zone === eni.subnet.zone &&
        !recent.has(instance.id) &&
        !(nowMs < instance.renamedMs && instance.renamedMs < nowMs + briefestHoldingMs),
    )
    if (candidates.length === 0) {
      agenda.after(10_000, () => this.#attach(eni))
      return
    }
    const instance = random.pick(candidates)
    const attachment = network.attach(eni, attachmentTo(instance, network.account, 1), nowMs)
    const dwellsUntilMs = nowMs + this.#dwellMs(4, 10)
    const isBrief = instance.renamedMs < dwellsUntilMs && dwellsUntilMs < instance.renamedMs + briefestHoldingMs
    const leaveMs = isBrief ? instance.renamedMs + briefestHoldingMs : dwellsUntilMs
    const detachedMs = Math.min(leaveMs, instance.terminatedMs)
    agenda.at(detachedMs - random.integer(1_000, 3_000), () => {
      attachment.detachingFromMs = agenda.nowMs
    })
    agenda.at(detachedMs, () => network.detach(eni, agenda.nowMs))
    agenda.at(wholeSecond(detachedMs + random.between(5_000, 40_000)), () => this.#attach(eni))
  }
}
