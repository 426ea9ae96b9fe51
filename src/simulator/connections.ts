import type { Millis } from '../ownership/window.ts'
import { current, isIpv6 } from './eni.ts'
import { PUBLIC_SPACE, type Tenure } from './ledger.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** One end: a holder during its tenure, a bare address of a space that it is sent to, or somewhere outside. */
export type Party =
  | { readonly kind: 'tenure'; readonly tenure: Tenure }
  | { readonly kind: 'address'; readonly space: string; readonly ip: string }
  | { readonly kind: 'outside'; readonly ip: string }

/** How packets get from one end to the other: inside a VPC, between public addresses, or out through NAT. */
export type Route = 'private' | 'public' | 'nat'

export type Connection = {
  readonly client: Party
  readonly server: Party
  readonly clientPort: number
  readonly serverPort: number
  readonly protocol: 6 | 17
  readonly route: Route
  readonly startMs: Millis
  readonly endMs: Millis
  /** How long each end goes on sending to the other's address after the other is gone. */
  readonly lingerMs: number
  readonly rejected: boolean
}

const SERVER_PORTS = [443, 443, 443, 8080, 7001, 9042, 5432, 11211, 53] as const

/** The senders of each space at work, and new connections among them. */
export class Connections {
  readonly #world: World
  readonly #random: Random
  #senders = new Map<string, Tenure[]>()
  #open: Connection[] = []

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
  }

  /** The connections of one minute that is over, `count` in all: those that go on, and new ones. */
  during(fromMs: Millis, untilMs: Millis, count: number): readonly Connection[] {
    this.#takeNewSenders(fromMs)
    this.#open = this.#open.filter(connection => connection.endMs > fromMs && isAlive(connection, fromMs))
    for (let tries = 0; this.#open.length < count && tries < 4 * count; tries++) {
      const connection = this.#begin(this.#random.integer(fromMs, untilMs))
      if (connection) this.#open.push(connection)
    }
    return this.#open
  }

  #takeNewSenders(atMs: Millis): void {
    for (const tenure of this.#world.begun.splice(0)) {
      if (!tenure.sends || !tenure.reachable) continue
      const list = this.#senders.get(tenure.space)
      if (list) list.push(tenure)
      else this.#senders.set(tenure.space, [tenure])
    }
    for (const [space, list] of this.#senders) {
      const still = list.filter(tenure => tenure.untilMs > atMs)
      this.#senders.set(space, still)
    }
  }

  #sender(space: string, atMs: Millis): Tenure | undefined {
    const senders = this.#senders.get(space) ?? []
    for (let tries = 0; tries < 5 && senders.length > 0; tries++) {
      const tenure = this.#random.pick(senders)
      if (tenure.fromMs <= atMs && atMs + 1_000 < tenure.untilMs) return tenure
    }
    return undefined
  }

  #begin(startMs: Millis): Connection | undefined {
    const random = this.#random
    const [first, ...others] = this.#world.vpcs
    const vpc = random.chance(0.72) ? first : others.length > 1 ? random.pick(others) : others[0]
    const client = vpc && this.#sender(vpc.id, startMs)
    if (!client) return undefined
    const kind = random.next()
    // IPv6 stays inside: nobody outside of this world has any.
    if (kind < 0.8 || isIpv6(client.ip))
      return this.#toTenure(client, this.#sender(client.space, startMs), 'private', startMs)
    if (kind < 0.88) return this.#toOutside(client, randomOutside(random), startMs)
    if (kind < 0.92)
      return this.#toOutside(client, `52.95.${random.integer(110, 114)}.${random.integer(1, 255)}`, startMs)
    if (kind < 0.94) return this.#scan(client, startMs)
    const server = this.#sender(PUBLIC_SPACE, startMs)
    if (!server) return undefined
    const visible = publicAddress(client, startMs) !== undefined
    if (kind < 0.97 && visible) return this.#toTenure(client, server, 'public', startMs)
    const outside: Party = { kind: 'outside', ip: randomOutside(random) }
    return this.#connect(outside, { kind: 'tenure', tenure: server }, 'public', startMs, random.chance(0.15))
  }

  #toTenure(client: Tenure, server: Tenure | undefined, route: Route, startMs: Millis): Connection | undefined {
    if (!server || server.eni === client.eni || isIpv6(server.ip) !== isIpv6(client.ip)) return undefined
    return this.#connect({ kind: 'tenure', tenure: client }, { kind: 'tenure', tenure: server }, route, startMs)
  }

  #toOutside(client: Tenure, ip: string, startMs: Millis): Connection {
    const route = publicAddress(client, startMs) === undefined ? 'nat' : 'public'
    return this.#connect({ kind: 'tenure', tenure: client }, { kind: 'outside', ip }, route, startMs)
  }

  /** Somebody tries addresses of the VPC that nobody has, in or out of a subnet. */
  #scan(client: Tenure, startMs: Millis): Connection {
    const [a, b] = client.eni.subnet.cidr.split('.')
    const ip = `${a}.${b}.${this.#random.pick([9, 25, 200, 201])}.${this.#random.integer(1, 255)}`
    const nobody: Party = { kind: 'address', space: client.space, ip }
    return this.#connect({ kind: 'tenure', tenure: client }, nobody, 'private', startMs, true)
  }

  #connect(client: Party, server: Party, route: Route, startMs: Millis, rejected = false): Connection {
    const random = this.#random
    const isLong = !rejected && random.chance(0.35)
    const lastsMs = isLong ? 30_000 + random.exponential(300_000) : random.between(200, 30_000)
    return {
      client,
      server,
      clientPort: random.integer(32_768, 61_000),
      serverPort: rejected ? random.pick([22, 23, 3389, 445]) : random.pick(SERVER_PORTS),
      protocol: random.chance(0.9) ? 6 : 17,
      route,
      startMs,
      endMs: startMs + Math.floor(lastsMs),
      lingerMs: random.chance(0.5) ? random.integer(5_000, 120_000) : 0,
      rejected,
    }
  }
}

/** The public address by which the holder of a private address is seen. */
export function publicAddress(tenure: Tenure, atMs: Millis): string | undefined {
  const bound = tenure.eni.associations.filter(({ privateIp }) => privateIp === tenure.privateIp)
  return current(bound, atMs)?.publicIp
}

/** Whether a party is itself there; a mere address never is. */
export function isThere(party: Party, atMs: Millis): boolean {
  if (party.kind !== 'tenure') return party.kind === 'outside'
  return party.tenure.fromMs <= atMs && atMs < party.tenure.untilMs
}

/** Whether the other party is there, or has not been gone for long enough to be noticed. */
export function seemsThere(party: Party, atMs: Millis, lingerMs: number): boolean {
  return party.kind !== 'tenure' || atMs < party.tenure.untilMs + lingerMs
}

const isAlive = ({ client, server, lingerMs }: Connection, atMs: Millis): boolean =>
  (isThere(client, atMs) && seemsThere(server, atMs, lingerMs)) ||
  (isThere(server, atMs) && seemsThere(client, atMs, lingerMs))

/** Of networks that no cloud announces as its own. */
function randomOutside(random: Random): string {
  const network = random.pick(['198.51.100', '203.0.113', '151.101.64', '93.184.216', '81.2.69', '146.70.12'])
  return `${network}.${random.integer(1, 255)}`
}
