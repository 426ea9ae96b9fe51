import {
  type Change,
  type Claim,
  type Evidence,
  type Horizon,
  LAYERS,
  type Layer,
  type Owner,
  type PortRange,
  type Progress,
  type Revision,
  type Scope,
  type SourceRecord,
} from '../ownership/claim.ts'
import { type Prefix, toPrefix } from '../ownership/prefix.ts'
import type { Bounds, Millis, Window } from '../ownership/window.ts'
import { HIGHEST_PORT, STATES } from './claim/fields.ts'

/**
 * The values as the Avro schemas have them: no `record` (the schema says it), null for "no bound known", underscores in
 * the symbols of evidence (Avro allows no hyphen).
 */
export type Wire<T extends Change> = Omit<T, 'record'>

type WireBounds = { readonly earliestMs: Millis | null; readonly latestMs: Millis | null }
type WireWindow = { readonly fromMs: Millis | null; readonly untilMs: Millis | null }

const EVIDENCE_SYMBOLS: Readonly<Record<Evidence, string>> = {
  sighted: 'sighted',
  'authoritative-time': 'authoritative_time',
  'flow-sighting': 'flow_sighting',
  bridged: 'bridged',
}
const EVIDENCE = new Map(Object.entries(EVIDENCE_SYMBOLS).map(([evidence, symbol]) => [symbol, evidence as Evidence]))

/** avsc 5.7.9 writes numbers from 2^52 on wrongly and says nothing: it doubles them as a float before it adds the sign. */
const LARGEST = 2 ** 52 - 1

const whole = (number: number): number => {
  if (Number.isInteger(number) && Math.abs(number) <= LARGEST) return number
  throw new RangeError(`${number} is not a whole number up to 2^52`)
}
// Only the one infinity that the field can mean becomes null; the other is refused.
const lower = (ms: Millis) => (ms === Number.NEGATIVE_INFINITY ? null : whole(ms))
const upper = (ms: Millis) => (ms === Number.POSITIVE_INFINITY ? null : whole(ms))
const fromLower = (ms: Millis | null) => (ms === null ? Number.NEGATIVE_INFINITY : whole(ms))
const fromUpper = (ms: Millis | null) => (ms === null ? Number.POSITIVE_INFINITY : whole(ms))

const wireBounds = (bounds: Bounds): WireBounds => ({
  earliestMs: lower(bounds.earliestMs),
  latestMs: upper(bounds.latestMs),
})
const boundsOf = (wire: WireBounds): Bounds => ({
  earliestMs: fromLower(wire.earliestMs),
  latestMs: fromUpper(wire.latestMs),
})

const wireRevision = ({ epoch, sequence }: Revision): Revision => ({ epoch: whole(epoch), sequence: whole(sequence) })

/**
 * What Avro is to write for a change. Labels go in the order of their names, so that equal claims are equal bytes.
 * @throws RangeError where a number is not a whole one that Avro can carry.
 */
export function toWire(change: Change): object {
  switch (change.record) {
    case 'claim':
      return {
        ...change,
        revision: wireRevision(change.revision),
        ports: change.ports && portsOf(change.ports),
        owners: change.owners.map(owner => ({ ...owner, labels: sorted(owner.labels) })),
        start: wireBounds(change.start),
        end: wireBounds(change.end),
        lastSightingMs: whole(change.lastSightingMs),
        evidence: EVIDENCE_SYMBOLS[change.evidence],
      }
    case 'progress':
      return {
        ...change,
        revision: wireRevision(change.revision),
        completeUpToMs: lower(change.completeUpToMs),
        overAtMs: lower(change.overAtMs),
        counts: { addresses: whole(change.counts.addresses), changed: whole(change.counts.changed) },
      }
    case 'source':
      return {
        ...change,
        revision: wireRevision(change.revision),
        scope: change.scope.map(scope => ({ ...scope, fromMs: lower(scope.fromMs) })),
        bounds: {
          lagMs: whole(change.bounds.lagMs),
          clockErrorMs: whole(change.bounds.clockErrorMs),
          bridgeMs: upper(change.bounds.bridgeMs),
          briefestHoldingMs: whole(change.bounds.briefestHoldingMs),
          longestGapMs: upper(change.bounds.longestGapMs),
        },
        validity: { fromMs: lower(change.validity.fromMs), untilMs: upper(change.validity.untilMs) },
      }
    case 'horizon':
      return { ...change, beforeMs: whole(change.beforeMs) }
  }
}

function sorted(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = Object.keys(labels)
  if (names.length < 2) return labels
  return Object.fromEntries(names.sort().map(name => [name, labels[name] ?? '']))
}

/**
 * The change that a decoded value stands for: plain data, keys in the order of the types (`supersedes` compares texts).
 * @throws RangeError where the value fits the schema but cannot be a change: who else writes to the topic need not know.
 */
export function fromWire(record: Change['record'], value: unknown): Change {
  switch (record) {
    case 'claim':
      return claimOf(value as WireClaim)
    case 'progress':
      return progressOf(value as WireProgress)
    case 'source':
      return sourceRecordOf(value as WireSource)
    case 'horizon': {
      const { domain, beforeMs } = value as Wire<Horizon>
      return { record: 'horizon', domain: named('domain', domain), beforeMs: whole(beforeMs) }
    }
  }
}

/** Maps come as lists of their entries (`readingType`), or as objects from whoever reads by avsc alone. */
type WireLabels = readonly { readonly key: string; readonly value: string }[] | Readonly<Record<string, string>>
type WireOwner = Omit<Owner, 'labels'> & { readonly labels: WireLabels }

type WireClaim = Omit<Wire<Claim>, 'start' | 'end' | 'evidence' | 'owners'> & {
  readonly owners: readonly WireOwner[]
  readonly start: WireBounds
  readonly end: WireBounds
  readonly evidence: string
}

function claimOf(wire: WireClaim): Claim {
  const evidence = EVIDENCE.get(wire.evidence)
  if (evidence === undefined) throw new RangeError(`evidence "${wire.evidence}" is not known`)
  if (wire.owners.length === 0) throw new RangeError('a claim without an owner')
  return {
    record: 'claim',
    id: named('id', wire.id),
    revision: revisionOf(wire.revision),
    domain: named('domain', wire.domain),
    prefix: prefixOf(wire.prefix),
    ports: wire.ports && portsOf(wire.ports),
    layer: layerOf(wire.layer),
    source: named('source', wire.source),
    owners: wire.owners.map(ownerOf),
    lifetimeId: wire.lifetimeId,
    start: boundsOf(wire.start),
    end: boundsOf(wire.end),
    lastSightingMs: whole(wire.lastSightingMs),
    evidence,
    state: stateOf(wire.state),
    expects: wire.expects.map(layerOf),
    whole: wire.whole,
  }
}

const ownerOf = (wire: WireOwner): Owner => ({
  application: wire.application,
  cluster: wire.cluster,
  stack: wire.stack,
  detail: wire.detail,
  kind: wire.kind,
  resourceId: wire.resourceId,
  account: wire.account,
  region: wire.region,
  zone: wire.zone,
  vpc: wire.vpc,
  subnet: wire.subnet,
  eni: wire.eni,
  host: wire.host,
  team: wire.team,
  labels: labelsOf(wire.labels),
  namedBy: wire.namedBy,
  forwards: wire.forwards,
})

type WireProgress = Omit<Wire<Progress>, 'completeUpToMs' | 'overAtMs'> & {
  readonly completeUpToMs: Millis | null
  readonly overAtMs: Millis | null
}

const progressOf = (wire: WireProgress): Progress => ({
  record: 'progress',
  source: named('source', wire.source),
  revision: revisionOf(wire.revision),
  completeUpToMs: fromLower(wire.completeUpToMs),
  overAtMs: fromLower(wire.overAtMs),
  counts: { addresses: whole(wire.counts.addresses), changed: whole(wire.counts.changed) },
  refused: wire.refused && { reason: wire.refused.reason, detail: wire.refused.detail },
})

type WireSource = Omit<Wire<SourceRecord>, 'scope' | 'bounds' | 'validity'> & {
  readonly scope: readonly (Omit<Scope, 'fromMs'> & { readonly fromMs: Millis | null })[]
  readonly bounds: Omit<SourceRecord['bounds'], 'bridgeMs' | 'longestGapMs'> & {
    readonly bridgeMs: Millis | null
    readonly longestGapMs: Millis | null
  }
  readonly validity: WireWindow
}

function sourceRecordOf(wire: WireSource): SourceRecord {
  const { bounds } = wire
  const validity: Window = { fromMs: fromLower(wire.validity.fromMs), untilMs: fromUpper(wire.validity.untilMs) }
  return {
    record: 'source',
    source: named('source', wire.source),
    revision: revisionOf(wire.revision),
    kind: wire.kind,
    scope: wire.scope.map(scope => ({
      domain: named('domain', scope.domain),
      prefix: prefixOf(scope.prefix),
      layers: scope.layers.map(layerOf),
      fromMs: fromLower(scope.fromMs),
    })),
    bounds: {
      lagMs: whole(bounds.lagMs),
      clockErrorMs: whole(bounds.clockErrorMs),
      bridgeMs: fromUpper(bounds.bridgeMs),
      briefestHoldingMs: whole(bounds.briefestHoldingMs),
      longestGapMs: fromUpper(bounds.longestGapMs),
    },
    validity,
  }
}

function revisionOf({ epoch, sequence }: Revision): Revision {
  if (epoch < 0 || sequence < 0) throw new RangeError(`revision (${epoch}, ${sequence}) is negative`)
  return { epoch: whole(epoch), sequence: whole(sequence) }
}

function prefixOf(text: string): Prefix {
  const prefix = toPrefix(text)
  if (prefix === undefined || prefix !== text) throw new RangeError(`"${text.slice(0, 64)}" is not a canonical prefix`)
  return prefix
}

/** Entries are set as own ones, whatever they are called: `__proto__` is a name like others. */
const labelsOf = (labels: WireLabels): Owner['labels'] =>
  isList(labels) ? Object.fromEntries(labels.map(({ key, value }) => [key, value])) : labels

const isList = (labels: WireLabels): labels is Extract<WireLabels, readonly unknown[]> => Array.isArray(labels)

function portsOf({ first, last }: PortRange): PortRange {
  const fits = (port: number) => port >= 0 && port <= HIGHEST_PORT
  if (fits(first) && fits(last)) return { first, last }
  throw new RangeError(`ports ${first} to ${last} are not from 0 to ${HIGHEST_PORT}`)
}

// A newer version may know more of them (`resolvedReading`).
function layerOf(layer: Layer): Layer {
  if (LAYERS.includes(layer)) return layer
  throw new RangeError(`layer "${layer}" is not known`)
}

function stateOf(state: Claim['state']): Claim['state'] {
  if (STATES.includes(state)) return state
  throw new RangeError(`state "${state}" is not known`)
}

function named(field: string, text: string): string {
  if (text === '') throw new RangeError(`an empty ${field}`)
  return text
}
