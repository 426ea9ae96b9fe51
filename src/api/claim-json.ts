import Type, { type Static } from 'typebox'
import { type Claim, LAYERS } from '../ownership/claim.ts'
import { boundsJson, instantJson, ownerJson } from './answer-json.ts'
import { BoundsSchema, EvidenceSchema, InstantOrNull, OwnerSchema } from './answer-schema.ts'

/** A claim as its newest revision says it: before the rules have cut its windows by what its neighbours prove. */
export const ClaimSchema = Type.Object(
  {
    claimId: Type.String(),
    revision: Type.Object({ epoch: Type.Integer(), sequence: Type.Integer() }, { additionalProperties: false }),
    domain: Type.String(),
    prefix: Type.String(),
    ports: Type.Union([
      Type.Object({ first: Type.Integer(), last: Type.Integer() }, { additionalProperties: false }),
      Type.Null(),
    ]),
    layer: Type.Enum([...LAYERS]),
    source: Type.String(),
    owners: Type.Array(OwnerSchema),
    lifetimeId: Type.Union([Type.String(), Type.Null()]),
    start: BoundsSchema,
    end: BoundsSchema,
    lastSighting: InstantOrNull,
    evidence: EvidenceSchema,
    state: Type.Enum(['open', 'missing', 'closed']),
  },
  { additionalProperties: false },
)
export type ClaimJson = Static<typeof ClaimSchema>

export const claimJson = (claim: Claim): ClaimJson => ({
  claimId: claim.id,
  revision: { epoch: claim.revision.epoch, sequence: claim.revision.sequence },
  domain: claim.domain,
  prefix: claim.prefix,
  ports: claim.ports && { first: claim.ports.first, last: claim.ports.last },
  layer: claim.layer,
  source: claim.source,
  owners: claim.owners.map(ownerJson),
  lifetimeId: claim.lifetimeId,
  start: boundsJson(claim.start),
  end: boundsJson(claim.end),
  lastSighting: claim.lastSightingMs === 0 ? null : instantJson(claim.lastSightingMs),
  evidence: claim.evidence,
  state: claim.state,
})
