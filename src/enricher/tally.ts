/** Counts by name, in the order in which the names first came. */
export type Tally<Name extends string> = {
  add(name: Name, count?: number): void
  of(name: Name): number
  total(): number
  entries(): readonly (readonly [Name, number])[]
}

export function createTally<Name extends string>(): Tally<Name> {
  const counts = new Map<Name, number>()
  return {
    add: (name, count = 1) => {
      counts.set(name, (counts.get(name) ?? 0) + count)
    },
    of: name => counts.get(name) ?? 0,
    total: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    entries: () => [...counts],
  }
}
