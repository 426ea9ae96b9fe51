import type { DomainRule } from '../ownership/domains.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import { NO_REACH, type ReachTable } from '../ownership/reach.ts'
import type { LookUps } from './attribute.ts'
import { domainsOfRecord, managedSpace } from './domain-of-record.ts'

/** What is configured of domains, beside the rules. */
export type Surroundings = {
  /** Stands in for the region that a record does not name. */
  readonly regionOfObject?: string | undefined
  /** No reach where it is left out: every domain is an island. */
  readonly reach?: ReachTable | undefined
}

/** The look-ups of attribution on an index that stands still: the sources' scopes are read once. */
export function lookUpsOn(
  index: OwnershipIndex,
  rules: readonly DomainRule[],
  { regionOfObject, reach = NO_REACH }: Surroundings = {},
): LookUps {
  return {
    ask: question => index.ask(question),
    interfaceDuring: (eni, window) => index.interfaceDuring(eni, window),
    domainsOf: (record, view, window) => domainsOfRecord(record, view, window, rules, regionOfObject),
    isManaged: managedSpace(index.sources()),
    reach,
  }
}
