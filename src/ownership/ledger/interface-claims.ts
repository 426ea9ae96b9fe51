import { type Claim, layerRank } from '../claim.ts'
import type { SteadyStretch } from '../steady-stretch.ts'
import { overlaps, type Window } from '../window.ts'
import { cellIn } from './cell-table.ts'
import {
  cellNumberIn,
  claimIn,
  END_LATEST,
  factIn,
  type LedgerColumns,
  namesInterface,
  START_EARLIEST,
  timeIn,
} from './claim-ledger.ts'
import { FactTable } from './fact-table.ts'
import { type InterfaceColumns, interfaceIn } from './interface-refs.ts'
import { TextTable } from './text-table.ts'

const INTERFACE = layerRank('interface')

/** What is needed to tell the claims on an interface. It can be posted: nothing is copied. */
export type InterfaceClaimColumns = { readonly ledger: LedgerColumns; readonly interfaces: InterfaceColumns }

/**
 * The claims that name an interface, read from the columns of a ledger that stands still: opened in no time, however many
 * claims there are.
 */
export class InterfaceClaims {
  private readonly ledger: LedgerColumns
  private readonly interfaces: InterfaceColumns
  private readonly ids: TextTable
  private readonly domains: TextTable
  private readonly facts: FactTable

  constructor({ ledger, interfaces }: InterfaceClaimColumns) {
    this.ledger = ledger
    this.interfaces = interfaces
    this.ids = new TextTable(ledger.ids)
    this.domains = new TextTable(ledger.domains)
    this.facts = new FactTable(ledger.facts)
  }

  /** The number of an interface's name among the texts of facts, −1 where no claim was ever on it. */
  numberOf(name: string): number {
    return interfaceIn(this.interfaces, name, number => this.facts.text(number))?.eni ?? -1
  }

  /**
   * Those of the claims naming an interface by which `interfaceView` tells of a window: all on the interface itself, and of
   * those beside it the ones that touch the window, or forward. An interface may have had thousands of containers, which are
   * passed over without being made; so is what flows tell. Tells the stretch when any of them may begin or end.
   */
  claimsTelling(name: string, window: Window, stretch?: SteadyStretch): readonly Claim[] {
    const { facts } = this
    const { numbers, times } = this.ledger
    const found = interfaceIn(this.interfaces, name, number => facts.text(number))
    if (found === undefined) return []
    const { eni, refs } = found
    const telling: Claim[] = []
    for (const ref of refs) {
      const fact = factIn(numbers, ref)
      if (!namesInterface(facts, fact, eni) || facts.isFlowSource(facts.sourceNumber(fact))) continue
      const possible = { fromMs: timeIn(times, ref, START_EARLIEST), untilMs: timeIn(times, ref, END_LATEST) }
      stretch?.cut(possible.fromMs)
      stretch?.cut(possible.untilMs)
      const isOfInterface = facts.layerRank(fact) === INTERFACE
      if (isOfInterface || overlaps(possible, window) || this.forwards(fact)) telling.push(this.claim(ref))
    }
    return telling
  }

  private forwards(fact: number): boolean {
    const { owners } = this.facts
    for (let list = this.facts.ownersNumber(fact); list > 0; list = owners.rest(list)) {
      if (owners.forwards(list)) return true
    }
    return false
  }

  private claim(ref: number): Claim {
    const { facts, ids, domains } = this
    const { numbers, times, cells } = this.ledger
    return claimIn({ numbers, times, ids, domains, facts }, ref, cellIn(cells, cellNumberIn(numbers, ref)))
  }
}
