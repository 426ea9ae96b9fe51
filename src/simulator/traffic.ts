import type { Millis } from '../ownership/window.ts'
import { type Connection, Connections, isThere, type Party, publicAddress, seemsThere } from './connections.ts'
import { type Eni, isIpv6 } from './eni.ts'
import { AWS_SERVICE, INTERNET, PUBLIC_SPACE, type RecordTruth, type Tenure } from './ledger.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** One record of a flow log: a 5-tuple on an ENI in one minute. Its packets lie in [start, end + 1 s). */
export type FlowRecord = {
  readonly eni: Eni
  readonly instanceId: string | null
  readonly direction: 'ingress' | 'egress'
  readonly source: string
  readonly destination: string
  readonly packetSource: string
  readonly packetDestination: string
  readonly sourcePort: number
  readonly destinationPort: number
  readonly protocol: number
  readonly path: string
  readonly rejected: boolean
  firstMs: Millis
  lastMs: Millis
  packets: number
  bytes: number
  flags: number
}

/** Where packets of one direction are seen: by whom, and under which addresses. */
type View = {
  readonly at: Tenure
  readonly direction: 'ingress' | 'egress'
  readonly source: string
  readonly destination: string
  readonly path: string
  readonly rejected: boolean
}

type Sent = { readonly from: Party; readonly to: Party; readonly isForward: boolean; readonly atMs: Millis }

const FIN = 1
const SYN = 2
const RST = 4
const ACK = 16

/** The records of each minute: made when the minute is over, from what the ledger says of each packet's instant. */
export class Traffic {
  readonly #world: World
  readonly #random: Random
  readonly #connections: Connections
  #records = new Map<string, FlowRecord>()

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
    this.#connections = new Connections(world, random)
  }

  minute(fromMs: Millis, untilMs: Millis, connectionCount: number): FlowRecord[] {
    const all: FlowRecord[] = []
    for (const connection of this.#connections.during(fromMs, untilMs, connectionCount)) {
      this.#records = new Map()
      this.#exchange(connection, Math.max(fromMs, connection.startMs), Math.min(untilMs, connection.endMs))
      all.push(...this.#records.values())
    }
    return all
  }

  truthOf(record: FlowRecord): RecordTruth {
    return {
      source: this.#truthAt(record, record.packetSource),
      destination: this.#truthAt(record, record.packetDestination),
    }
  }

  #truthAt({ eni, firstMs, lastMs }: FlowRecord, ip: string): RecordTruth['source'] {
    const window = { fromMs: Math.floor(firstMs / 1000) * 1000, untilMs: Math.floor(lastMs / 1000) * 1000 + 1000 }
    if (ip.startsWith('10.') || isIpv6(ip)) return this.#world.ledger.during(eni.subnet.vpc, ip, window)
    if (ip.startsWith('52.95.')) return AWS_SERVICE
    const held = this.#world.ledger.during(PUBLIC_SPACE, ip, window)
    const isOurs = held.holders.length > 0 || this.#world.fleet.elasticIps.some(({ publicIp }) => publicIp === ip)
    return isOurs ? held : INTERNET
  }

  /** One to four bursts, each with an answer of whoever is at the other address by then. */
  #exchange(connection: Connection, fromMs: Millis, untilMs: Millis): void {
    const random = this.#random
    const count = random.integer(1, 5)
    const bursts = Array.from({ length: count }, () => Math.floor(random.between(fromMs, untilMs))).sort(
      (a, b) => a - b,
    )
    const { client, server, lingerMs } = connection
    for (const [i, atMs] of bursts.entries()) {
      const flags =
        (i === 0 && fromMs === connection.startMs ? SYN : 0) |
        (i === count - 1 && untilMs === connection.endMs ? FIN : 0)
      const packets = random.integer(1, 30)
      if (isThere(client, atMs) && seemsThere(server, atMs, lingerMs)) {
        const request = { from: client, to: server, isForward: true, atMs }
        this.#send(connection, request, packets, packets * random.integer(60, 900), flags)
      }
      if (connection.rejected || !seemsThere(client, atMs, lingerMs)) continue
      const answering = isThere(server, atMs) ? server : this.#strangerAt(server, atMs)
      if (answering === undefined || (answering !== server && !isThere(client, atMs))) continue
      const answer = { from: answering, to: client, isForward: false, atMs }
      const answerFlags = answering === server ? flags | (flags & SYN ? ACK : 0) : RST
      this.#send(connection, answer, packets, packets * random.integer(60, 1_400), answerFlags)
    }
  }

  /** Who got the address since: it knows nothing of the connection and resets it. */
  #strangerAt(party: Party, atMs: Millis): Party | undefined {
    if (party.kind !== 'tenure') return undefined
    const tenure = this.#world.ledger.at(party.tenure.space, party.tenure.ip, atMs)
    return tenure?.sends && tenure.reachable ? { kind: 'tenure', tenure } : undefined
  }

  #send(connection: Connection, sent: Sent, packets: number, bytes: number, flags: number): void {
    const [sourcePort, destinationPort] = sent.isForward
      ? [connection.clientPort, connection.serverPort]
      : [connection.serverPort, connection.clientPort]
    for (const view of this.#viewsOf(connection, sent)) {
      const { eni, instanceId } = view.at
      const key = `${eni.id} ${view.direction} ${view.source} ${view.destination} ${sourcePort}`
      const record = this.#records.get(key)
      if (record) {
        record.lastMs = sent.atMs
        record.packets += packets
        record.bytes += bytes
        record.flags |= flags
        continue
      }
      this.#records.set(key, {
        eni,
        instanceId,
        direction: view.direction,
        ...shownAddresses(view),
        packetSource: view.source,
        packetDestination: view.destination,
        sourcePort,
        destinationPort,
        protocol: connection.protocol,
        path: view.path,
        rejected: view.rejected,
        firstMs: sent.atMs,
        lastMs: sent.atMs,
        packets,
        bytes,
        flags,
      })
    }
  }

  #viewsOf(connection: Connection, sent: Sent): View[] {
    const { route, rejected } = connection
    if (route === 'nat') return this.#viewsThroughNat(sent)
    return route === 'private' ? this.#viewsInside(sent, rejected) : this.#viewsInPublic(sent, rejected)
  }

  #viewsInside({ from, to, atMs }: Sent, rejected: boolean): View[] {
    if (from.kind !== 'tenure' || to.kind === 'outside') return []
    const [source, destination] = [from.tenure.ip, addressOf(to)]
    const views: View[] = [{ at: from.tenure, direction: 'egress', source, destination, path: '1', rejected }]
    const receiver = this.#world.ledger.at(from.tenure.space, destination, atMs)
    if (receiver?.reachable)
      views.push({ at: receiver, direction: 'ingress', source, destination, path: '-', rejected })
    return views
  }

  /** Each end sees its own private address and the other's public one. */
  #viewsInPublic({ from, to, atMs }: Sent, rejected: boolean): View[] {
    const source = publicSide(from, atMs)
    const destination = publicSide(to, atMs)
    if (source === undefined || destination === undefined) return []
    const views: View[] = []
    if (from.kind === 'tenure') {
      const path = destination.startsWith('52.95.') ? '7' : '8'
      views.push({
        at: from.tenure,
        direction: 'egress',
        source: from.tenure.privateIp,
        destination,
        path,
        rejected: false,
      })
    }
    const receiver = this.#world.ledger.at(PUBLIC_SPACE, destination, atMs)
    if (receiver?.reachable) {
      views.push({ at: receiver, direction: 'ingress', source, destination: receiver.privateIp, path: '-', rejected })
    }
    return views
  }

  /** On the holder's ENI, and twice on the gateway's: towards the holder, and towards the outside. */
  #viewsThroughNat({ from, to, isForward, atMs }: Sent): View[] {
    const inner = isForward ? from : to
    const outer = addressOf(isForward ? to : from)
    if (inner.kind !== 'tenure') return []
    const ip = inner.tenure.ip
    const nat = this.#world.vpcs.find(({ id }) => id === inner.tenure.space)?.nat
    const gateway = nat && this.#world.ledger.at(inner.tenure.space, nat.primaryIp, atMs)
    if (!gateway) return []
    const natIp = gateway.ip
    const view = (at: Tenure, direction: View['direction'], source: string, destination: string, path: string) => ({
      at,
      direction,
      source,
      destination,
      path,
      rejected: false,
    })
    if (isForward) {
      return [
        view(inner.tenure, 'egress', ip, outer, '1'),
        view(gateway, 'ingress', ip, outer, '-'),
        view(gateway, 'egress', natIp, outer, '8'),
      ]
    }
    const views = [view(gateway, 'ingress', outer, natIp, '-'), view(gateway, 'egress', outer, ip, '1')]
    const receiver = this.#world.ledger.at(inner.tenure.space, ip, atMs)
    if (receiver?.reachable) views.push(view(receiver, 'ingress', outer, ip, '-'))
    return views
  }
}

const addressOf = (party: Party): string => (party.kind === 'tenure' ? party.tenure.ip : party.ip)

/** The address by which a party of a public route is met: that of the tenure where it is a public one itself. */
function publicSide(party: Party, atMs: Millis): string | undefined {
  if (party.kind !== 'tenure') return party.ip
  return party.tenure.space === PUBLIC_SPACE
    ? party.tenure.ip
    : publicAddress(party.tenure, Math.min(atMs, party.tenure.untilMs - 1))
}

/**
 * What `srcaddr` and `dstaddr` show (F-LIM): the ENI's primary address wherever the packet's is not one that AWS shows as
 * its own; IPv6 as it is. Whether egress from a secondary address shows that or the primary is not settled; here half of the ENIs do each.
 */
function shownAddresses({ at, direction, source, destination }: View): { source: string; destination: string } {
  if (isIpv6(source)) return { source, destination }
  const primary = at.eni.primaryIp
  if (direction === 'ingress') return { source, destination: primary }
  const isOwn = at.eni.addresses.some(({ ip }) => ip === source)
  return { source: isOwn && at.eni.id.charCodeAt(20) % 2 === 0 ? source : primary, destination }
}
