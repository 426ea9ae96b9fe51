import type { DomainRule } from '../ownership/domains.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import type { LookUps } from './attribute.ts'
import { domainOfRecord, managedSpace } from './domain-of-record.ts'

/** The look-ups of attribution on an index that stands still: the sources' scopes are read once. */
export function lookUpsOn(index: OwnershipIndex, rules: readonly DomainRule[], regionOfObject?: string): LookUps {
  return {
    ask: question => index.ask(question),
    interfaceDuring: (eni, window) => index.interfaceDuring(eni, window),
    domainOf: (record, view) => domainOfRecord(record, view, rules, regionOfObject),
    isManaged: managedSpace(index.sources()),
  }
}
