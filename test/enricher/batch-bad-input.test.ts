import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { annotate } from '../../src/cli/annotate-command.ts'
import type { AnnotateOptions } from '../../src/cli/annotate-run.ts'
import { loadSettings, type Settings } from '../../src/cli/settings.ts'
import type { DeadLetter } from '../../src/enricher/batch/dead-letters.ts'
import type { BatchManifest } from '../../src/enricher/batch/manifest.ts'
import { PROJECT } from '../support/cli.ts'
import { dataFolder } from '../support/cli-data.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { sampleChanges } from '../support/flow-log-inventory.ts'
import { AWS_COLUMNS, type Row, writtenByHyparquet } from '../support/parquet-files.ts'

const HEADER =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'
const lineOf = (over: Partial<Record<'eni' | 'port' | 'start' | 'more', string>> = {}): string => {
  const { eni = 'eni-1235b8ca123456789', port = '49152', start = '1566848875', more = '' } = over
  return `2 123456789010 ${eni} 172.31.16.139 172.31.16.21 ${port} 443 6 20 4249 ${start} 1566848933 ACCEPT OK${more}`
}
const gap = (status: string, start: number) =>
  `2 123456789010 eni-1235b8ca123456789 - - - - - - - ${start} ${start + 59} - ${status}`
const logOf = (...lines: readonly string[]): string => [HEADER, ...lines, ''].join('\n')
const good = Array.from({ length: 200 }, (_, i) => lineOf({ port: String(1024 + i) }))

let settings: Settings
let data: string
beforeAll(async () => {
  data = await dataFolder(sampleChanges())
  settings = loadSettings({}, { overrides: { data: { path: data } } })
})

const annotated = (inputs: readonly string[], options: Partial<AnnotateOptions> & { readonly out: string }) =>
  annotate(inputs, settings, {
    ...({ as: 'ndjson', gzip: false, again: false, sightings: false, slackSeconds: 60, jobs: 1 } as const),
    untilStopped: () => new AbortController().signal,
    ...options,
  })

const lettersIn = (out: string, name: string) =>
  readFileSync(join(out, '_dead-letters', `${name}.ndjson`), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as DeadLetter)
const shown = (out: string, name: string) =>
  lettersIn(out, name).map(({ object, line, reason, detail }) => {
    expect(object.endsWith(`/${name}`)).toBe(true)
    return [line, reason, detail]
  })
const manifestOf = (out: string, name: string) =>
  JSON.parse(readFileSync(join(out, `${name}.ndjson.manifest.json`), 'utf8')) as BatchManifest

/** Of two row groups, the first one with a page that nobody can unpack. */
function parquetWithBadPage(): Uint8Array {
  const names = HEADER.split(' ')
  const types = Object.fromEntries(names.map(name => [name, AWS_COLUMNS[name] ?? 'STRING']))
  const rows = good.map((line): Row => line.split(' '))
  const bytes = Buffer.from(writtenByHyparquet(types, rows, { codec: 'GZIP', rowGroupSize: 100 }))
  const page = bytes.indexOf(Buffer.from([0x1f, 0x8b, 0x08]), 200)
  return bytes.fill(0xff, page + 10, page + 16)
}

const BAD: Readonly<Record<string, string | Uint8Array>> = {
  'lines.log': logOf(
    lineOf(),
    '2 123456789010 eni-1 172.31.16.139',
    lineOf({ more: ' 7' }),
    lineOf({ port: '65536' }),
    lineOf({ start: '1566848934' }),
    lineOf({ eni: 'еni-1235b8ca123456789' }), // begins with a Cyrillic letter
    lineOf(),
  ),
  'cut.log.gz': gzipSync(logOf(...good)).subarray(0, -40),
  'long.log.gz': gzipSync(`${logOf(lineOf())}${'x'.repeat(300 * 1024 * 1024)}\n${lineOf()}\n`, { level: 1 }),
  'no-flow-log.txt': 'Dear all,\nno flow log this time.\n',
  'gaps.log': logOf(gap('NODATA', 60), gap('NODATA', 120), lineOf(), gap('SKIPDATA', 180)),
}

test('one of each kind of bad input among good ones: counted, kept, and the rest goes on', {
  timeout: 180_000,
}, async () => {
  const folder = await temporaryFolder('bad')
  const [logs, out] = [join(folder, 'logs'), join(folder, 'out')]
  mkdirSync(logs)
  for (const [name, contents] of Object.entries(BAD)) writeFileSync(join(logs, name), contents)
  writeFileSync(join(logs, 'page.log.parquet'), parquetWithBadPage())
  for (const name of ['a.log', 'z.log']) writeFileSync(join(logs, name), logOf(...good))

  expect(await annotated([logs], { out })).toBe(5)

  expect(shown(out, 'lines.log')).toEqual([
    [2, 'too-few-fields', ''],
    [3, 'too-many-fields', ''],
    [4, 'malformed-number', 'srcport'],
    [5, 'start-after-end', ''],
    [6, 'malformed-id', 'interface-id'],
  ])
  expect(lettersIn(out, 'lines.log')[4]?.sample).toContain('еni-1235b8ca123456789')
  expect(manifestOf(out, 'lines').counts.records).toBe(2)
  expect(shown(out, 'cut.log.gz')).toEqual([[expect.any(Number), 'truncated-gzip', expect.any(String)]])
  expect(manifestOf(out, 'cut').counts.records).toBeGreaterThan(100)
  expect(shown(out, 'long.log.gz')).toEqual([[2, 'line-too-long', '']])
  expect(lettersIn(out, 'long.log.gz')[0]?.sample).toBe('x'.repeat(256))
  expect(manifestOf(out, 'long').counts.records).toBe(2)
  expect(shown(out, 'page.log.parquet')).toEqual([
    [0, 'corrupt-parquet', expect.stringMatching(/^row group 0, column \w+, rows 0 to 99: /)],
  ])
  expect(manifestOf(out, 'page').counts.records).toBe(100)
  expect(shown(out, 'no-flow-log.txt')).toEqual([[0, 'unreadable-object', 'WHOHAD_FLOW_HEADER_MISSING']])
  for (const name of ['a', 'z']) expect(manifestOf(out, name).counts.records).toBe(200)

  const at = (seconds: number) => new Date(seconds * 1000).toISOString()
  const gapOf = (status: string, from: number, until: number, lines: number) => ({
    status,
    recorder: 'eni-1235b8ca123456789',
    from: at(from),
    until: at(until),
    lines,
  })
  expect(manifestOf(out, 'gaps')).toMatchObject({
    counts: { records: 1, noData: 2, skipData: 1, rejected: {} },
    coverage: { gaps: [gapOf('SKIPDATA', 180, 240, 1), gapOf('NODATA', 60, 180, 2)], unlistedLines: 0 },
  })
  expect(readdirSync(join(out, '_dead-letters')).toSorted()).toEqual(
    ['cut.log.gz', 'lines.log', 'long.log.gz', 'no-flow-log.txt', 'page.log.parquet'].map(name => `${name}.ndjson`),
  )

  // What was mended since leaves nothing behind.
  writeFileSync(join(logs, 'lines.log'), logOf(lineOf()))
  writeFileSync(join(logs, 'no-flow-log.txt'), logOf(lineOf()))
  expect(await annotated([logs], { out })).toBe(5)
  expect(existsSync(join(out, '_dead-letters/lines.log.ndjson'))).toBe(false)
  expect(manifestOf(out, 'no-flow-log').counts.records).toBe(1)
  expect(existsSync(join(out, '_dead-letters/no-flow-log.txt.ndjson'))).toBe(false)
  expect(existsSync(join(out, '_dead-letters/cut.log.gz.ndjson'))).toBe(true)
})

test('on standard output what could not be read goes into the file that is asked for, in every form', async () => {
  const folder = await temporaryFolder('bad-stdout')
  for (const name of ['lines.log', 'no-flow-log.txt', 'gaps.log']) writeFileSync(join(folder, name), BAD[name] ?? '')
  const written: string[] = []
  const write = process.stdout.write
  process.stdout.write = ((chunk: Uint8Array | string) => written.push(String(chunk)) > 0) as typeof write
  const letters: Record<string, unknown[]> = {}
  try {
    for (const as of ['ndjson', 'text', 'csv'] as const) {
      const deadLetters = join(folder, `kept-${as}`)
      expect(await annotated([join(folder, '*.*')], { out: '-', as, deadLetters })).toBe(5)
      letters[as] = readFileSync(deadLetters, 'utf8').trimEnd().split('\n')
    }
    const none = join(folder, 'none')
    expect(await annotated([join(folder, 'gaps.log')], { out: '-', deadLetters: none })).toBe(0)
    expect(readFileSync(none, 'utf8')).toBe('')
    const input = join(folder, 'gaps.log')
    await expect(annotated([input], { out: '-', deadLetters: input })).rejects.toMatchObject({
      code: 'WHOHAD_OUTPUT_NAME_TAKEN',
    })
    await expect(annotated([input], { out: join(folder, 'o'), deadLetters: none })).rejects.toMatchObject({
      code: 'WHOHAD_USAGE',
    })
  } finally {
    process.stdout.write = write
  }
  expect(letters['ndjson']).toHaveLength(6)
  expect(letters['text']).toEqual(letters['ndjson'])
  expect(letters['csv']).toEqual(letters['ndjson'])
  expect(readFileSync(join(folder, 'gaps.log'), 'utf8')).toBe(BAD['gaps.log'])
})

/** The most memory that a process of its own took after each file, in MiB. */
async function peaksOf(logs: readonly string[]): Promise<readonly number[]> {
  const out = await temporaryFolder('peak')
  const args = ['--out', out, '--as', 'text', '--jobs', '1', '--data', data]
  const script = `
    const { main } = await import('${PROJECT}/src/cli/main.ts')
    for (const log of ${JSON.stringify(logs)}) {
      await main(['node', 'whohad', 'annotate', log, ...${JSON.stringify(args)}])
      console.log(process.resourceUsage().maxRSS)
    }
    process.exitCode = 0`
  const child = ['--import', join(PROJECT, 'bench/typescript.mjs'), '--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, child, { cwd: out })
  return stdout
    .trim()
    .split('\n')
    .map(kilobytes => Number(kilobytes) / 1024)
}

test('a line of 300 MB takes no more memory than others', { timeout: 180_000 }, async () => {
  const folder = await temporaryFolder('long')
  const [short, long] = [join(folder, 'short.log'), join(folder, 'long.log')]
  writeFileSync(short, logOf(...good))
  writeFileSync(long, logOf(lineOf()))
  for (let i = 0; i < 300; i++) appendFileSync(long, Buffer.alloc(1024 * 1024, 'x'))
  appendFileSync(long, `\n${lineOf()}\n`)
  const [usual = 0, peak = 0] = await peaksOf([short, long])
  expect(usual).toBeGreaterThan(10)
  expect(peak - usual).toBeLessThan(120)
})
