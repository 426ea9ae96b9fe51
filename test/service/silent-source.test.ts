import { expect, test } from 'vitest'
import { openPipeline } from '../../src/cli/pipeline.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { createTelemetry } from '../../src/cli/telemetry.ts'
import { createCorrector } from '../../src/enricher/corrections/corrector.ts'
import { createEnricher } from '../../src/enricher/live.ts'
import { furthestProgressMs } from '../../src/enricher/look-ups.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { changesOf, ms, type Story } from '../support/claimed-events.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { inBrief, logOf } from '../support/enriched-stories.ts'
import { memoryBucket } from '../support/enricher-bench.ts'

/** From so far behind on a source is silent. */
const GAP_SECONDS = 150
const HOLD_SECONDS = 600

/** An interface with an instance in a domain of its own, as one source tells of it up to a second. */
function toldBy(source: string, domain: string, eni: string, upTo: number): readonly Change[] {
  const story = { source, domain, owner: { eni } }
  const polls = Array.from({ length: Math.floor(upTo / 60) }, (_, i) => `=${(i + 1) * 60}`)
  const stories: readonly Story[] = [
    { ...story, events: ['+E@0', ...polls].join(' '), layer: 'interface' },
    { ...story, events: '+A@10' },
    { ...story, events: '+P@10', prefix: '10.0.0.6' },
  ]
  const scopes = { [source]: [`${domain} 10.0.0.0/8`] }
  return changesOf(stories, { upTo, scopes }).map(change =>
    change.record === 'source' ? { ...change, bounds: { ...change.bounds, longestGapMs: ms(GAP_SECONDS) } } : change,
  )
}

const flow = (eni: string, start: number, end: number): string =>
  logOf(`${eni} egress 10.0.0.5 10.0.0.6 10.0.0.5 10.0.0.6 ${start} ${end}`)

test('a dead source is told of by name, once; objects of its scope wait up to the cap, those of another leave in time', async () => {
  const path = await temporaryFolder('silent')
  const settings = loadSettings({}, { overrides: { data: { path }, log: { level: 'silent' } } })
  const time = { nowMs: ms(61) }
  const clock = { ...systemClock, now: () => time.nowMs }
  const telemetry = createTelemetry({ level: 'silent', version: 'test' })
  const { report } = telemetry
  const said: unknown[] = []
  const pipeline = await openPipeline(settings, { clock, telemetry, threadPoolSize: 8 })
  const { view, store, index, onAnswered } = pipeline
  const bucket = memoryBucket()
  const context = {
    ...{ open: bucket.open, list: bucket.list, view, store, rules: [], slackMs: 0, clock, onAnswered },
    name: 's3://memory/',
    report: {
      ...report,
      sourceHoldsBack(d: Parameters<typeof report.sourceHoldsBack>[0]) {
        said.push(d)
        report.sourceHoldsBack(d)
      },
      sourceBack(d: Parameters<typeof report.sourceBack>[0]) {
        said.push(`${d.source} is back`)
        report.sourceBack(d)
      },
    },
  }
  const furthest = () => furthestProgressMs(index)
  const enricher = createEnricher({ ...context, furthestProgressMs: furthest, holdCapMs: ms(HOLD_SECONDS) })
  const corrector = createCorrector({ ...context, owns: () => true, anyDomain: false })
  const publish = async (changes: readonly Change[]) => {
    await pipeline.log.append(changes)
    await pipeline.settled()
  }
  const living = (upTo: number) => publish(toldBy('living', 'd1', 'eni-1', upTo))
  const metric = async (name: string) =>
    (await telemetry.metricsText()).split('\n').filter(line => line.startsWith(`whohad_${name}{`))
  const answers = async () => {
    const ids = [...(await store.committedObjects())]
    return (await Promise.all(ids.map(id => store.flowsOf(id)))).flat().map(inBrief).sort()
  }
  try {
    await living(60)
    await publish(toldBy('dead', 'd2', 'eni-2', 30))
    bucket.put('living.log', flow('eni-1', 15, 25))
    bucket.put('dead.log', flow('eni-2', 35, 45))
    expect(await enricher.enrichOnce()).toMatchObject({ committed: 1, held: 1 })
    expect(said).toEqual([])
    expect(await metric('source_objects_waiting')).toEqual([
      'whohad_source_objects_waiting{bucket="s3://memory/",source="living"} 0',
      'whohad_source_objects_waiting{bucket="s3://memory/",source="dead"} 1',
    ])
    expect(await metric('objects_waiting')).toEqual(['whohad_objects_waiting{bucket="s3://memory/"} 1'])

    time.nowMs = ms(30 + GAP_SECONDS) + 1
    await living(180)
    bucket.put('living-too.log', flow('eni-1', 100, 110))
    bucket.put('dead-too.log', flow('eni-2', 100, 110))
    expect(await enricher.enrichOnce()).toMatchObject({ committed: 1, held: 2 })
    expect(await enricher.enrichOnce()).toMatchObject({ committed: 0, held: 2 })
    expect(said).toEqual([{ source: 'dead', sinceMs: ms(30), place: 's3://memory/', objects: 2 }])
    expect(await metric('source_holds_back')).toEqual([
      'whohad_source_holds_back{bucket="s3://memory/",source="dead"} 1',
    ])
    expect(enricher.waits().objects).toEqual(
      new Map([
        ['living', 0],
        ['dead', 2],
      ]),
    )
    expect(await answers()).toEqual(['A -> P', 'A -> P'])

    time.nowMs = ms(61 + HOLD_SECONDS)
    await living(61 + HOLD_SECONDS)
    expect(await enricher.enrichOnce()).toMatchObject({ committed: 1, held: 1 })
    expect(await answers()).toEqual([
      'A -> P',
      'A -> P',
      'unknown source-stale i-A|i-E|nobody -> unknown source-stale i-P|nobody',
    ])

    time.nowMs = ms(70 + HOLD_SECONDS)
    await publish(toldBy('dead', 'd2', 'eni-2', 65 + HOLD_SECONDS))
    expect(await enricher.enrichOnce()).toMatchObject({ committed: 1, held: 0 })
    await corrector.correctOnce()
    expect(await answers()).toEqual(Array(4).fill('A -> P'))
    expect(said.slice(1)).toEqual(['dead is back'])
    expect(await metric('source_holds_back')).toEqual([
      'whohad_source_holds_back{bucket="s3://memory/",source="dead"} 0',
    ])
  } finally {
    await pipeline.close()
  }
}, 120_000)
