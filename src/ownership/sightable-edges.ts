import { type Claim, layerRank, type Owner } from './claim.ts'
import type { SourceHistory } from './coverage.ts'
import { isPublicDomain, PUBLIC_IPV6 } from './domains.ts'
import {
  carriedOver,
  certainBy,
  EDGES,
  type Edge,
  hasCompany,
  isFlowSource,
  isInside,
  mayBeSighted,
  mayHold,
  openWindow,
  sightedEdge,
} from './flow-sightings.ts'
import { coversBits, type Prefix, prefixBits } from './prefix.ts'
import { hasAnotherName } from './same-holding.ts'
import { scopesAround } from './watch-changes.ts'
import type { Bounds, Millis, Window } from './window.ts'

/** An edge of a claim on an interface that a packet through the interface may show more exactly than polls did. */
export type SightableEdge = {
  readonly claim: Claim
  readonly edge: Edge
  /** Where the claim may have begun, or ended. */
  readonly open: Bounds
  /** From when on, or until when, it is certain by now, with what packets have shown already. */
  readonly shownMs: Millis
  /** A packet that comes to the interface finds the address there; only one that leaves it shows that somebody is behind it. */
  readonly needsSender: boolean
  /**
   * Whether only the claim's owner can have had the address on this interface when a packet crossed it, somewhere within these
   * bounds: nobody else is claimed to, and whom no poll has shown would have had it for so long that some poll must have.
   */
  readonly excludesOthers: (packet: Bounds) => boolean
}

/**
 * The edges of all claims on one interface that wait for a packet, from all that names the interface (docs/decisions/0019).
 * None of an interface that forwards: what passes through it may be anybody's.
 */
export function sightableEdges(
  eni: string,
  claims: readonly Claim[],
  histories: readonly SourceHistory[],
): readonly SightableEdge[] {
  const listed = claims.filter(({ source }) => !isFlowSource(source))
  if (listed.some(({ owners }) => owners.some(owner => owner.eni === eni && owner.forwards))) return []
  const edges: SightableEdge[] = []
  for (const claim of listed) {
    if (!mayBeSighted(claim) || (isPublicDomain(claim.domain) && claim.domain !== PUBLIC_IPV6)) continue
    for (const edge of EDGES) {
      const open = openWindow(claim, edge)
      if (open === undefined || !isSteady(claim, open, histories)) continue
      edges.push({
        claim,
        edge,
        open,
        shownMs: shownBy(claims, claim, edge, open),
        needsSender: layerRank(claim.layer) > layerRank('interface'),
        excludesOthers: othersExcluded(claim, packet => carriedOver(edge, packet, open), listed, histories),
      })
    }
  }
  return edges
}

/** Whether it cannot have left and come back within the window: by its lifetime id, or by the declared bridge. */
function isSteady({ source, lifetimeId }: Claim, open: Bounds, histories: readonly SourceHistory[]): boolean {
  if (lifetimeId !== null) return true
  const bridgeMs = histories.find(history => history.source === source)?.record?.bounds.bridgeMs ?? 0
  return open.latestMs - open.earliestMs <= bridgeMs
}

/** One of the two blocks lies in the other. */
function isAround(one: Prefix, other: Prefix): boolean {
  const [a, b] = [prefixBits(one), prefixBits(other)]
  return a.length <= b.length ? coversBits(a, b) : coversBits(b, a)
}

/**
 * Others are those who are claimed to have had the address, or a block around or within it; those who are claimed to have had
 * the interface by any of its addresses, as polls may have missed them on this one; and those whom nobody saw.
 */
function othersExcluded(
  claim: Claim,
  carried: (packet: Bounds) => Window,
  listed: readonly Claim[],
  histories: readonly SourceHistory[],
): SightableEdge['excludesOthers'] {
  const { domain, prefix, layer } = claim
  const around = listed.filter(other => other.domain === domain && isAround(other.prefix, prefix))
  const others = listed.filter(other => tellsOfAnother(other, claim))
  const watching = histories.filter(({ space }) =>
    scopesAround(space, domain, prefix).some(({ layers }) => layers.includes(layer)),
  )
  return packet => {
    const span = carried(packet)
    if (hasCompany(claim, span, around) || others.some(other => mayHold(other, span))) return false
    const part = { fromMs: packet.earliestMs, untilMs: packet.latestMs }
    const speaking = watching.filter(({ record }) => record !== undefined && part.fromMs < record.validity.untilMs)
    return speaking.length > 0 && speaking.every(history => history.provesAbsence(part))
  }
}

/**
 * Whether a claim on the same interface, of any address, shows that somebody else is behind it, or the same under another name.
 * Containers share interfaces: only one that was given to another job is another there. A name that is not known is no other.
 */
function tellsOfAnother({ layer, owners }: Claim, claim: Claim): boolean {
  const held = claim.owners[0] as Owner
  return (
    layer === claim.layer &&
    owners.some(owner =>
      owner.resourceId === held.resourceId
        ? hasAnotherName(owner, held)
        : layer !== 'container' && owner.eni === held.eni,
    )
  )
}

function shownBy(claims: readonly Claim[], claim: Claim, edge: Edge, open: Bounds): Millis {
  const name = sightedEdge(claim.id, edge)
  const shownMs = claims
    .filter(({ source, lifetimeId }) => lifetimeId === name && isFlowSource(source))
    .map(sighting => certainBy(sighting[edge], edge))
    .filter(atMs => isInside(atMs, open))
  return edge === 'start' ? Math.min(open.latestMs, ...shownMs) : Math.max(open.earliestMs, ...shownMs)
}
