import { carriesAcross, edgeSighted } from './flow-sightings.ts'
import { type ClaimLedger, END_LATEST } from './ledger/claim-ledger.ts'
import { OPEN } from './ledger/fact-table.ts'
import type { Millis } from './window.ts'

/**
 * Whether each claim, by its ref, is needed for questions above the horizons: it is not closed, or touches the time above, or
 * describes the same lifetime of the same prefix as one that does (rule 7: the two bound each other's windows), or lies where a
 * flow sighting carries such a one across the horizon, or is all that makes its domain known. `horizonMs` by the number of a
 * domain.
 */
export function outliving(ledger: ClaimLedger, horizonMs: (domain: number) => Millis): Uint8Array {
  const kept = new Uint8Array(ledger.size)
  const lastOfDomain = new Map<number, number>()
  const knownDomains = new Set<number>()
  for (let ref = 0; ref < kept.length; ref++) {
    const { domain } = ledger.cell(ref)
    lastOfDomain.set(domain, ref)
    const isOver = ledger.time(ref, END_LATEST) <= horizonMs(domain) && isClosed(ledger, ref)
    if (isOver) continue
    kept[ref] = 1
    knownDomains.add(domain)
    const lifetime = ledger.lifetime(ref)
    if (lifetime === 0) continue
    for (let other = ledger.first(ledger.cellNumber(ref)); other >= 0; other = ledger.next(other)) {
      if (ledger.lifetime(other) === lifetime) kept[other] = 1
    }
  }
  keepAroundSightings(ledger, kept, horizonMs)
  for (const [domain, ref] of lastOfDomain) if (!knownDomains.has(domain)) kept[ref] = 1
  return kept
}

/** Keeps all claims of a prefix on which a sighting carries a claim that stays across the horizon. */
function keepAroundSightings(ledger: ClaimLedger, kept: Uint8Array, horizonMs: (domain: number) => Millis): void {
  const { facts } = ledger
  for (let ref = 0; ref < kept.length; ref++) {
    if (!facts.isFlowSource(facts.sourceNumber(ledger.fact(ref)))) continue
    const sighting = ledger.claim(ref)
    const sighted = edgeSighted(sighting.lifetimeId ?? '')
    const about = sighted ? ledger.refOf(sighted.claimId) : -1
    if (sighted === undefined || about < 0 || kept[about] === 0) continue
    const atMs = horizonMs(ledger.cell(ref).domain)
    if (!carriesAcross(atMs, sighted.edge, sighting, ledger.claim(about))) continue
    for (let one = ledger.first(ledger.cellNumber(ref)); one >= 0; one = ledger.next(one)) kept[one] = 1
  }
}

function isClosed(ledger: ClaimLedger, ref: number): boolean {
  const fact = ledger.fact(ref)
  return (fact & OPEN) === 0 && ledger.facts.fact(fact).state === 'closed'
}
