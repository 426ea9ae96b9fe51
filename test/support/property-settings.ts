// Runs before each test file. What properties have in common is set here, so that none can be without it.
import fc from 'fast-check'

/** Seed of every property where CI is set, so that a red build can be repeated; elsewhere each run draws its own. */
const CI_SEED = 20171

fc.configureGlobal({
  ...(process.env['CI'] ? { seed: CI_SEED } : {}),
  // Whoever only asks whether there is a failure need not wait for the least of them.
  ...(process.env['WHOHAD_TEST_SHRINK'] === '0' ? { endOnFailure: true } : {}),
})
