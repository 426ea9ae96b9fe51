import Type, { type Static } from 'typebox'
import { ANSWER_STATES, MOST_CANDIDATES, MOST_PARTS, MOST_UNDER, type Verdict } from '../ownership/answer.ts'
import { type Evidence, LAYERS } from '../ownership/claim.ts'

// A record, so that a reason or an evidence added to the core breaks the build here.
const REASONS: Readonly<Record<Verdict['reason'], true>> = {
  sighted: true,
  'authoritative-time': true,
  'flow-sighting': true,
  bridged: true,
  handoff: true,
  head: true,
  tail: true,
  'shared-address': true,
  'conflicting-sources': true,
  'spans-handoff': true,
  'interface-level': true,
  'absent-in-complete-polls': true,
  'before-coverage': true,
  'source-stale': true,
  'not-yet': true,
  expired: true,
  'no-such-domain': true,
  'unmanaged-prefix': true,
  internet: true,
  'aws-service': true,
}
const EVIDENCE: Readonly<Record<Evidence, true>> = {
  sighted: true,
  'authoritative-time': true,
  'flow-sighting': true,
  bridged: true,
}

const closed = { additionalProperties: false } as const
const Text = Type.String()
const TextOrNull = Type.Union([Text, Type.Null()])

export const InstantSchema = Type.Object(
  {
    iso: Type.String({ description: 'ISO 8601, UTC, to the millisecond' }),
    ms: Type.Integer({ description: 'milliseconds since 1970-01-01T00:00:00Z' }),
  },
  closed,
)
export const InstantOrNull = Type.Union([InstantSchema, Type.Null()])

/** Within which an instant lies that nobody saw exactly; null where that side has no bound. */
export const BoundsSchema = Type.Object({ earliest: InstantOrNull, latest: InstantOrNull }, closed)

/** Half-open: `from` belongs to it, `until` does not. */
export const WindowSchema = Type.Object({ from: InstantOrNull, until: InstantOrNull }, closed)

export const OwnerSchema = Type.Object(
  {
    application: TextOrNull,
    cluster: TextOrNull,
    stack: TextOrNull,
    detail: TextOrNull,
    team: TextOrNull,
    namedBy: TextOrNull,
    kind: Text,
    resourceId: Text,
    forwards: Type.Boolean(),
    placement: Type.Object(
      {
        account: TextOrNull,
        region: TextOrNull,
        zone: TextOrNull,
        vpc: TextOrNull,
        subnet: TextOrNull,
        eni: TextOrNull,
        host: TextOrNull,
      },
      closed,
    ),
    labels: Type.Record(Text, Text),
  },
  closed,
)

export const EvidenceSchema = Type.Enum(namesOf(EVIDENCE))

export const HoldingSchema = Type.Object(
  {
    owner: OwnerSchema,
    layer: Type.Enum([...LAYERS]),
    prefix: Text,
    source: Text,
    claimId: Text,
    evidence: EvidenceSchema,
    start: BoundsSchema,
    end: BoundsSchema,
    lastSighting: InstantOrNull,
  },
  closed,
)
const HoldingOrNull = Type.Union([HoldingSchema, Type.Null()])

export const StateSchema = Type.Enum([...ANSWER_STATES])
export const ReasonSchema = Type.Enum(namesOf(REASONS))

/** What holds over one stretch of the window; its holding is set exactly where its state is owned. */
export const PartSchema = Type.Object(
  { during: WindowSchema, state: StateSchema, reason: ReasonSchema, holding: HoldingOrNull },
  closed,
)

const total = (of: string, most: number) =>
  Type.Integer({ minimum: 0, description: `how many ${of} there are; the first ${most} are listed` })

const SplitSchema = Type.Object(
  { parts: Type.Array(PartSchema, { maxItems: MOST_PARTS }), total: total('parts', MOST_PARTS) },
  { ...closed, description: 'the window cut where the answer changes; null where one holds throughout' },
)

/** An answer on the wire. Every field is always there; null says "not known" or "none". */
export const AnswerSchema = Type.Object(
  {
    question: Type.Object(
      {
        ip: Text,
        domain: Text,
        port: Type.Union([Type.Integer({ minimum: 0, maximum: 65_535 }), Type.Null()]),
        from: InstantOrNull,
        until: InstantOrNull,
        asOf: InstantOrNull,
      },
      closed,
    ),
    state: StateSchema,
    reason: ReasonSchema,
    summary: Type.String({ description: 'the answer in a sentence' }),
    application: Type.Union([Text, Type.Null()], { description: 'set only where state is owned and a name is known' }),
    holding: HoldingOrNull,
    split: Type.Union([SplitSchema, Type.Null()]),
    candidates: Type.Array(Type.Object({ holding: HoldingOrNull, during: WindowSchema }, closed), {
      maxItems: MOST_CANDIDATES,
    }),
    candidatesTotal: total('candidates', MOST_CANDIDATES),
    under: Type.Array(HoldingSchema, { maxItems: MOST_UNDER }),
    underTotal: total('of them', MOST_UNDER),
    service: HoldingOrNull,
    watermark: InstantOrNull,
    final: Type.Boolean(),
  },
  closed,
)

export type AnswerJson = Static<typeof AnswerSchema>
export type HoldingJson = Static<typeof HoldingSchema>
export type InstantJson = Static<typeof InstantSchema>

/** The keys of a record whose type lists them all; `Object.keys` forgets that. */
function namesOf<Name extends string>(record: Readonly<Record<Name, true>>): Name[] {
  return Object.keys(record) as Name[]
}
