/**
 * Whether a service that some tests need is there. Where it is not, the tests are skipped by name and say how to get it;
 * with CI=true that is a failure, so that a green run has run everything.
 *
 * Use: `describe.skipIf(!requireService('Kafka', brokers !== undefined, 'install Java 17 and Maven'))(…)`
 */
export function requireService(name: string, available: boolean, how: string): boolean {
  if (available) return true
  const sentence = `${name} is not available here: ${how}.`
  if (process.env['CI'] === 'true') throw new Error(`${sentence} CI=true forbids skipping its tests.`)
  process.stderr.write(`\nSKIPPED ${name}: ${sentence}\n`)
  return false
}
