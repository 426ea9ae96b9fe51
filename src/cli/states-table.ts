import { tableFor } from './table.ts'

type Count = {
  readonly side: 'source' | 'destination'
  readonly state: string
  readonly reason: string
  readonly flows: number
  readonly bytes: number
}

/** How ends were answered, by flows and bytes, for a person. */
export function statesTable(counts: readonly Count[]): string {
  const head = ['end', 'state', 'reason', 'flows', 'bytes']
  const table = tableFor(process.stderr, head, ['left', 'left', 'left', 'right', 'right'])
  const sorted = [...counts].sort((a, b) => b.side.localeCompare(a.side) || b.flows - a.flows)
  for (const { side, state, reason, flows, bytes } of sorted) {
    table.push([side, state, reason, flows.toLocaleString('en-US'), inUnits(bytes)])
  }
  return table.toString()
}

export function inUnits(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}
