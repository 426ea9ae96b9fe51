import type { AnswerPart } from '../../ownership/answer.ts'
import type { Claim, Owner } from '../../ownership/claim.ts'
import type { Millis } from '../../ownership/window.ts'

/** A document with the times between which it was valid, as Edda calls them; `ltime` null is still valid. */
export type Revision<Document> = {
  readonly id: string
  readonly stime: Millis
  readonly ltime: Millis | null
  readonly data: Document
}

const placeOf = (owner: Owner | undefined) => ({
  application: owner?.application ?? null,
  resourceId: owner?.resourceId ?? null,
  kind: owner?.kind ?? null,
  account: owner?.account ?? null,
  region: owner?.region ?? null,
  zone: owner?.zone ?? null,
  vpcId: owner?.vpc ?? null,
  networkInterfaceId: owner?.eni ?? null,
})

/** Who had an address over some time. The holder is named where it surely had the address throughout, else it is null. */
export const addressDocument = (ip: string, domain: string, { state, reason, holding }: Answered) => ({
  address: ip,
  domain,
  state,
  reason,
  layer: holding?.layer ?? null,
  ...placeOf(holding?.owner),
})
export type AddressDocument = ReturnType<typeof addressDocument>

type Answered = Pick<AnswerPart, 'state' | 'reason' | 'holding'>

/** One address or block of an application, as a source says. */
export const heldDocument = ({ domain, prefix, layer, owners }: Claim, application: string) => ({
  address: prefix.replace(/\/(32|128)$/, ''),
  domain,
  layer,
  ...placeOf(owners.find(owner => owner.application === application)),
})
export type HeldDocument = ReturnType<typeof heldDocument>

/** The times of a claim as one who knows of no windows reads them: from when and to when it is certain. */
export const heldRevision = (claim: Claim, application: string): Revision<HeldDocument> => ({
  id: `${claim.domain}/${claim.prefix}`,
  stime: claim.start.latestMs,
  ltime: claim.state === 'open' ? null : claim.end.earliestMs,
  data: heldDocument(claim, application),
})

export const linesOf = (document: unknown): readonly string[] => JSON.stringify(document, null, 2).split('\n')
