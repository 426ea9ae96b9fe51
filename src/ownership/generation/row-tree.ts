/** Rows that one node stands for, on each level above the rows. */
const FAN_OUT = 32

/**
 * Of a long list of rows, the latest end in every 32 rows, in every 32 of those, and so on: the few rows that reach into a
 * window are found without a walk through the many that ended before it. Levels lie one behind the other, finest first.
 */
export function latestEndsOf(count: number, endOf: (row: number) => number): readonly number[] {
  const tree: number[] = []
  let below = endOf
  for (let size = count; size > 1; ) {
    const offset = tree.length
    const nodes = Math.ceil(size / FAN_OUT)
    for (let node = 0; node < nodes; node++) {
      let latest = below(node * FAN_OUT)
      for (let i = node * FAN_OUT + 1; i < Math.min(size, (node + 1) * FAN_OUT); i++)
        latest = Math.max(latest, below(i))
      tree.push(latest)
    }
    below = i => tree[offset + i] as number
    size = nodes
  }
  return tree
}

/** Rows before `until` that end after `after`, ascending; `count` rows in all, whose tree begins at `offset` of `trees`. */
export function rowsEndingAfter(
  after: number,
  until: number,
  count: number,
  endOf: (row: number) => number,
  trees: { readonly [node: number]: number },
  offset: number,
): readonly number[] {
  const levels: { readonly offset: number; readonly size: number }[] = []
  for (let size = count, at = offset; size > 1; ) {
    size = Math.ceil(size / FAN_OUT)
    levels.push({ offset: at, size })
    at += size
  }
  const found: number[] = []
  const visit = (level: number, node: number, rowsBelow: number): void => {
    if (node * rowsBelow >= until) return
    if (level < 0) {
      if (endOf(node) > after) found.push(node)
      return
    }
    if ((trees[(levels[level]?.offset ?? 0) + node] as number) <= after) return
    const children = level === 0 ? count : (levels[level - 1]?.size ?? 0)
    const lastChild = Math.min(children, (node + 1) * FAN_OUT)
    for (let child = node * FAN_OUT; child < lastChild; child++) visit(level - 1, child, rowsBelow / FAN_OUT)
  }
  visit(levels.length - 1, 0, FAN_OUT ** levels.length)
  return found
}
