import type { Claim } from './claim.ts'
import type { ClaimLedger } from './ledger/claim-ledger.ts'
import { FACT_NUMBER } from './ledger/fact-table.ts'

/** So many claims are looked at between two pauses: about a millisecond. */
const CLAIMS_OF_A_STEP = 100_000

const [NO, YES] = [1, 2]

/**
 * Every claim that has an owner of this application, in the order in which claims came; undefined now and then, so that a
 * caller can do other things between. One pass over all claims, which looks at each set of owners once.
 */
export function* claimsOfApplication(ledger: ClaimLedger, application: string): Generator<Claim | undefined> {
  const { facts } = ledger
  const name = facts.textNumberOf(application)
  if (name < 0) return
  const kinds = new Uint8Array(facts.size)
  const isOf = (fact: number): boolean => {
    const number = fact & FACT_NUMBER
    const known = kinds[number]
    if (known === YES || known === NO) return known === YES
    let list = facts.ownersNumber(fact)
    while (list > 0 && facts.owners.application(list) !== name) list = facts.owners.rest(list)
    // What has come since the beginning has no place there.
    kinds[number] = list > 0 ? YES : NO
    return list > 0
  }
  for (let ref = 0; ref < ledger.size; ref++) {
    if (ref % CLAIMS_OF_A_STEP === CLAIMS_OF_A_STEP - 1) yield undefined
    if (isOf(ledger.fact(ref))) yield ledger.claim(ref)
  }
}
