import type { AnswerState } from '../../ownership/answer.ts'
import { isPublicDomain } from '../../ownership/domains.ts'
import type { Traffic, TrafficEnd } from '../../store/port.ts'
import type { Reader } from '../access.ts'

/** Who sends, or is sent to. Ends that nobody owns are nodes as well. */
export type Node = {
  readonly id: string
  readonly state: AnswerState
  /** Empty where the end is owned without a name, or not owned. */
  readonly name: string
  /** A gateway or balancer. */
  readonly isMiddle: boolean
}

type Sums = Pick<Traffic, 'flows' | 'bytes' | 'packets' | 'rejectedFlows' | 'rejectedBytes'>

export type Edge = Sums & {
  /** Ids of nodes. */
  readonly source: string
  readonly destination: string
  /** The gateway or balancer between the two, where it was taken out; its sums are then at most so much. */
  readonly via: string | null
}

export type Graph = { readonly nodes: readonly Node[]; readonly edges: readonly Edge[] }

/**
 * The graph of what one caller may see: the traffic of the private domains that it may read. The other end of that is as one in
 * no domain at all where it may not be read; traffic between ends that are both hidden, or of one with the internet, is left out.
 */
export function graphOf(traffic: readonly Traffic[], reader: Reader): Graph {
  const nodes = new Map<string, Node>()
  const edges = new Map<string, Edge>()
  const nodeOf = (end: TrafficEnd): Node => {
    const node = seen(end, reader)
    const known = nodes.get(node.id) ?? node
    nodes.set(node.id, known)
    return known
  }
  for (const part of traffic) {
    if (!isSeen(part, reader)) continue
    const [source, destination] = [nodeOf(part.source).id, nodeOf(part.destination).id]
    const key = JSON.stringify([source, destination])
    edges.set(key, { source, destination, via: null, ...added(edges.get(key), part) })
  }
  return { nodes: [...nodes.values()], edges: mostFirst([...edges.values()]) }
}

function isSeen({ source, destination }: Traffic, reader: Reader): boolean {
  const ends = [source, destination]
  const isHidden = ({ domain }: TrafficEnd): boolean => domain !== '' && !reader.readable(domain)
  return !ends.some(isHidden) || ends.some(end => end.domain !== '' && !isPublicDomain(end.domain) && !isHidden(end))
}

function seen(end: TrafficEnd, reader: Reader): Node {
  // Where no domain could be told, there is none to be kept from anybody.
  if (end.domain !== '' && !reader.readable(end.domain)) return plain('unknown', '')
  if (end.middle !== null) return { id: `via:${end.middle}`, state: end.state, name: end.name, isMiddle: true }
  return plain(end.state, end.name)
}

function plain(state: AnswerState, name: string): Node {
  const id = state === 'owned' ? `owned:${name}` : state === 'external' ? `external:${name || 'internet'}` : state
  return { id, state, name, isMiddle: false }
}

export const added = (a: Sums | undefined, b: Sums): Sums => ({
  flows: (a?.flows ?? 0) + b.flows,
  bytes: (a?.bytes ?? 0) + b.bytes,
  packets: (a?.packets ?? 0) + b.packets,
  rejectedFlows: (a?.rejectedFlows ?? 0) + b.rejectedFlows,
  rejectedBytes: (a?.rejectedBytes ?? 0) + b.rejectedBytes,
})

const mostFirst = (edges: readonly Edge[]): readonly Edge[] =>
  edges.toSorted((a, b) => b.bytes - a.bytes || (a.source + a.destination < b.source + b.destination ? -1 : 1))

/**
 * The graph without its gateways and balancers: whoever sends to one is joined with whomever it sends to. Records do not tell
 * which of what came in went where, so that of such an edge only the most is known that it may be: the lesser of both hops.
 */
export function collapsed({ nodes, edges }: Graph): Graph {
  const middles = new Set(nodes.filter(({ isMiddle }) => isMiddle).map(({ id }) => id))
  const direct = edges.filter(({ source, destination }) => !middles.has(source) && !middles.has(destination))
  const joined = [...middles].flatMap(middle => {
    const ins = edges.filter(edge => edge.destination === middle && !middles.has(edge.source))
    const outs = edges.filter(edge => edge.source === middle && !middles.has(edge.destination))
    return ins.flatMap(before => outs.map(behind => through(middle, before, behind)))
  })
  // One that only takes in or only gives out is an end itself.
  const taken = new Set(joined.map(({ via }) => via))
  const kept = edges.filter(edge => !direct.includes(edge) && !taken.has(edge.source) && !taken.has(edge.destination))
  return {
    nodes: nodes.filter(({ id, isMiddle }) => !isMiddle || !taken.has(id)),
    edges: mostFirst([...direct, ...kept, ...joined]),
  }
}

const through = (via: string, before: Edge, behind: Edge): Edge => ({
  source: before.source,
  destination: behind.destination,
  via,
  flows: Math.min(before.flows, behind.flows),
  bytes: Math.min(before.bytes, behind.bytes),
  packets: Math.min(before.packets, behind.packets),
  rejectedFlows: Math.min(before.rejectedFlows, behind.rejectedFlows),
  rejectedBytes: Math.min(before.rejectedBytes, behind.rejectedBytes),
})
