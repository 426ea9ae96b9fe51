import { expect, test } from 'vitest'
import { createClockWatch } from '../../src/cli/clock-watch.ts'
import { createTelemetry } from '../../src/cli/telemetry.ts'
import { claim, poll } from '../support/plain-changes.ts'

const NOW_MS = 1000

function reported(...changes: Parameters<ReturnType<typeof createClockWatch>['take']>[0][]) {
  const told: unknown[] = []
  const watch = createClockWatch({ now: () => NOW_MS }, { sourceClockAhead: d => told.push(d) })
  for (const some of changes) watch.take(some)
  return told
}

test('progress that is ahead of our clock is told at each poll, with how far it is ahead', () => {
  expect(reported([poll(900), poll(1000)], [poll(1001), poll(1300)])).toEqual([
    { source: 'one', aheadMs: 1 },
    { source: 'one', aheadMs: 300 },
  ])
})

test('neither a refused poll nor a claim is a word about the time until now', () => {
  expect(reported([poll(5000, { refused: { reason: 'throttled', detail: '' } }), claim(1)])).toEqual([])
})

test('it is counted, by source', async () => {
  const { report, metricsText } = createTelemetry({ level: 'silent', version: '0' })
  createClockWatch({ now: () => NOW_MS }, report).take([poll(900), poll(1300), poll(1400)])
  expect(await metricsText()).toContain('whohad_source_clock_ahead_total{source="one"} 2')
})
