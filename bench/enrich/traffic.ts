import { BASE_MS, type Estate, OPEN, SPAN_MS, type Versions, versionColumns } from '../index/estate.ts'
import { bitsOf, choiceOf, fractionOf, seedOf } from '../index/random.ts'

export type Peers = 'skewed' | 'uniform'

export type TrafficOptions = {
  readonly estate: Estate
  readonly peers: Peers
  /** In all objects together. */
  readonly records: number
  readonly recordsOfAnObject: number
  /** They lie in so many hours in the middle of the estate's time, at most 599. */
  readonly hours: number
}

/** What is true of the records of one object. */
export type Truth = {
  readonly records: number
  /** Ends, of two in each record, that one host held for certain during all of the record's window. */
  readonly ownedByHosts: number
  /** Those, and the ends that no host can have held there: a subnet's. */
  readonly owned: number
}

/** The slack that records are answered with: their window begins so much before `start`. */
export const SLACK_SECONDS = 60
export const INTERFACES = 2000
/** As AWS writes them where nobody chose a format. */
export const HEADER =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'

const BUSY_PEERS = 20_000
const PUBLIC_SHARE = 0.3
const STREAM = { record: 2001, peer: 2002, interface: 2003 } as const
const DRAW = { start: 0, interface: 1, length: 2, side: 3, isPublic: 4, peer: 5, port: 6, packets: 7 } as const

/** The address of the estate that an interface has, all the time. */
export const addressOfInterface = (estate: Estate, number: number): number =>
  choiceOf(seedOf(STREAM.interface, number), 0, estate.addresses)

export const interfaceName = (number: number): string =>
  `eni-0${bitsOf(seedOf(STREAM.interface, number), 1).toString(16).padStart(8, '0')}${number.toString(16).padStart(8, '0')}`

/**
 * Records in order of time, mixed by a minute within an object. Each has an interface's own address on one side, the more
 * often the lower the interface's number, and a peer on the other: three in ten are public addresses that nobody claims. Skewed
 * peers are 20,000 of the hosts and 50,000 public addresses, some far more common than others; uniform ones any of all.
 */
export class Traffic {
  private readonly estate: Estate
  private readonly options: TrafficOptions
  private readonly history: Versions
  private readonly words = new Uint32Array(4)
  private readonly interfaces: readonly { readonly name: string; readonly address: number }[]

  constructor(options: TrafficOptions) {
    const { estate } = options
    this.options = options
    this.estate = estate
    this.history = versionColumns(estate.versionsPerAddress)
    this.interfaces = Array.from({ length: INTERFACES }, (_, number) => ({
      name: interfaceName(number),
      address: addressOfInterface(estate, number),
    }))
  }

  get objects(): number {
    return this.options.records / this.options.recordsOfAnObject
  }

  object(number: number): { readonly text: string; readonly truth: Truth } {
    const { records, recordsOfAnObject } = this.options
    const lines = [HEADER]
    const found = { ownedByHosts: 0, owned: 0 }
    for (let i = 0; i < recordsOfAnObject; i++) {
      const record = number * recordsOfAnObject + i
      lines.push(this.line(seedOf(STREAM.record + this.estate.seed * 16, record), record / records, found))
    }
    return { text: `${lines.join('\n')}\n`, truth: { records: recordsOfAnObject, ...found } }
  }

  private line(seed: number, share: number, found: { ownedByHosts: number; owned: number }): string {
    const seconds = this.options.hours * 3600
    const first = (BASE_MS + SPAN_MS / 2) / 1000 - seconds / 2
    const start = first + Math.floor(share * seconds) + choiceOf(seed, DRAW.start, 60)
    const end = start + choiceOf(seed, DRAW.length, 60)
    const { name, address } = this.interfaces[Math.floor(fractionOf(seed, DRAW.interface) ** 2 * INTERFACES)] as {
      readonly name: string
      readonly address: number
    }
    this.tally(address, start, end, found)
    const own = this.textOf(address)
    const peer = fractionOf(seed, DRAW.isPublic) < PUBLIC_SHARE ? this.publicPeer(seed) : this.hostPeer(seed)
    if (typeof peer === 'number') this.tally(peer, start, end, found)
    const other = typeof peer === 'number' ? this.textOf(peer) : peer
    const port = 1024 + choiceOf(seed, DRAW.port, 60_000)
    const isOut = fractionOf(seed, DRAW.side) < 0.5
    const ends = isOut ? `${own} ${other} ${port} 443` : `${other} ${own} ${port} 443`
    const packets = 1 + choiceOf(seed, DRAW.packets, 2000)
    return `2 123456789012 ${name} ${ends} 6 ${packets} ${packets * 700} ${start} ${end} ACCEPT OK`
  }

  private hostPeer(seed: number): number {
    const { addresses } = this.estate
    if (this.options.peers === 'uniform') return choiceOf(seed, DRAW.peer, addresses)
    const rank = Math.floor(fractionOf(seed, DRAW.peer) ** 3 * BUSY_PEERS)
    return choiceOf(seedOf(STREAM.peer, rank), 0, addresses)
  }

  private publicPeer(seed: number): string {
    const isUniform = this.options.peers === 'uniform'
    const number = isUniform ? bitsOf(seed, DRAW.peer) : Math.floor(fractionOf(seed, DRAW.peer) ** 3 * 50_000) * 977
    return dotted(0x08000000 + (number & 0xffffff))
  }

  private textOf(address: number): string {
    this.estate.writeAddress(address, this.words, 0)
    return dotted(this.words[0] as number)
  }

  /** The slow way: every version of the address against the record's window. */
  private tally(address: number, start: number, end: number, found: { ownedByHosts: number; owned: number }): void {
    const { history, estate } = this
    estate.fill(address, 1, history)
    const fromMs = (start - SLACK_SECONDS) * 1000 - BASE_MS
    const untilMs = (end + 1) * 1000 - BASE_MS
    let isPossible = false
    for (let i = 0; i < estate.versionsPerAddress; i++) {
      const endLatest = history.endLatest[i] as number
      if ((history.startLatest[i] as number) <= fromMs && (history.endEarliest[i] as number) >= untilMs) {
        found.ownedByHosts++
        found.owned++
        return
      }
      isPossible ||= (history.startEarliest[i] as number) < untilMs && (endLatest === OPEN || endLatest > fromMs)
    }
    if (!isPossible) found.owned++
  }
}

const dotted = (word: number): string => `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
