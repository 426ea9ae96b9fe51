/** One round of anything that reads the objects: whole, from its start to its count. */
export type Round = { readonly wallSeconds: number; readonly cpuSeconds: number }

/** The medians of some rounds, each for itself. */
export const medianOf = (rounds: readonly Round[]): Round => ({
  wallSeconds: median(rounds.map(({ wallSeconds }) => wallSeconds)),
  cpuSeconds: median(rounds.map(({ cpuSeconds }) => cpuSeconds)),
})

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2
}
