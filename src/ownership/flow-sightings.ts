import { type Claim, layerRank } from './claim.ts'
import type { JoinedClaim } from './lifetimes.ts'
import type { Bounds, Millis, Window } from './window.ts'

/** What the sources of flow sightings are called: this, and the object that the flows are in (design.md §6). */
const FLOW = 'flow/'

export const flowSourceOf = (objectId: string): string => `${FLOW}${objectId}`

/**
 * Whether a source tells of flows. Its claims are no listing: each says that one claim of an inventory held between a packet of
 * a flow log object and an edge of that claim's certainty. Such a source is never registered and has no successor.
 */
export const isFlowSource = (source: string): boolean => source.startsWith(FLOW)

/** Which open window of a claim a sighting lies in. */
export type Edge = 'start' | 'end'
export const EDGES = ['start', 'end'] as const satisfies Edge[]

/** The lifetime id of a sighting: the claim that it is about, and the edge. */
export const sightedEdge = (claimId: string, edge: Edge): string => `${claimId}/${edge}`

/** The claim that a sighting is about, by its lifetime id, and the edge. */
export function edgeSighted(lifetimeId: string): { readonly claimId: string; readonly edge: Edge } | undefined {
  const edge = EDGES.find(name => lifetimeId.endsWith(`/${name}`))
  return edge && { claimId: lifetimeId.slice(0, -edge.length - 1), edge }
}

/** How far flow sightings carry the certainty of a holding, and what they say of that, as claims of the holding's own sources. */
export type Carried = {
  readonly certain: Window
  /** Certain from end to end, and possible nowhere else. */
  readonly carriedBy: readonly JoinedClaim[]
}

/**
 * Each holding that some sighting carries further than polls do (docs/decisions/0019): those of the same interface that
 * nobody else is claimed to hold the address on while it may begin, or may end. `joined` is all that is claimed of one prefix.
 */
export function carriedByFlows(
  joined: readonly JoinedClaim[],
  sightings: readonly Claim[],
): ReadonlyMap<JoinedClaim, Carried> {
  const byEdge = new Map<string, Claim[]>()
  for (const sighting of sightings) {
    const edge = sighting.lifetimeId ?? ''
    const known = byEdge.get(edge)
    if (known) known.push(sighting)
    else byEdge.set(edge, [sighting])
  }
  const carried = new Map<JoinedClaim, Carried>()
  for (const claim of joined) {
    const [begun, ended] = EDGES.map(edge =>
      mostTelling(claim, edge, byEdge.get(sightedEdge(claim.id, edge)) ?? [], joined),
    )
    if (begun || ended) carried.set(claim, carry(claim, begun, ended))
  }
  return carried
}

/** Whether a claim is one that sightings may carry further: one owner, on one interface, whom some poll has shown. */
export const mayBeSighted = ({ owners, ports, layer, lastSightingMs }: Claim): boolean =>
  owners.length === 1 &&
  ports === null &&
  owners[0]?.eni != null &&
  lastSightingMs > 0 &&
  layerRank(layer) >= layerRank('interface')

/** Where a claim may have begun but is not yet certain, or may have ended; undefined where nothing bounds that. */
export function openWindow({ start, end, state }: Claim, edge: Edge): Bounds | undefined {
  const { earliestMs, latestMs } = edge === 'start' ? start : end
  if (edge === 'end' && state === 'open') return undefined
  const isBounded = earliestMs > Number.NEGATIVE_INFINITY && latestMs < Number.POSITIVE_INFINITY
  return isBounded && earliestMs < latestMs ? { earliestMs, latestMs } : undefined
}

/** From when on a claim is certain by a packet within these bounds, or until when. */
export const certainBy = (packet: Bounds, edge: Edge): Millis =>
  edge === 'start' ? packet.latestMs : packet.earliestMs

/** Of the sightings whose packet came within the open window, the one that shows the most. */
function mostTelling(
  claim: JoinedClaim,
  edge: Edge,
  sightings: readonly Claim[],
  joined: readonly JoinedClaim[],
): Claim | undefined {
  const open = mayBeSighted(claim) ? openWindow(claim, edge) : undefined
  if (open === undefined) return undefined
  const tellsMore = (a: Claim, b: Claim): number => {
    const [aMs, bMs] = [certainBy(a[edge], edge), certainBy(b[edge], edge)]
    // Ids make it a total order, so that the order of arrival decides nothing.
    if (aMs === bMs) return a.id < b.id ? -1 : 1
    return edge === 'start' ? aMs - bMs : bMs - aMs
  }
  return sightings
    .filter(one => isInside(certainBy(one[edge], edge), open))
    .filter(one => !hasCompany(claim, carriedOver(edge, one[edge], open), joined))
    .sort(tellsMore)[0]
}

export const isInside = (atMs: Millis, { earliestMs, latestMs }: Bounds): boolean =>
  earliestMs < atMs && atMs < latestMs

/** From when the packet may have come to where the claim is certain by polls, or from there. */
export const carriedOver = (edge: Edge, packet: Bounds, open: Bounds): Window =>
  edge === 'start'
    ? { fromMs: packet.earliestMs, untilMs: open.latestMs }
    : { fromMs: open.earliestMs, untilMs: packet.latestMs }

/**
 * Whether a sighting may carry a claim's certainty from one side of an instant to the other. What is needed above it then reaches
 * below: the sighting, and all that is claimed of the prefix, as it tells whether the claim was alone.
 */
export function carriesAcross(
  atMs: Millis,
  edge: Edge,
  sighting: Pick<Claim, Edge>,
  claim: Pick<Claim, Edge>,
): boolean {
  const { fromMs, untilMs } = carriedOver(edge, sighting[edge], claim[edge])
  return fromMs < atMs && atMs < untilMs
}

/** Whether another claim of the layer names the interface at some time in between: a packet tells interfaces apart, no more. */
export function hasCompany(claim: Claim, span: Window, among: readonly Claim[]): boolean {
  const eni = claim.owners[0]?.eni
  return among.some(
    other =>
      other !== claim &&
      other.layer === claim.layer &&
      mayHold(other, span) &&
      other.owners.some(owner => owner.eni === eni),
  )
}

export const mayHold = ({ start, end }: Claim, { fromMs, untilMs }: Window): boolean =>
  fromMs < end.latestMs && start.earliestMs < untilMs

/**
 * Held at both ends of it, and for so short a time that it cannot have come back: held throughout. A holding that one poll
 * alone has shown is certain nowhere by polls; between two packets around that poll it is.
 */
function carry(claim: JoinedClaim, begun: Claim | undefined, ended: Claim | undefined): Carried {
  const polled = { fromMs: claim.start.latestMs, untilMs: claim.end.earliestMs }
  const certain = {
    fromMs: begun?.start.latestMs ?? polled.fromMs,
    untilMs: ended?.end.earliestMs ?? polled.untilMs,
  }
  const head = begun && { fromMs: certain.fromMs, untilMs: Math.min(polled.fromMs, certain.untilMs), id: begun.id }
  const tail = ended && { fromMs: Math.max(polled.untilMs, certain.fromMs), untilMs: certain.untilMs, id: ended.id }
  const carriedBy = [head, tail].flatMap(part =>
    part && part.fromMs < part.untilMs ? [certainThroughout(claim, part)] : [],
  )
  return { certain, carriedBy }
}

const certainThroughout = (
  claim: JoinedClaim,
  { fromMs, untilMs, id }: Window & { readonly id: string },
): JoinedClaim => ({
  ...claim,
  id,
  evidence: 'flow-sighting',
  state: 'closed',
  start: { earliestMs: fromMs, latestMs: fromMs },
  end: { earliestMs: untilMs, latestMs: untilMs },
})
