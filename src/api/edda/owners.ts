import { setImmediate } from 'node:timers/promises'
import type { Claim } from '../../ownership/claim.ts'
import type { OwnershipIndex } from '../../ownership/ownership-index.ts'
import type { Millis } from '../../ownership/window.ts'
import { type HeldDocument, heldDocument, heldRevision, type Revision } from './documents.ts'
import { eddaErrors } from './errors.ts'
import type { MatrixArguments } from './matrix.ts'

const MOST_CLAIMS = 10_000

/** What sources say of an application, in the domains that are wanted: so many claims at most, in a fixed order. */
export async function claimsHeldBy(
  index: Pick<OwnershipIndex, 'claimsOfApplication'>,
  application: string,
  isWanted: (domain: string) => boolean,
): Promise<readonly Claim[]> {
  const found: Claim[] = []
  for (const claim of index.claimsOfApplication(application)) {
    if (claim === undefined) await setImmediate()
    else if (isWanted(claim.domain)) found.push(claim)
    if (found.length > MOST_CLAIMS)
      throw eddaErrors.argumentRefused({
        argument: application,
        reason: `it has more than ${MOST_CLAIMS} claims, which /v1/apps/{app}/addresses gives in pages; name a domain`,
      })
  }
  return found.sort((a, b) => keyOf(a).localeCompare(keyOf(b)) || a.start.latestMs - b.start.latestMs)
}

const keyOf = ({ domain, prefix }: Claim): string => `${domain} ${prefix}`

export type OwnerDocument = { readonly application: string; readonly addresses: readonly HeldDocument[] }

/**
 * What an application had then, or may have had. An empty one is made only where it is asked for.
 *
 * @throws WHOHAD_EDDA_GONE
 */
export function documentOfOwner(
  claims: readonly Claim[],
  application: string,
  atMs: Millis,
  orNothing = false,
): Revision<OwnerDocument> {
  const held = claims.filter(({ start, end }) => start.earliestMs <= atMs && end.latestMs > atMs)
  if (held.length === 0 && !orNothing) throw eddaErrors.gone({ id: application, atMs })
  const addresses = held.map(claim => heldDocument(claim, application))
  return { id: application, stime: atMs, ltime: null, data: { application, addresses } }
}

/** Its claims that touch the range, newest first: of each address the newest alone, or with `_all` every one. */
export function revisionsOfOwner(
  claims: readonly Claim[],
  { id: application, sinceMs = 0, untilMs, all }: MatrixArguments,
  nowMs: Millis,
): readonly Revision<HeldDocument>[] {
  const before = untilMs ?? nowMs
  const newestFirst = claims
    .filter(({ start, end }) => start.earliestMs < before && end.latestMs > sinceMs)
    .map(claim => heldRevision(claim, application))
    .sort((a, b) => b.stime - a.stime)
  const known = new Set<string>()
  return newestFirst.filter(({ id }) => all || !(known.has(id) || !known.add(id)))
}
