import type { Reporter, TestModule } from 'vitest/node'

/** Names every skipped test at the end of a run; with CI=true a skipped test fails the run. */
export class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap(module => [...module.children.allTests('skipped')].map(test => test.fullName))
    if (skipped.length === 0) return
    process.stderr.write(`\n${skipped.length} SKIPPED:\n${skipped.map(name => `  - ${name}\n`).join('')}`)
    if (process.env['CI'] === 'true') {
      process.stderr.write('CI=true forbids skipped tests.\n')
      process.exitCode = 1
    }
  }
}
