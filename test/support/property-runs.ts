/** Seed of every property where CI is set, so that a red build can be repeated; elsewhere each run draws its own. */
const CI_SEED = 20171

/**
 * How often fast-check runs a property: `numRuns`, times WHOHAD_TEST_RUNS where that is set. A failure prints the seed and the
 * path to it, which `over` takes. With WHOHAD_TEST_SHRINK=0 a failure is told of as it was met: whoever only asks whether there is one
 * need not wait for the least of them.
 */
export function propertyRuns<T extends object>(numRuns: number, over?: T) {
  const seed = process.env['CI'] ? { seed: CI_SEED } : {}
  const ending = process.env['WHOHAD_TEST_SHRINK'] === '0' ? { endOnFailure: true } : {}
  return { numRuns: Math.ceil(numRuns * factor()), ...seed, ...ending, ...over }
}

/** The longest that a property may take once WHOHAD_TEST_RUNS multiplies its runs. */
export const propertyTimeoutMs = (timeoutMs: number): number => Math.ceil(timeoutMs * Math.max(1, factor()))

function factor(): number {
  const text = process.env['WHOHAD_TEST_RUNS'] ?? '1'
  const found = Number(text)
  if (!(found > 0)) throw new RangeError(`WHOHAD_TEST_RUNS must be a number above 0, not "${text}"`)
  return found
}
