/**
 * How often fast-check runs a property: `numRuns`, times WHOHAD_TEST_RUNS where that is set. A failure prints the seed and the
 * path to it, which `over` takes.
 */
export function propertyRuns<T extends object>(numRuns: number, over?: T) {
  return { numRuns: Math.ceil(numRuns * factor()), ...over }
}

/** The longest that a property may take once WHOHAD_TEST_RUNS multiplies its runs. */
export const propertyTimeoutMs = (timeoutMs: number): number => Math.ceil(timeoutMs * Math.max(1, factor()))

function factor(): number {
  const text = process.env['WHOHAD_TEST_RUNS'] ?? '1'
  const found = Number(text)
  if (!(found > 0)) throw new RangeError(`WHOHAD_TEST_RUNS must be a number above 0, not "${text}"`)
  return found
}
