import type { Prefix } from './prefix.ts'
import type { Bounds, Millis, Window } from './window.ts'

/** From the broadest to the most exact holder of an address. */
export const LAYERS = ['service', 'network', 'interface', 'instance', 'container'] as const
export type Layer = (typeof LAYERS)[number]

export const layerRank = (layer: Layer): number => LAYERS.indexOf(layer)

/** Who holds an address: the application first, then where it runs. `null` is "not known", never "not there". */
export type Owner = {
  readonly application: string | null
  readonly cluster: string | null
  readonly stack: string | null
  readonly detail: string | null
  /** instance, container, or the ENI's own kind: interface, branch, trunk, nat_gateway, network_load_balancer, … */
  readonly kind: string
  /** Identifies one lifetime of the resource: i-…, eni-…, a task id. Never a name that is used again. */
  readonly resourceId: string
  readonly account: string | null
  readonly region: string | null
  readonly zone: string | null
  readonly vpc: string | null
  readonly subnet: string | null
  readonly eni: string | null
  readonly host: string | null
  readonly team: string | null
  readonly labels: Readonly<Record<string, string>>
  /** The naming rule that chose the application, or null where none did. */
  readonly namedBy: string | null
  /** True where the interface carries other parties' packets: NAT, transit, source/destination check off. */
  readonly forwards: boolean
}

/** (source epoch, poll sequence). The higher one wins; a tie is broken by content, never by arrival. */
export type Revision = { readonly epoch: number; readonly sequence: number }

export type PortRange = { readonly first: number; readonly last: number }

/** What makes a claim certain between its windows; the reason of an `owned` answer. */
export type Evidence = 'sighted' | 'authoritative-time' | 'flow-sighting' | 'bridged'

export type ClaimState = 'open' | 'missing' | 'closed'

/**
 * Source S saw that, in a domain, a prefix (optionally only local ports) was held by an owner, from within a start window
 * to within an end window. Between the windows it is certain, inside one it is possible, outside it says nothing.
 * Each message is the whole claim.
 */
export type Claim = {
  readonly record: 'claim'
  readonly id: string
  readonly revision: Revision
  readonly domain: string
  readonly prefix: Prefix
  /** Only these local ports, or null for all. */
  readonly ports: PortRange | null
  readonly layer: Layer
  readonly source: string
  /** At least one; several for a shared address, each of them a candidate. */
  readonly owners: readonly Owner[]
  /** Identifies this binding of this address (task id, attachment id, association id), or null where no id does. */
  readonly lifetimeId: string | null
  readonly start: Bounds
  /** `latestMs` is Infinity while nothing has shown the end. */
  readonly end: Bounds
  /** The last sighting that this revision rests on was received no earlier; 0 where it was never sighted. */
  readonly lastSightingMs: Millis
  readonly evidence: Evidence
  /** `open`: certain up to the source's progress. `missing`: last poll did not show it, or showed it ending. */
  readonly state: ClaimState
  /** Higher layers that must be proved absent before this claim may be the answer. */
  readonly expects: readonly Layer[]
  /** A network claim that itself owns every address in it. */
  readonly whole: boolean
}

/** What one complete poll vouches for, or why a poll was refused. */
export type Progress = {
  readonly record: 'progress'
  readonly source: string
  readonly revision: Revision
  /** Earliest S − lag − ε of the poll: all that happened before it is in the claims. Unchanged by a refused poll. */
  readonly completeUpToMs: Millis
  /** R + ε of its last reply: nothing later was seen. −Infinity where the poll was refused. */
  readonly overAtMs: Millis
  readonly counts: { readonly addresses: number; readonly changed: number }
  readonly refused: { readonly reason: string; readonly detail: string } | null
}

/** The reason of the progress by which a poller says that it ends in good order: no poll, and another one may take over. */
export const STOPPED = 'stopped'

export const isGoodbye = ({ refused }: Progress): boolean => refused?.reason === STOPPED

/** How far a source's word can be trusted, in milliseconds (docs/architecture.md, "Declared bounds"). */
export type SourceBounds = {
  /** How stale a reply may be. */
  readonly lagMs: number
  /** ε: how far its clock and ours may differ. */
  readonly clockErrorMs: number
  /** Longest gap in which an address without a lifetime id cannot leave its holder and come back. */
  readonly bridgeMs: number
  /** Shortest time for which anyone holds an address at these layers; 0 where nobody can promise one. */
  readonly briefestHoldingMs: number
  /** Longest gap between two complete polls over which absence in both still counts as coverage. */
  readonly longestGapMs: number
}

export type Scope = {
  readonly domain: string
  readonly prefix: Prefix
  readonly layers: readonly Layer[]
  /** The source vouches for this part from here on. */
  readonly fromMs: Millis
}

/** Registration of one poller of one inventory in one place. Removing it is a later record with `validity.untilMs`. */
export type SourceRecord = {
  readonly record: 'source'
  readonly source: string
  readonly revision: Revision
  readonly kind: string
  readonly scope: readonly Scope[]
  readonly bounds: SourceBounds
  readonly validity: Window
}

/** Below `beforeMs` this domain's history is gone, and answers are `unknown: expired`. */
export type Horizon = { readonly record: 'horizon'; readonly domain: string; readonly beforeMs: Millis }

/** One record of the change stream. */
export type Change = Claim | Progress | SourceRecord | Horizon

/** The source whose partition a change belongs to; horizons have a partition of their own. */
export const sourceOf = (change: Change): string =>
  change.record === 'horizon' ? `horizon/${change.domain}` : change.source

export const compareRevisions = (a: Revision, b: Revision): number => a.epoch - b.epoch || a.sequence - b.sequence

/** True where `next` replaces `held`. Equal revisions are ordered by content, so any arrival order ends alike. */
export function supersedes<T extends { readonly revision: Revision }>(next: T, held: T): boolean {
  const order = compareRevisions(next.revision, held.revision)
  return order !== 0 ? order > 0 : contentOf(next) > contentOf(held)
}

/** The same text for the same content, whatever the order in which its fields were written. */
function contentOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(contentOf).join()}]`
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? JSON.stringify(value) : String(value)
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${name}:${contentOf(field)}`).join()}}`
}

/** The same words for the same claim, from which its id is hashed (docs/change-stream.md). */
export function claimKey(
  claim: Pick<Claim, 'source' | 'domain' | 'prefix' | 'ports' | 'layer' | 'owners'>,
  lifetime: string,
): string {
  const ports = claim.ports ? `${claim.ports.first}-${claim.ports.last}` : ''
  const applications = claim.owners.map(owner => owner.application ?? '').join(',')
  return [claim.source, claim.domain, claim.prefix, ports, claim.layer, applications, lifetime].join('|')
}
