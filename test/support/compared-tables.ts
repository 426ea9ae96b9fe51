import type { StoredTables } from './stored-tables.ts'

type Tables = Partial<StoredTables>

/** Rows of each table that are only on one side, the first few of each; empty where all is the same. */
export function differencesIn(is: Tables, wanted: Tables): Readonly<Record<string, unknown>> {
  const tables = new Set([...Object.keys(is), ...Object.keys(wanted)]) as Set<keyof StoredTables>
  return Object.fromEntries(
    [...tables].flatMap(table => {
      const more = less(is[table] ?? [], wanted[table] ?? [])
      const missing = less(wanted[table] ?? [], is[table] ?? [])
      return more.length + missing.length === 0 ? [] : [[table, { more, missing }]]
    }),
  )
}

const MOST_SHOWN = 3

/** As often as a row is there more often. */
function less(rows: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>()
  for (const row of others) left.set(row, (left.get(row) ?? 0) + 1)
  return rows
    .filter(row => {
      const count = left.get(row) ?? 0
      left.set(row, count - 1)
      return count <= 0
    })
    .slice(0, MOST_SHOWN)
}

export const rowsIn = (tables: Tables): number => Object.values(tables).reduce((sum, rows) => sum + rows.length, 0)

/**
 * What readers see once all is settled, without the way there: when an attempt began, and how many generations it took, may
 * differ between two runs.
 */
export function finalAnswers({ flows, objects, deadLetters, edges, quality }: StoredTables): Tables {
  const newest = new Map<string, string>()
  for (const row of objects) {
    const { generation, position, ...rest } = JSON.parse(row)
    if (rest.state === 'committed') newest.set(rest.object_id, JSON.stringify(rest))
  }
  return {
    flows: flows.map(row => {
      const { generation, ...answer } = JSON.parse(row)
      return JSON.stringify(answer)
    }),
    objects: [...newest.values()],
    deadLetters,
    edges,
    quality,
  }
}
