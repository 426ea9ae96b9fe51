import { mkdirSync, writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

const COUNTS_FILE = '.cache/test-counts.json'

/**
 * Names every skipped test at the end of a run, and with CI=true fails the run for it. Leaves the counts of the run in
 * .cache/test-counts.json, from which .ci/run makes its closing line.
 */
export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap(module => [...module.children.allTests()])
    const named = (state: 'passed' | 'failed' | 'skipped') => tests.filter(test => test.result().state === state)
    const skipped = named('skipped')
    // A file that fails to load, or fails in a hook, fails without a test of its own.
    const broken = modules.filter(module => module.state() === 'failed' && module.errors().length > 0).length
    mkdirSync('.cache', { recursive: true })
    const counts = { passed: named('passed').length, failed: named('failed').length + broken, skipped: skipped.length }
    writeFileSync(COUNTS_FILE, `${JSON.stringify(counts)}\n`)
    if (skipped.length === 0) return
    process.stderr.write(`\n${skipped.length} SKIPPED:\n${skipped.map(test => `  - ${test.fullName}\n`).join('')}`)
    if (process.env['CI'] === 'true') {
      process.stderr.write('CI=true forbids skipped tests.\n')
      process.exitCode = 1
    }
  }
}
