import { bitsOf, formatAddress, type Ip } from '../ownership/address.ts'
import type { Answer, Holding, Question } from '../ownership/answer.ts'
import type { InterfaceView } from '../ownership/ownership-index.ts'
import { isHost, type Prefix, prefixBits } from '../ownership/prefix.ts'
import type { Millis, Window } from '../ownership/window.ts'
import type { FlowEnd } from '../store/port.ts'
import { domainOfRemote, type ManagedSpace } from './domain-of-record.ts'
import { answeredEnd, interfaceLevelEnd, placelessEnd, withConflict } from './flow-end.ts'
import type { FlowRecord, RecordEnd } from './flowlogs/parse.ts'
import { holds, type LocalEnd, localEndOf } from './local-end.ts'

/** What attribution asks of the rest of the world. */
export type LookUps = {
  ask(question: Question): Answer
  interfaceDuring(eni: string, window: Window): InterfaceView | undefined
  /** The domain of the recording interface (domain-of-record.ts). */
  domainOf(record: FlowRecord, view: InterfaceView | undefined): string | undefined
  isManaged: ManagedSpace
}

export type Attributed = { readonly source: FlowEnd; readonly destination: FlowEnd }

/** Holders that one interface-level answer lists at most. */
const MOST_CANDIDATES = 32
/** TCP, UDP, DCCP, SCTP, UDP-Lite: protocols whose port fields are ports. */
const PROTOCOLS_WITH_PORTS: ReadonlySet<number | undefined> = new Set([6, 17, 33, 132, 136])

/** When a record's packets crossed the interface: [start − slack, end + 1 s) (design, "Terms"); undefined without times. */
export function windowOf(record: FlowRecord, slackMs: Millis): Window | undefined {
  const { startSeconds, endSeconds } = record
  if (startSeconds === undefined || endSeconds === undefined) return undefined
  return { fromMs: startSeconds * 1000 - slackMs, untilMs: (endSeconds + 1) * 1000 }
}

/** Who held both ends of a record throughout `window`. `nowMs` is part of the question (ownership/answer.ts). */
export function attribute(record: FlowRecord, window: Window, nowMs: Millis, lookUps: LookUps): Attributed {
  const eni = record.interfaceId
  const view = eni === undefined ? undefined : lookUps.interfaceDuring(eni, window)
  const domain = lookUps.domainOf(record, view)
  const context = { record, view, domain, window, nowMs, lookUps, local: localEndOf(record, view) }
  return { source: endOf(context, 'source'), destination: endOf(context, 'destination') }
}

type Context = {
  readonly record: FlowRecord
  readonly view: InterfaceView | undefined
  readonly domain: string | undefined
  readonly window: Window
  readonly nowMs: Millis
  readonly lookUps: LookUps
  readonly local: LocalEnd
}

type Side = 'source' | 'destination'

function endOf(context: Context, side: Side): FlowEnd {
  const { record, view, domain, local } = context
  const end = record[side]
  const { ip } = end
  const port = end.port ?? 0
  const isLocal = local === side || local === 'both'
  if (isLocal && end.packet === undefined && mayStandForOthers(view, ip)) return interfaceLevel(context, side)
  // The packet's address is none of the interface's own: it only passes through, and its owner is somewhere else.
  const isOwn = isLocal && (end.packet === undefined || (view !== undefined && holds(view, end.packet)))
  const asked = isOwn ? domain : domainBeyond(context, side, ip)
  if (asked === undefined) return placelessEnd(ip, port)
  const answer = ask(context, asked, ip, portOf(record, end))
  const found = answeredEnd(ip, port, asked, answer)
  if (found.state !== 'owned' && found.state !== 'unowned') return found
  // One of the two addresses is the interface's own, and we know of neither: this may be it, standing for another's.
  if (local === 'untold' && end.packet === undefined && asked === domain) return interfaceLevel(context, side)
  const eni = answer.holding?.owner.eni
  return isOwn && eni && record.interfaceId && eni !== record.interfaceId ? withConflict(found, answer) : found
}

const portOf = (record: FlowRecord, end: RecordEnd): number | undefined =>
  PROTOCOLS_WITH_PORTS.has(record.protocol) ? end.port : undefined

function ask({ window, nowMs, lookUps }: Context, domain: string, ip: Ip, port: number | undefined): Answer {
  return lookUps.ask({ ...window, nowMs, domain, ip, ...(port === undefined ? {} : { port }) })
}

/**
 * The domain of an end that is not known to be the interface's own address. Public space only where that is sure: the
 * interface may hold public addresses itself (IPv6, public ranges in a VPC), and of those the internet's answer would be
 * "not ours". Sure is what the direction makes remote, what stands opposite an address of the local domain, and a packet's
 * address that a known interface does not hold.
 */
function domainBeyond({ record, view, domain, lookUps, local }: Context, side: Side, ip: Ip): string | undefined {
  const other = side === 'source' ? 'destination' : 'source'
  const domainFor = (address: Ip) => domainOfRemote(address, domain, lookUps.isManaged)
  const isBeyond = local === other || (local === 'untold' ? domainFor(record[other].ip) === domain : view !== undefined)
  return isBeyond ? domainFor(ip) : domain
}

/**
 * Whether srcaddr or dstaddr of an interface may be written for another address behind it: AWS puts the primary private
 * IPv4 address in the place of secondary ones and of foreign ones (Amazon VPC user guide, "Flow log limitations"). True as
 * well where the interface is not known to hold what the record shows, or was not looked at throughout: it may hold more.
 */
function mayStandForOthers(view: InterfaceView | undefined, observed: Ip): boolean {
  if (view === undefined || !view.complete || view.forwards || !holds(view, observed)) return true
  const family = bitsOf(observed).family
  const alike = view.prefixes.filter(prefix => prefixBits(prefix).family === family)
  return alike.length > 1 || alike.some(prefix => !isHost(prefix))
}

/** The local end belongs to some address of the interface, and the record does not tell which. */
function interfaceLevel(context: Context, side: Side): FlowEnd {
  const { record, view, domain } = context
  const end = record[side]
  const { ip } = end
  if (domain === undefined) return placelessEnd(ip, end.port ?? 0)
  const addresses = new Set([ip, ...(view?.prefixes ?? []).slice(0, MOST_CANDIDATES).map(firstAddress)])
  const holders = new Map<string, Holding>()
  for (const address of addresses) {
    for (const holding of holdersIn(ask(context, domain, address, portOf(record, end)))) {
      if (holders.size < MOST_CANDIDATES) holders.set(holding.owner.resourceId, holding)
    }
  }
  return interfaceLevelEnd(ip, end.port ?? 0, domain, [...holders.keys()])
}

const firstAddress = (prefix: Prefix): Ip => formatAddress(prefixBits(prefix))

/** Everybody whom an answer names, whatever its state: the lower layers are who is left where a higher one is not proved. */
const holdersIn = ({ holding, candidates, under }: Answer): readonly Holding[] => [
  ...(holding ? [holding] : []),
  ...candidates.flatMap(candidate => candidate.holding ?? []),
  ...(holding || candidates.length > 0 ? [] : under),
]
