import type { LoggedChange } from '../changestream/port.ts'
import { toWire } from '../changestream/wire.ts'
import { type Change, isGoodbye } from '../ownership/claim.ts'
import { colors } from './colors.ts'
import { printable } from './printable.ts'

/** The record with the values of its Avro schema, its place and time, and the epoch that fenced it off, or null. */
export const changeJson = ({ change, partition, offset, loggedAtMs }: LoggedChange, fencedBy: number | undefined) =>
  JSON.stringify({
    partition,
    offset,
    loggedAt: new Date(loggedAtMs).toISOString(),
    fencedBy: fencedBy ?? null,
    ...toWire(change),
  })

const HEAD = ['logged at', 'record', 'source', 'domain', 'prefix', 'what happened'] as const
/** Room that is given before anything is known; a column grows with what comes, up to twice of it. */
const FIRST_WIDTHS = [24, 8, 26, 12, 18] as const

/** Lines of a table that has no end: columns grow where they must, and never shrink. */
export class ChangeLines {
  private readonly widths: number[] = [...FIRST_WIDTHS]

  head(): string {
    return colors.dim(this.row(HEAD))
  }

  line({ change, loggedAtMs }: LoggedChange, happened: string, fencedBy: number | undefined): string {
    const { domain, prefix } = placeOf(change)
    const source = change.record === 'horizon' ? '' : change.source
    const row = this.row([new Date(loggedAtMs).toISOString(), change.record, source, domain, prefix, happened])
    if (fencedBy !== undefined) return colors.dim(row)
    return change.record === 'progress' && change.refused && !isGoodbye(change) ? colors.yellow(row) : row
  }

  private row(cells: readonly string[]): string {
    return cells.map((cell, column) => this.padded(printable(cell), column)).join('  ')
  }

  private padded(cell: string, column: number): string {
    const first = FIRST_WIDTHS[column]
    if (first === undefined) return cell
    const width = Math.max(this.widths[column] ?? first, Math.min(cell.length, 2 * first))
    this.widths[column] = width
    return cell.padEnd(width)
  }
}

function placeOf(change: Change): { readonly domain: string; readonly prefix: string } {
  switch (change.record) {
    case 'claim': {
      const { domain, prefix, ports } = change
      return { domain, prefix: ports ? `${prefix} ports ${ports.first}-${ports.last}` : prefix }
    }
    case 'source': {
      const domains = [...new Set(change.scope.map(({ domain }) => domain))]
      const [first] = change.scope
      return { domain: domains.join(','), prefix: first && change.scope.length === 1 ? first.prefix : '' }
    }
    case 'progress':
      return { domain: '', prefix: '' }
    case 'horizon':
      return { domain: change.domain, prefix: '' }
  }
}
