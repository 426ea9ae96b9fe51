import type { FactTable } from '../ledger/fact-table.ts'
import type { RowsAround } from './rows-around.ts'

/** In the place of a resource: nobody at all. */
const NOBODY = -1

/** Who may have held an address during some part of a window, each resource once, in order of time. */
export class HandoffCandidates {
  private count = 0
  /** Numbers of texts. */
  private readonly resources: Int32Array
  private readonly facts: FactTable
  private readonly rows: RowsAround

  constructor(facts: FactTable, rows: RowsAround) {
    this.facts = facts
    this.rows = rows
    this.resources = new Int32Array(rows.facts.length + 1)
  }

  clear(): void {
    this.count = 0
  }

  /** Their resources by id; undefined is nobody. */
  resourceIds(): readonly (string | undefined)[] {
    const ids: (string | undefined)[] = []
    for (let i = 0; i < this.count; i++) {
      const resource = this.resources[i] as number
      ids.push(resource === NOBODY ? undefined : this.facts.text(resource))
    }
    return ids
  }

  add(row: number): void {
    const { facts } = this
    this.addResource(facts.owners.resource(facts.ownersNumber(this.rows.facts[row] as number)))
  }

  /** As `fallbacks` (attribution.ts), from the rows at `begin` on, over a part. */
  addBelow(begin: number, from: number, until: number): void {
    const { rows } = this
    for (let first = this.firstLive(begin, from); first < rows.count; ) {
      let end = first
      let isFound = false
      while (end < rows.count && rows.levels[end] === rows.levels[first]) {
        if (this.isLive(end, from) && this.isCertain(end, from, until)) {
          this.add(end)
          isFound = true
        }
        end++
      }
      for (let i = first; i < end; i++) {
        if (this.isLive(i, from) && !this.isCertain(i, from, until) && !this.isCut(i, first, end, from, until))
          this.add(i)
      }
      if (isFound) return
      first = this.firstLive(end, from)
    }
    this.addResource(NOBODY)
  }

  /** The first row from `begin` on that is possible in a part, or how many rows there are. */
  firstLive(begin: number, from: number): number {
    let row = begin
    while (row < this.rows.count && !this.isLive(row, from)) row++
    return row
  }

  /** No row begins or ends within a part: who is possible as it begins is so throughout. */
  isLive(row: number, from: number): boolean {
    const { possibleFroms, possibleUntils } = this.rows
    return (possibleFroms[row] as number) <= from && from < (possibleUntils[row] as number)
  }

  isCertain(row: number, from: number, until: number): boolean {
    const { certainFroms, certainUntils } = this.rows
    return (certainFroms[row] as number) <= from && until <= (certainUntils[row] as number)
  }

  /** Rule 8: another row of its level and source is certain. */
  private isCut(row: number, first: number, end: number, from: number, until: number): boolean {
    const { sources } = this.rows
    for (let i = first; i < end; i++) {
      if (sources[i] === sources[row] && this.isLive(i, from) && this.isCertain(i, from, until)) return true
    }
    return false
  }

  private addResource(resource: number): void {
    for (let i = 0; i < this.count; i++) if (this.resources[i] === resource) return
    this.resources[this.count++] = resource
  }
}
