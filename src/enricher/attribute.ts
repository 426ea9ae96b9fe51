import { askFrom, type DomainLookUps, type DomainlessQuestion, type Viewpoint } from '../ownership/across-domains.ts'
import { bitsOf, formatAddress, type Ip } from '../ownership/address.ts'
import type { Answer, Holding } from '../ownership/answer.ts'
import type { AnswerAcross } from '../ownership/combine-domains.ts'
import type { InterfaceView } from '../ownership/ownership-index.ts'
import { isHost, type Prefix, prefixBits } from '../ownership/prefix.ts'
import type { Millis, Window } from '../ownership/window.ts'
import type { FlowEnd } from '../store/port.ts'
import { domainOfRemote, placeInTransit, type RecordedPlace } from './domain-of-record.ts'
import { answeredEnd, interfaceLevelEnd, placelessEnd, withConflict } from './flow-end.ts'
import type { FlowRecord, RecordEnd, TransitEnds } from './flowlogs/parse.ts'
import { holds, type LocalEnd, localEndOf } from './local-end.ts'

/** What attribution asks of the rest of the world. */
export type LookUps = DomainLookUps & {
  interfaceDuring(eni: string, window: Window): InterfaceView | undefined
  /** The domains in which the recording interface may have been: one, where that is known (domain-of-record.ts). */
  domainsOf(record: RecordedPlace, view: InterfaceView | undefined, window: Window): readonly string[]
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
export const PROTOCOLS_WITH_PORTS: ReadonlySet<number | undefined> = new Set([6, 17, 33, 132, 136])

/** When a record's packets crossed the interface: [start − slack, end + 1 s) (design, "Terms"); undefined without times. */
export function windowOf(record: FlowRecord, slackMs: Millis): Window | undefined {
  const { startSeconds, endSeconds } = record
  if (startSeconds === undefined || endSeconds === undefined) return undefined
  return { fromMs: startSeconds * 1000 - slackMs, untilMs: (endSeconds + 1) * 1000 }
}

/** Who held both ends of a record throughout `window`. `nowMs` is part of the question (ownership/answer.ts). */
export function attribute(record: FlowRecord, window: Window, nowMs: Millis, lookUps: LookUps): Attributed {
  if (record.transit) return attributeTransit(record, record.transit, window, nowMs, lookUps)
  const context = contextOf(record, window, nowMs, lookUps)
  const ends = { source: endOf(context, 'source'), destination: endOf(context, 'destination') }
  return { ...ends, final: context.isFinal && isInterfaceFinal(record.interfaceId, context.view, window, lookUps) }
}

/**
 * A transit gateway shows both ends as the packet had them, and names the VPC of each: each is asked in the domain of its own
 * VPC, or in public space where it is no address of that domain. An end without a VPC came by a VPN, a Direct Connect or
 * another gateway, and may be anywhere.
 */
function attributeTransit(
  record: FlowRecord,
  transit: TransitEnds,
  window: Window,
  nowMs: Millis,
  lookUps: LookUps,
): Attributed {
  let isFinal = true
  const endIn = (side: Side): FlowEnd => {
    const { interfaceId } = transit[side]
    const { ip, port } = record[side]
    const view = interfaceId === undefined ? undefined : lookUps.interfaceDuring(interfaceId, window)
    const domains = lookUps.domainsOf(placeInTransit(record, transit[side]), view, window)
    isFinal &&= isInterfaceFinal(interfaceId, view, window, lookUps)
    if (domains.length === 0) return placelessEnd(ip, port ?? 0)
    const bases = domains.map(domain => domainOfRemote(ip, domain, lookUps.isManaged) ?? domain)
    const asked = portOf(record, record[side])
    const question = asked === undefined ? { ...window, nowMs, ip } : { ...window, nowMs, ip, port: asked }
    const { domain, answer } = askFrom([...new Set(bases)].map(here), question, lookUps)
    isFinal &&= answer.final
    return answeredEnd(ip, port ?? 0, domain ?? '', answer)
  }
  const ends = { source: endIn('source'), destination: endIn('destination') }
  return { ...ends, final: isFinal }
}

/** One end as `attribute` answers it. It is final where what is known of the interface is too. */
export function attributeEnd(
  record: FlowRecord,
  side: Side,
  window: Window,
  nowMs: Millis,
  lookUps: LookUps,
): { readonly end: FlowEnd; readonly final: boolean } {
  const context = contextOf(record, window, nowMs, lookUps)
  const end = endOf(context, side)
  return { end, final: context.isFinal }
}

/** Whether no later poll can change what is known of the recording interface within the window. */
export const isInterfaceFinal = (
  eni: string | undefined,
  view: InterfaceView | undefined,
  window: Window,
  { toldUntilMs }: Pick<LookUps, 'toldUntilMs'>,
): boolean => eni === undefined || (view?.settled ?? toldUntilMs >= window.untilMs)

function contextOf(record: FlowRecord, window: Window, nowMs: Millis, lookUps: LookUps): Context {
  const view = record.interfaceId === undefined ? undefined : lookUps.interfaceDuring(record.interfaceId, window)
  const domains = lookUps.domainsOf(record, view, window)
  return { record, view, domains, window, nowMs, lookUps, local: localEndOf(record, view), isFinal: true }
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
  /** Whether no later poll can change any answer of the index that was had so far. */
  isFinal: boolean
}

export type Side = 'source' | 'destination'

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
  return isOwn ? ownEnd(found, answer, record.interfaceId) : found
}

/** An end that is the recording interface's own, as found in the one domain that was asked: the claims may have it on another interface. */
export function ownEnd(found: FlowEnd, answer: Answer, interfaceId: string | undefined): FlowEnd {
  if (found.state !== 'owned' && found.state !== 'unowned') return found
  const eni = answer.holding?.owner.eni
  return eni && interfaceId && eni !== interfaceId ? withConflict(found, answer) : found
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
export function mayStandForOthers(view: InterfaceView | undefined, observed: Ip): boolean {
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
