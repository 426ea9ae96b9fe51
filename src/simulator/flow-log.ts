import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Millis } from '../ownership/window.ts'
import { type Eni, isIpv6 } from './eni.ts'
import { INTERNET, type RecordTruth } from './ledger.ts'
import type { StoredObject } from './object-store.ts'
import type { Random } from './random.ts'
import { type FlowRecord, Traffic } from './traffic.ts'
import { ACCOUNT, REGION, type Vpc, type World } from './world.ts'

/** Version 5 fields in the order that the documentation lists them. */
export const FLOW_LOG_HEADER =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status ' +
  'vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id flow-direction traffic-path'

const MINUTE_MS = 60_000
const WINDOW_MS = 300_000

/** Of a line without addresses (NODATA, SKIPDATA); it says nothing. */
const GAP_TRUTH: RecordTruth = { source: INTERNET, destination: INTERNET }

type Line = { readonly text: string; readonly truth: RecordTruth }

export type WrittenObject = StoredObject & { readonly truth: readonly RecordTruth[] }

/**
 * One flow log for each VPC, aggregated by the minute. Every five minutes' worth of records, by their `end`, becomes an
 * object, which can be seen 60 to 120 seconds after those minutes are over.
 */
export class FlowLogs {
  readonly #world: World
  readonly #random: Random
  readonly #traffic: Traffic
  readonly #prefix: string
  readonly #write: (object: WrittenObject) => void
  readonly #lines = new Map<string, Line[]>()

  constructor(
    world: World,
    random: Random,
    prefix: string,
    connectionsPerMinute: number,
    write: (object: WrittenObject) => void,
  ) {
    this.#world = world
    this.#random = random
    this.#traffic = new Traffic(world, random)
    this.#prefix = prefix
    this.#write = write
    this.#nextMinute(world.startMs, connectionsPerMinute)
  }

  /** A minute is written two seconds after it is over: the last record's truth reaches into the next minute's first second. */
  #nextMinute(fromMs: Millis, connections: number): void {
    const untilMs = (Math.floor(fromMs / MINUTE_MS) + 1) * MINUTE_MS
    this.#world.agenda.at(untilMs + 2_000, () => {
      for (const record of this.#traffic.minute(fromMs, untilMs, connections)) {
        this.#add(record.eni, { text: lineOf(record), truth: this.#traffic.truthOf(record) })
      }
      this.#addGaps(fromMs, untilMs)
      if (untilMs % WINDOW_MS === 0) for (const vpc of this.#world.vpcs) this.#close(vpc, untilMs)
      this.#nextMinute(untilMs, connections)
    })
  }

  #add(eni: Eni, line: Line): void {
    const lines = this.#lines.get(eni.subnet.vpc)
    if (lines) lines.push(line)
    else this.#lines.set(eni.subnet.vpc, [line])
  }

  /** A trunk has no traffic of its own; now and then records of some ENI are lost. */
  #addGaps(fromMs: Millis, untilMs: Millis): void {
    const enis = this.#world.network.enisAt(fromMs)
    const trunks = enis.filter(({ interfaceType }) => interfaceType === 'trunk')
    const idle = trunks.length > 0 && this.#random.chance(0.5) ? this.#random.pick(trunks) : undefined
    const skipped = this.#random.chance(0.1) ? this.#random.pick(enis) : undefined
    if (idle) this.#add(idle, { text: gapOf(idle, 'NODATA', fromMs, untilMs), truth: GAP_TRUTH })
    if (skipped) this.#add(skipped, { text: gapOf(skipped, 'SKIPDATA', fromMs, untilMs), truth: GAP_TRUTH })
  }

  #close(vpc: Vpc, untilMs: Millis): void {
    const lines = this.#lines.get(vpc.id) ?? []
    this.#lines.delete(vpc.id)
    const visibleFromMs = untilMs + this.#random.integer(60_000, 120_000)
    const hash = this.#random.hex(8)
    if (lines.length === 0) return
    const body = gzipSync(`${FLOW_LOG_HEADER}\n${lines.map(({ text }) => text).join('\n')}\n`, { level: 3 })
    const etag = createHash('md5').update(body).digest('hex')
    const key = keyOf(this.#prefix, vpc, untilMs - WINDOW_MS, hash)
    this.#write({ key, body, etag, visibleFromMs, truth: lines.map(({ truth }) => truth) })
  }
}

/** `[prefix/]AWSLogs/{account}/vpcflowlogs/{region}/{yyyy}/{mm}/{dd}/{account}_vpcflowlogs_{region}_{fl}_{time}_{hash}.log.gz` */
function keyOf(prefix: string, vpc: Vpc, windowMs: Millis, hash: string): string {
  const [date = '', time = ''] = new Date(windowMs).toISOString().split('T')
  const stamp = `${date.replaceAll('-', '')}T${time.slice(0, 5).replace(':', '')}Z`
  const flowLog = `fl-${vpc.id.slice('vpc-'.length)}`
  const folder = `${prefix}/AWSLogs/${ACCOUNT}/vpcflowlogs/${REGION}/${date.replaceAll('-', '/')}`
  return `${folder}/${ACCOUNT}_vpcflowlogs_${REGION}_${flowLog}_${stamp}_${hash}.log.gz`
}

const seconds = (ms: Millis): number => Math.floor(ms / 1000)

/** The record as a line of a flow log with that header. */
export function lineOf(record: FlowRecord): string {
  const { eni, protocol } = record
  const { subnet } = eni
  return (
    `5 ${ACCOUNT} ${eni.id} ${record.source} ${record.destination} ${record.sourcePort} ${record.destinationPort} ` +
    `${protocol} ${record.packets} ${record.bytes} ${seconds(record.firstMs)} ${seconds(record.lastMs)} ` +
    `${record.rejected ? 'REJECT' : 'ACCEPT'} OK ${subnet.vpc} ${subnet.id} ${record.instanceId ?? '-'} ` +
    `${protocol === 6 ? record.flags : 0} ${isIpv6(record.packetSource) ? 'IPv6' : 'IPv4'} ${record.packetSource} ${record.packetDestination} ${REGION} ` +
    `${subnet.zoneId} ${record.direction} ${record.path}`
  )
}

function gapOf({ id, subnet }: Eni, status: 'NODATA' | 'SKIPDATA', fromMs: Millis, untilMs: Millis): string {
  const nothing = (fields: number) => Array<string>(fields).fill('-').join(' ')
  const times = `${seconds(fromMs)} ${seconds(untilMs - 1)}`
  return `5 ${ACCOUNT} ${id} ${nothing(7)} ${times} - ${status} ${subnet.vpc} ${subnet.id} ${nothing(5)} ${REGION} ${subnet.zoneId} ${nothing(2)}`
}
