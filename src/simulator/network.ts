import type { Millis } from '../ownership/window.ts'
import { blockIps } from './blocks.ts'
import {
  type Association,
  type Attachment,
  current,
  type Delegation,
  type Eni,
  isIpv6,
  lasting,
  type Machine,
  type NewEni,
} from './eni.ts'
import type { Holder } from './holder.ts'
import { type Ledger, type NewTenure, PUBLIC_SPACE, PUBLIC_SPACE_6 } from './ledger.ts'
import type { Random } from './random.ts'
import { type Seen, seen, type View } from './view.ts'

const FOREVER = Number.POSITIVE_INFINITY

/** How long a deleted interface is remembered, for replies that lag behind. Well above any declared lag. */
const REMEMBER_DELETED_MS = 120_000

/** The network interfaces and what is bound to them. Each change goes into the ledger at once. */
export class Network {
  readonly account: string
  readonly #random: Random
  readonly #ledger: Ledger
  #enis: Eni[] = []

  constructor(account: string, random: Random, ledger: Ledger) {
    this.account = account
    this.#random = random
    this.#ledger = ledger
  }

  /** Those that existed at the time, in the order of their ids. */
  enisAt(atMs: Millis): Eni[] {
    return lasting(this.#enis, atMs).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Those that existed, each at a moment of its own, as in replies that are put together from several places. */
  enisSeen(view: View): Seen<Eni>[] {
    return seen(this.#enis, view, ({ fromMs, untilMs }, atMs) => fromMs <= atMs && atMs < untilMs)
  }

  create(made: NewEni, atMs: Millis): Eni {
    const eni: Eni = {
      ...made,
      id: `eni-0${this.#random.hex(16)}`,
      mac: `02:${[0, 0, 0, 0, 0].map(() => this.#random.hex(2)).join(':')}`,
      fromMs: atMs,
      untilMs: FOREVER,
      addresses: [{ ip: made.primaryIp, primary: true, fromMs: atMs, untilMs: FOREVER }],
      delegations: [],
      attachments: [],
      associations: [],
      containers: new Map(),
    }
    this.#enis = this.#enis.filter(other => other.untilMs > atMs - REMEMBER_DELETED_MS)
    this.#enis.push(eni)
    this.#refresh(eni, made.primaryIp, atMs)
    return eni
  }

  /** Also frees its addresses, ends its attachment and returns the public addresses that were bound to it. */
  delete(eni: Eni, atMs: Millis): Association[] {
    const ended = lasting(eni.associations, atMs)
    const ips = ipsOf(eni, atMs)
    const held = [...lasting(eni.addresses, atMs), ...lasting(eni.delegations, atMs), ...lasting(eni.attachments, atMs)]
    for (const item of [eni, ...ended, ...held]) item.untilMs = atMs
    for (const { publicIp } of ended) this.#ledger.record(PUBLIC_SPACE, publicIp, atMs, null)
    for (const ip of ips) this.#recordPrivate(eni, ip, atMs, null)
    return ended
  }

  attach(
    eni: Eni,
    to: Pick<Attachment, 'instance' | 'instanceOwner' | 'deviceIndex' | 'deleteOnTermination'>,
    atMs: Millis,
    idPrefix = 'eni-attach',
  ): Attachment {
    const attachment: Attachment = {
      ...to,
      attachmentId: `${idPrefix}-0${this.#random.hex(16)}`,
      fromMs: atMs,
      untilMs: FOREVER,
      detachingFromMs: FOREVER,
    }
    eni.attachments.push(attachment)
    this.#refreshAll(eni, atMs)
    return attachment
  }

  detach(eni: Eni, atMs: Millis): void {
    for (const attachment of lasting(eni.attachments, atMs)) attachment.untilMs = atMs
    this.#refreshAll(eni, atMs)
  }

  assignSecondary(eni: Eni, ip: string, atMs: Millis): void {
    eni.addresses.push({ ip, primary: false, fromMs: atMs, untilMs: FOREVER })
    this.#refresh(eni, ip, atMs)
  }

  unassignSecondary(eni: Eni, ip: string, atMs: Millis): void {
    for (const address of lasting(eni.addresses, atMs)) if (address.ip === ip) address.untilMs = atMs
    this.#recordPrivate(eni, ip, atMs, null)
  }

  delegate(eni: Eni, block: string, atMs: Millis): Delegation {
    const delegation = { block, ips: new Set(blockIps(block)), fromMs: atMs, untilMs: FOREVER }
    eni.delegations.push(delegation)
    for (const ip of delegation.ips) this.#refresh(eni, ip, atMs)
    return delegation
  }

  withdraw(eni: Eni, delegation: Delegation, atMs: Millis): void {
    if (delegation.untilMs <= atMs) return
    delegation.untilMs = atMs
    for (const ip of delegation.ips) this.#recordPrivate(eni, ip, atMs, null)
  }

  /** The instance has another application from now on, and so have all addresses that it holds. */
  rename(machine: Machine, application: string, atMs: Millis): void {
    machine.application = application
    for (const eni of lasting(this.#enis, atMs)) {
      if (current(eni.attachments, atMs)?.instance === machine) this.#refreshAll(eni, atMs)
    }
  }

  /**
   * An Elastic IP where an allocation is named, else an automatically assigned address. A secondary address that is
   * reassigned takes its Elastic IP along, with the same association (aws.md §2.4).
   */
  associate(
    eni: Eni,
    publicIp: string,
    allocationId: string | null,
    ipOwner: string,
    atMs: Millis,
    on: { readonly privateIp?: string; readonly associationId?: string | null } = {},
  ): Association {
    const { privateIp = eni.primaryIp } = on
    const associationId = allocationId === null ? null : (on.associationId ?? `eipassoc-0${this.#random.hex(16)}`)
    const association: Association = {
      publicIp,
      privateIp,
      allocationId,
      associationId,
      ipOwner,
      fromMs: atMs,
      untilMs: FOREVER,
    }
    eni.associations.push(association)
    this.#refresh(eni, association.privateIp, atMs)
    return association
  }

  disassociate(association: Association, atMs: Millis): void {
    if (association.untilMs <= atMs) return
    association.untilMs = atMs
    this.#ledger.record(PUBLIC_SPACE, association.publicIp, atMs, null)
  }

  /** A container takes the address, or leaves it (`null`). An IPv6 address is one of the interface's block. */
  occupy(eni: Eni, ip: string, container: Holder | null, atMs: Millis): void {
    const block = isIpv6(ip) ? lasting(eni.delegations, atMs)[0] : undefined
    if (block && !block.ips.has(ip)) {
      // Nobody has counted the block; until now the address was the interface's, like all others of it.
      block.ips.add(ip)
      this.#refresh(eni, ip, block.fromMs)
    }
    if (container) eni.containers.set(ip, container)
    else eni.containers.delete(ip)
    this.#refresh(eni, ip, atMs)
  }

  #refreshAll(eni: Eni, atMs: Millis): void {
    for (const ip of ipsOf(eni, atMs)) this.#refresh(eni, ip, atMs)
  }

  /** Global IPv6 addresses are the same in public space. */
  #recordPrivate(eni: Eni, ip: string, atMs: Millis, tenure: NewTenure | null): void {
    this.#ledger.record(eni.subnet.vpc, ip, atMs, tenure)
    if (isIpv6(ip)) this.#ledger.record(PUBLIC_SPACE_6, ip, atMs, tenure)
  }

  #refresh(eni: Eni, ip: string, atMs: Millis): void {
    const tenure = this.#tenureOf(eni, ip, atMs)
    this.#recordPrivate(eni, ip, atMs, tenure)
    for (const { privateIp, publicIp } of lasting(eni.associations, atMs)) {
      if (privateIp === ip) this.#ledger.record(PUBLIC_SPACE, publicIp, atMs, tenure)
    }
  }

  #tenureOf(eni: Eni, ip: string, atMs: Millis): NewTenure {
    const attachment = current(eni.attachments, atMs)
    const container = eni.containers.get(ip)
    const instance = attachment?.instance ?? null
    const itself: Holder = { application: eni.application, resourceId: eni.id, layer: 'interface' }
    const holder: Holder = instance
      ? { application: instance.application, resourceId: instance.id, layer: 'instance' }
      : itself
    return {
      holder: container ?? holder,
      eni,
      privateIp: ip,
      instanceId: instance?.id ?? null,
      reachable: attachment !== undefined || eni.interfaceType === 'branch',
      sends:
        (container ?? instance ?? (eni.application === null ? null : itself)) !== null && eni.interfaceType !== 'trunk',
    }
  }
}

const ipsOf = (eni: Eni, atMs: Millis): string[] => [
  ...lasting(eni.addresses, atMs).map(({ ip }) => ip),
  ...lasting(eni.delegations, atMs).flatMap(({ ips }) => [...ips]),
]
