import { managedSpace } from '../../src/enricher/domain-of-record.ts'

import { askFrom } from '../../src/ownership/across-domains.ts'
import type { Change, Claim, Layer, Owner, Progress, SourceRecord } from '../../src/ownership/claim.ts'
import type { AnswerAcross, CandidateAcross } from '../../src/ownership/combine-domains.ts'
import { type Reach, reachTable } from '../../src/ownership/reach.ts'
import type { Bounds, Window } from '../../src/ownership/window.ts'
import { indexOf, noDoubt, owner, prefix, question } from './estate.ts'

/** Something held in a domain, within these bounds. */
export type Told = {
  readonly domain: string
  readonly prefix: string
  readonly holder: string
  readonly start: Bounds
  readonly end: Bounds
  readonly layer?: Layer
  readonly whole?: boolean
  readonly source?: string
  readonly owner?: Partial<Owner>
}

export const at = (atMs: number): Bounds => ({ earliestMs: atMs, latestMs: atMs })

/** A host that somebody holds for a known time. */
export const held = (domain: string, cidr: string, holder: string, fromMs: number, untilMs: number): Told => ({
  domain,
  prefix: cidr,
  holder,
  start: at(fromMs),
  end: at(untilMs),
})

/** A VPC's block, which says what is managed. */
export const block = (domain: string, cidr: string, fromMs = 0, untilMs = 1e6): Told => ({
  ...held(domain, cidr, `vpc of ${domain}`, fromMs, untilMs),
  layer: 'network',
})

export const open = (from: string, to: string, cidrs?: readonly string[], part: Partial<Reach> = {}): Reach => ({
  from,
  to,
  cidrs: cidrs?.map(prefix) ?? null,
  fromMs: Number.NEGATIVE_INFINITY,
  untilMs: Number.POSITIVE_INFINITY,
  via: 'pcx-1',
  ...part,
})

const LAYERS: readonly Layer[] = ['network', 'interface', 'instance', 'container']
const COMPLETE_MS = 1e7

/** Every domain has a source of its own, which saw all of the blocks in its scope at all times. */
export function changesOf(
  scopes: Readonly<Record<string, readonly string[]>>,
  told: readonly Told[],
): readonly Change[] {
  return Object.entries(scopes).flatMap(([domain, cidrs]): readonly Change[] => [
    registrationOf(domain, cidrs),
    progressOf(domain, 0, 1),
    ...told.filter(({ domain: name }) => name === domain).map((one, i) => claimOf(one, i + 1)),
    progressOf(domain, COMPLETE_MS, told.length + 1),
  ])
}

const registrationOf = (domain: string, cidrs: readonly string[]): SourceRecord => ({
  record: 'source',
  source: `ec2/${domain}`,
  revision: { epoch: 1, sequence: 0 },
  kind: 'ec2',
  scope: cidrs.map(cidr => ({ domain, prefix: prefix(cidr), layers: LAYERS, fromMs: 0 })),
  bounds: { ...noDoubt, briefestHoldingMs: 1e12, longestGapMs: 1e12 },
  validity: { fromMs: 0, untilMs: Number.POSITIVE_INFINITY },
})

const progressOf = (domain: string, completeUpToMs: number, sequence: number): Progress => ({
  record: 'progress',
  source: `ec2/${domain}`,
  revision: { epoch: 1, sequence },
  completeUpToMs,
  overAtMs: completeUpToMs,
  counts: { addresses: 0, changed: 0 },
  refused: null,
})

function claimOf({ layer = 'instance', ...told }: Told, sequence: number): Claim {
  return {
    record: 'claim',
    id: [told.domain, told.prefix, layer, told.holder, told.start.earliestMs, sequence].join('|'),
    revision: { epoch: 1, sequence },
    domain: told.domain,
    prefix: prefix(told.prefix),
    ports: null,
    layer,
    source: told.source ?? `ec2/${told.domain}`,
    owners: [owner(told.holder, `${told.domain}/${told.holder}`, told.owner)],
    lifetimeId: null,
    start: told.start,
    end: told.end,
    lastSightingMs: told.end.earliestMs,
    evidence: 'sighted',
    state: 'closed',
    expects: [],
    whole: told.whole ?? false,
  }
}

/** Asks about an address as seen from a domain. */
export function asker(changes: readonly Change[], reaches: readonly Reach[]) {
  const index = indexOf(changes)
  const isManaged = managedSpace(index.sources())
  const lookUps = {
    ask: (asked: Parameters<typeof index.ask>[0]) => index.ask(asked),
    isManaged,
    reach: reachTable(reaches),
  }
  return (from: string, address: string, { fromMs, untilMs }: Window): AnswerAcross =>
    askFrom([{ from, base: from }], question(address, fromMs, untilMs), lookUps)
}

/** `d2: owned sighted b`, `?: ambiguous conflicting-sources d2 b|d3 c`. */
export function inWords({ domain, answer }: AnswerAcross): string {
  const candidates = (answer.candidates as readonly CandidateAcross[]).map(({ domain: where, holding }) =>
    [where ?? 'nowhere', holding?.owner.application ?? 'nobody'].join(' '),
  )
  const who = answer.holding?.owner.application ?? candidates.join('|')
  return `${domain ?? '?'}: ${[answer.state, answer.reason, who].join(' ').trim()}`
}
