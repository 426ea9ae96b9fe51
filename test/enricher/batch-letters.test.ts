import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GapCollector } from '../../src/enricher/batch/capture-gaps.ts'
import { DeadLetters, letterFile } from '../../src/enricher/batch/dead-letters.ts'
import { outputPaths, refuseFolderAmongInputs, refuseMatchedOutputs } from '../../src/enricher/batch/outputs.ts'
import { isMatch } from '../../src/enricher/flowlogs/glob.ts'
import type { SkippedLine } from '../../src/enricher/flowlogs/parse.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { propertyRuns } from '../support/property-runs.ts'

const linesOf = (path: string): readonly unknown[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

test('of each input the first letters are kept, and the others counted', async () => {
  const path = join(await temporaryFolder('letters'), 'a/b.ndjson')
  const letters = new DeadLetters(() => letterFile(path), { most: 2 })
  const sample = 'tab\there'
  const take = (object: string, line: number) =>
    letters.take(object, { line, reason: 'too-few-fields', detail: '', sample })
  for (const line of [3, 5, 8, 9]) take('x.log', line)
  await letters.flush()
  take('y.log', 1)
  await letters.finish()
  const letter = { reason: 'too-few-fields', detail: '', sample: 'tab\\u0009here' }
  expect(linesOf(path)).toEqual([
    { object: 'x.log', line: 3, ...letter },
    { object: 'x.log', line: 5, ...letter },
    { object: 'x.log', more: 2 },
    { object: 'y.log', line: 1, ...letter },
  ])
})

const skipped = (status: SkippedLine['status'], interfaceId: string | undefined, start?: number, end?: number) =>
  ({
    ...({ kind: 'skipped', line: 1, status, tokens: [], account: undefined, resourceId: undefined } as const),
    ...{ interfaceId, startSeconds: start, endSeconds: end },
  }) satisfies SkippedLine

describe('gaps of a log', () => {
  test('by interface and time, what AWS lost first; those that meet are one', () => {
    const gaps = new GapCollector()
    gaps.take(skipped('NODATA', 'eni-1', 60, 119))
    gaps.take(skipped('NODATA', 'eni-1', 120, 179))
    gaps.take(skipped('SKIPDATA', 'eni-2', 60, 119))
    gaps.take(skipped('NODATA', 'eni-1', 300, 359))
    gaps.take(skipped('NODATA', undefined))
    gaps.take(skipped('NODATA', undefined))
    const at = (seconds: number) => new Date(seconds * 1000).toISOString()
    expect(gaps.all()).toEqual({
      gaps: [
        { status: 'SKIPDATA', recorder: 'eni-2', from: at(60), until: at(120), lines: 1 },
        { status: 'NODATA', recorder: null, from: null, until: null, lines: 2 },
        { status: 'NODATA', recorder: 'eni-1', from: at(60), until: at(180), lines: 2 },
        { status: 'NODATA', recorder: 'eni-1', from: at(300), until: at(360), lines: 1 },
      ],
      unlistedLines: 0,
    })
  })

  test('cover every second that a line names, in whatever order, and no other', () => {
    const stretch = fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 10 }))
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 30 }), stretches => {
        const gaps = new GapCollector()
        for (const [start, length] of stretches) gaps.take(skipped('SKIPDATA', 'eni-1', start, start + length))
        const second = (iso: string | null) => Date.parse(iso ?? '') / 1000
        const all = gaps.all().gaps.map(({ from, until }) => [second(from), second(until)] as const)
        const covers = (s: number) => all.filter(([from, until]) => from <= s && s < until).length
        const wanted = (s: number) => stretches.some(([start, length]) => start <= s && s <= start + length)
        for (let s = 0; s < 80; s++) expect(covers(s)).toBe(wanted(s) ? 1 : 0)
        expect(gaps.all().gaps.reduce((sum, { lines }) => sum + lines, 0)).toBe(stretches.length)
      }),
      propertyRuns(200),
    )
  })

  test('a flood of interfaces without traffic does not hide what AWS lost, nor fill the manifest', () => {
    const gaps = new GapCollector()
    for (let i = 0; i < 5000; i++) gaps.take(skipped('NODATA', `eni-${i}`, 60, 119))
    gaps.take(skipped('SKIPDATA', 'eni-lost', 60, 119))
    const { gaps: listed, unlistedLines } = gaps.all()
    expect(listed).toHaveLength(1001)
    expect(listed[0]).toMatchObject({ status: 'SKIPDATA', recorder: 'eni-lost' })
    expect(unlistedLines).toBe(4000)
  })
})

describe('an output that the next run would read', () => {
  const refused = { code: 'WHOHAD_OUTPUT_AMONG_INPUTS', kind: 'usage' }

  test('in the folder of the inputs, below it, or behind a link', async () => {
    const folder = await temporaryFolder('among')
    mkdirSync(join(folder, 'logs'))
    mkdirSync(join(folder, 'logs-out'))
    symlinkSync(join(folder, 'logs'), join(folder, 'link'))
    const logs = join(folder, 'logs')
    for (const out of ['logs', 'logs/.', 'logs/out/deep', 'link/out', 'link']) {
      await expect(refuseFolderAmongInputs(join(folder, out), [logs])).rejects.toMatchObject(refused)
      await expect(refuseFolderAmongInputs(join(folder, out), [join(folder, 'link')])).rejects.toMatchObject(refused)
    }
    for (const out of ['logs-out', 'out', 'logs/../out', '.']) await refuseFolderAmongInputs(join(folder, out), [logs])
    await refuseFolderAmongInputs(logs, [join(logs, 'x.log'), '-', 's3://bucket/logs'])
  })

  test('under a pattern', async () => {
    const folder = await temporaryFolder('pattern')
    writeFileSync(join(folder, 'x.log'), '')
    const input = { name: 'x', relative: 'x.log', from: { path: join(folder, 'x.log') } }
    const outcome = (pattern: string, out: string, ending: string) => {
      const paths = outputPaths([input], { folder: join(folder, out), ending })
      return refuseMatchedOutputs(paths.values(), { folder: out, names: [join(folder, pattern)] })
    }
    await expect(outcome('**/*.csv', 'out', '.csv')).rejects.toMatchObject(refused)
    await expect(outcome('**', 'out', '.csv')).rejects.toMatchObject(refused)
    await expect(outcome('*/*.ndjson', '_x', '.ndjson')).rejects.toMatchObject(refused)
    await expect(outcome('**/*.json', 'out', '.csv')).rejects.toMatchObject(refused) // the manifest
    await outcome('*.log', 'out', '.log')
    await outcome('**/*.log', 'out', '.csv')
    await outcome('*/*', 'out/deep', '.log')
    await outcome('**', '.out', '.log')
  })

  test.for([
    ['a/**/b.log', 'a/b.log', true],
    ['a/**/b.log', 'a/x/y/b.log', true],
    ['a/**/b.log', 'a/.x/b.log', false],
    ['a/**', 'a/x/y/z', true],
    ['a/*', 'a/x/y', false],
    ['./a/../a/?.log', 'a/b.log', true],
    ['a/[!b].log', 'a/b.log', false],
  ] as const)('%s and %s: %s', ([pattern, path, isMatched]) => {
    expect(isMatch(pattern, path)).toBe(isMatched)
  })
})
