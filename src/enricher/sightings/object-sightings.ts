import { identify } from '../../changestream/claim-id.ts'
import { type Claim, claimKey } from '../../ownership/claim.ts'
import { PUBLIC_IPV6 } from '../../ownership/domains.ts'
import { flowSourceOf, isInside, sightedEdge } from '../../ownership/flow-sightings.ts'
import type { OwnershipIndex } from '../../ownership/ownership-index.ts'
import { covers } from '../../ownership/prefix.ts'
import type { SightableEdge } from '../../ownership/sightable-edges.ts'
import { type Bounds, type Millis, overlaps, type Window } from '../../ownership/window.ts'
import { mayStandForOthers, windowOf } from '../attribute.ts'
import type { FlowRecord } from '../flowlogs/parse.ts'
import { recordAt } from '../flowlogs/record-at.ts'
import { ABSENT, type RecordBatch, type TextNumbers } from '../flowlogs/record-batch.ts'
import { holds, localEndOf } from '../local-end.ts'

export type SightingContext = {
  readonly objectId: string
  readonly slackMs: Millis
  readonly index: Pick<OwnershipIndex, 'interfaceDuring' | 'sightableEdges'>
}

/** An edge, and the packet that shows the most of it so far. */
type Watched = SightableEdge & { packet: Bounds | undefined }

/**
 * What the records of one flow log object show of the interfaces that made them (design.md §6, docs/decisions/0019): told of all
 * of them, it has the claims that narrow an open window of what is claimed there. The same records under the same claims give
 * the same; once what they give is among the claims, they give nothing more.
 */
export class ObjectSightings {
  private readonly context: SightingContext
  private readonly watched = new Map<string, readonly Watched[]>()
  /** The same by the numbers that the last batch had of interfaces. */
  private watchedByNumber: (readonly Watched[])[] = []
  private texts: TextNumbers | undefined

  constructor(context: SightingContext) {
    this.context = context
  }

  take(record: FlowRecord): void {
    const { index, slackMs } = this.context
    const eni = record.interfaceId
    const window = windowOf(record, slackMs)
    if (eni === undefined || window === undefined) return
    const near = this.edgesOf(eni).filter(({ open }) =>
      overlaps(window, { fromMs: open.earliestMs, untilMs: open.latestMs }),
    )
    if (near.length === 0) return
    const view = index.interfaceDuring(eni, window)
    if (view === undefined || view.forwards || !view.complete || view.domains.length !== 1) return
    const local = localEndOf(record, view)
    if (local !== 'source' && local !== 'destination') return
    const { ip, packet } = record[local]
    if (!holds(view, ip) || (packet === undefined && mayStandForOthers(view, ip))) return
    const isSent = local === 'source'
    for (const edge of near) {
      const { claim, needsSender } = edge
      const isThere = claim.domain === view.domains[0] || claim.domain === PUBLIC_IPV6
      if (!isThere || !covers(claim.prefix, ip) || (needsSender && !isSent)) continue
      for (const instant of packetsOf(window, slackMs)) show(edge, instant)
    }
  }

  /** The records of a batch: nearly all are near no open window of their interface, and none of these becomes an object. */
  takeBatch(batch: RecordBatch): void {
    const { interfaces, startSeconds, endSeconds, count, texts } = batch
    const { slackMs } = this.context
    if (this.texts !== texts) this.watchedByNumber = []
    this.texts = texts
    for (let place = 0; place < count; place++) {
      const number = interfaces[place] as number
      if (number === ABSENT) continue
      this.watchedByNumber[number] ??= this.edgesOf(texts.text(number))
      const edges = this.watchedByNumber[number] as readonly Watched[]
      const fromMs = (startSeconds[place] as number) * 1000 - slackMs
      const untilMs = ((endSeconds[place] as number) + 1) * 1000
      if (isAnyNear(edges, fromMs, untilMs)) this.take(recordAt(batch, place))
    }
  }

  /** Those that narrow a window further than what was known. */
  claims(): readonly Claim[] {
    const source = flowSourceOf(this.context.objectId)
    return [...this.watched.values()]
      .flat()
      .flatMap(({ claim, edge, open, packet }) => (packet ? [sighting(source, { claim, edge, open }, packet)] : []))
  }

  private edgesOf(eni: string): readonly Watched[] {
    const known = this.watched.get(eni)
    if (known) return known
    const edges = this.context.index.sightableEdges(eni).map(edge => ({ ...edge, packet: undefined }))
    this.watched.set(eni, edges)
    return edges
  }
}

/** As `overlaps` says it of each, without an object for the window. */
function isAnyNear(edges: readonly Watched[], fromMs: Millis, untilMs: Millis): boolean {
  for (let i = 0; i < edges.length; i++) {
    const { open } = edges[i] as Watched
    if (fromMs < open.latestMs && open.earliestMs < untilMs) return true
  }
  return false
}

/**
 * When the first and the last packet of a record may have crossed the interface: whole seconds, and up to the slack earlier.
 * What was between them is not told.
 */
const packetsOf = ({ fromMs, untilMs }: Window, slackMs: Millis): readonly Bounds[] => [
  { earliestMs: fromMs, latestMs: fromMs + slackMs + 1000 },
  { earliestMs: untilMs - 1000 - slackMs, latestMs: untilMs },
]

function show(watched: Watched, instant: Bounds): void {
  const { edge, open, shownMs, packet, excludesOthers } = watched
  const { earliestMs, latestMs } = instant
  const isNews =
    edge === 'start'
      ? isInside(latestMs, open) && latestMs < (packet?.latestMs ?? shownMs)
      : isInside(earliestMs, open) && earliestMs > (packet?.earliestMs ?? shownMs)
  if (isNews && excludesOthers(instant)) watched.packet = instant
}

/** What carries the claim from the packet to where it is certain by polls, or from there to the packet. */
function sighting(
  source: string,
  { claim, edge, open }: Pick<SightableEdge, 'claim' | 'edge' | 'open'>,
  packet: Bounds,
): Claim {
  const lifetimeId = sightedEdge(claim.id, edge)
  const polledMs = edge === 'start' ? open.latestMs : open.earliestMs
  const polled = { earliestMs: polledMs, latestMs: polledMs }
  const { domain, prefix, ports, layer, owners } = claim
  return {
    record: 'claim',
    id: identify(claimKey({ source, domain, prefix, ports, layer, owners }, lifetimeId)),
    revision: { epoch: 1, sequence: 0 },
    domain,
    prefix,
    ports,
    layer,
    source,
    owners,
    lifetimeId,
    start: edge === 'start' ? packet : polled,
    end: edge === 'start' ? polled : packet,
    lastSightingMs: packet.latestMs,
    evidence: 'flow-sighting',
    state: 'closed',
    expects: [],
    whole: false,
  }
}
