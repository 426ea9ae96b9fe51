import Type, { type Static } from 'typebox'
import type { Answer } from '../../ownership/answer.ts'
import type { Owner } from '../../ownership/claim.ts'
import type { Fact } from '../../ownership/ledger/fact-table.ts'
import { ReasonSchema, StateSchema } from '../answer-schema.ts'

const TextOrNull = Type.Union([Type.String(), Type.Null()])

/** An answer in one line: who, where and by whose word. Windows, finality and what lies beneath are for a whole answer. */
export const BriefSchema = Type.Object(
  {
    domain: Type.String({ description: 'the routing domain that was asked' }),
    state: StateSchema,
    reason: ReasonSchema,
    application: TextOrNull,
    cluster: TextOrNull,
    kind: TextOrNull,
    resourceId: TextOrNull,
    account: TextOrNull,
    region: TextOrNull,
    zone: TextOrNull,
    vpc: TextOrNull,
    eni: TextOrNull,
    team: TextOrNull,
    layer: TextOrNull,
    source: TextOrNull,
    candidates: Type.Array(Type.String(), { description: 'who may have held it; "nobody" may be among them' }),
    service: Type.Union([Type.String(), Type.Null()], {
      description: 'the published service, where the address is one’s',
    }),
  },
  { additionalProperties: false },
)
export type Brief = Static<typeof BriefSchema>

const MOST_NAMED = 10

export function briefOf(answer: Answer): Brief {
  const { holding, service } = answer
  const names = answer.candidates.map(candidate => (candidate.holding ? nameOf(candidate.holding.owner) : 'nobody'))
  return {
    domain: answer.question.domain,
    state: answer.state,
    reason: answer.reason,
    ...placeOf(holding?.owner),
    layer: holding?.layer ?? null,
    source: holding?.source ?? null,
    candidates: [...new Set(names)].slice(0, MOST_NAMED),
    service: service && nameOf(service.owner),
  }
}

/** What `briefOf` says where a quick look-up found this fact (`Generation.ownerOf`). */
export function briefOfFact({ owners: [owner], evidence, layer, source }: Fact, domain: string): Brief {
  return { domain, state: 'owned', reason: evidence, ...placeOf(owner), layer, source, candidates: [], service: null }
}

const placeOf = (owner: Owner | undefined) => ({
  application: owner?.application ?? null,
  cluster: owner?.cluster ?? null,
  kind: owner?.kind ?? null,
  resourceId: owner?.resourceId ?? null,
  account: owner?.account ?? null,
  region: owner?.region ?? null,
  zone: owner?.zone ?? null,
  vpc: owner?.vpc ?? null,
  eni: owner?.eni ?? null,
  team: owner?.team ?? null,
})

/** The application, or the resource where no rule named one. */
export const nameOf = ({ application, resourceId }: Pick<Owner, 'application' | 'resourceId'>): string =>
  application ?? resourceId
