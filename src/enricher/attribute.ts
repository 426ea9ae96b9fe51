import { askFrom, type DomainLookUps, type DomainlessQuestion, type Viewpoint } from '../ownership/across-domains.ts'
import { bitsOf, formatAddress, type Ip } from '../ownership/address.ts'
import type { Answer, Holding } from '../ownership/answer.ts'
import type { AnswerAcross } from '../ownership/combine-domains.ts'
import type { InterfaceView } from '../ownership/ownership-index.ts'
import { isHost, type Prefix, prefixBits } from '../ownership/prefix.ts'
import type { Millis, Window } from '../ownership/window.ts'
import type { FlowEnd } from '../store/port.ts'
import { domainOfRemote } from './domain-of-record.ts'
import { answeredEnd, interfaceLevelEnd, placelessEnd, withConflict } from './flow-end.ts'
import type { FlowRecord, RecordEnd } from './flowlogs/parse.ts'
import { holds, type LocalEnd, localEndOf } from './local-end.ts'

/** What attribution asks of the rest of the world. */
export type LookUps = DomainLookUps & {
  interfaceDuring(eni: string, window: Window): InterfaceView | undefined
  /** The domains in which the recording interface may have been: one, where that is known (domain-of-record.ts). */
  domainsOf(record: FlowRecord, view: InterfaceView | undefined, window: Window): readonly string[]
  /** Before this instant every live source has told all: an interface that none has shown by then is none of theirs. */
  readonly toldUntilMs: Millis
}

export type Attributed = {
  readonly source: FlowEnd
  readonly destination: FlowEnd
  /** False where a later poll may still change one of the two, or what is known of the interface. */
  readonly final: boolean
}

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
  const domains = lookUps.domainsOf(record, view, window)
  const local = localEndOf(record, view)
  const isFinal = eni === undefined || (view?.settled ?? lookUps.toldUntilMs >= window.untilMs)
  const context: Context = { record, view, domains, window, nowMs, lookUps, local, isFinal }
  const ends = { source: endOf(context, 'source'), destination: endOf(context, 'destination') }
  return { ...ends, final: context.isFinal }
}

type Context = {
  readonly record: FlowRecord
  readonly view: InterfaceView | undefined
  /** Of the interface. Several are alternatives. */
  readonly domains: readonly string[]
  readonly window: Window
  readonly nowMs: Millis
  readonly lookUps: LookUps
  readonly local: LocalEnd
  /** Whether no later poll can change any answer that was had so far. */
  isFinal: boolean
}

type Side = 'source' | 'destination'

function endOf(context: Context, side: Side): FlowEnd {
  const { record, view, domains, local } = context
  const end = record[side]
  const { ip } = end
  const port = end.port ?? 0
  const isLocal = local === side || local === 'both'
  if (isLocal && end.packet === undefined && mayStandForOthers(view, ip)) return interfaceLevel(context, side)
  // The packet's address is none of the interface's own: it only passes through, and its owner is somewhere else.
  const isOwn = isLocal && (end.packet === undefined || (view !== undefined && holds(view, end.packet)))
  const viewpoints = isOwn ? domains.map(here) : viewpointsOf(context, side, ip)
  if (viewpoints.length === 0) return placelessEnd(ip, port)
  const { domain, answer } = ask(context, viewpoints, ip, portOf(record, end))
  const found = answeredEnd(ip, port, domain ?? '', answer)
  if (found.state !== 'owned' && found.state !== 'unowned') return found
  // One of the two addresses is the interface's own, and we know of neither: this may be it, standing for another's.
  const mayBeOwn = local === 'untold' && end.packet === undefined && (domain === undefined || domains.includes(domain))
  if (mayBeOwn) return interfaceLevel(context, side)
  const eni = answer.holding?.owner.eni
  return isOwn && eni && record.interfaceId && eni !== record.interfaceId ? withConflict(found, answer) : found
}

function ask(context: Context, viewpoints: readonly Viewpoint[], ip: Ip, port: number | undefined): AnswerAcross {
  const found = askFrom(viewpoints, questionOf(context, ip, port), context.lookUps)
  context.isFinal &&= found.answer.final
  return found
}

const here = (domain: string): Viewpoint => ({ from: undefined, base: domain })

const portOf = (record: FlowRecord, end: RecordEnd): number | undefined =>
  PROTOCOLS_WITH_PORTS.has(record.protocol) ? end.port : undefined

const questionOf = ({ window, nowMs }: Context, ip: Ip, port: number | undefined): DomainlessQuestion =>
  port === undefined ? { ...window, nowMs, ip } : { ...window, nowMs, ip, port }

/**
 * Where an end is looked for that is not known to be the interface's own address. Public space only where that is sure: the
 * interface may hold public addresses itself (IPv6, public ranges in a VPC), and of those the internet's answer would be
 * "not ours". Sure is what the direction makes remote, what stands opposite an address of the local domain, and a packet's
 * address that a known interface does not hold. Other domains only where the record itself shows the end to be remote.
 */
function viewpointsOf({ record, view, domains, lookUps, local }: Context, side: Side, ip: Ip): readonly Viewpoint[] {
  const other = side === 'source' ? 'destination' : 'source'
  const locals = domains.length > 0 ? domains : [undefined]
  const baseFor = (address: Ip, from: string | undefined) => domainOfRemote(address, from, lookUps.isManaged)
  const isOpposite = () => locals.every(from => baseFor(record[other].ip, from) === from)
  const isBeyond = local === other || (local === 'untold' ? isOpposite() : view !== undefined)
  if (!isBeyond) return domains.map(here)
  const isRemote = local === other || (local !== 'untold' && view?.complete === true)
  return locals.flatMap(from => {
    const base = baseFor(ip, from)
    return base === undefined ? [] : [{ from: isRemote ? from : undefined, base }]
  })
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
  const { record, view, domains } = context
  const end = record[side]
  const { ip } = end
  const [domain, ...others] = domains
  if (domain === undefined) return placelessEnd(ip, end.port ?? 0)
  const addresses = new Set([ip, ...(view?.prefixes ?? []).slice(0, MOST_CANDIDATES).map(firstAddress)])
  const viewpoints = domains.map(here)
  const holders = new Map<string, Holding>()
  for (const address of addresses) {
    const { answer } = ask(context, viewpoints, address, portOf(record, end))
    for (const holding of holdersIn(answer)) {
      if (holders.size < MOST_CANDIDATES) holders.set(holding.owner.resourceId, holding)
    }
  }
  return interfaceLevelEnd(ip, end.port ?? 0, others.length > 0 ? '' : domain, [...holders.keys()])
}

const firstAddress = (prefix: Prefix): Ip => formatAddress(prefixBits(prefix))

/** Everybody whom an answer names, whatever its state: the lower layers are who is left where a higher one is not proved. */
const holdersIn = ({ holding, candidates, under }: Answer): readonly Holding[] => [
  ...(holding ? [holding] : []),
  ...candidates.flatMap(candidate => candidate.holding ?? []),
  ...(holding || candidates.length > 0 ? [] : under),
]
