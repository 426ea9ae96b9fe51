import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { annotate } from '../../src/cli/annotate-command.ts'
import type { AnnotateOptions } from '../../src/cli/annotate-run.ts'
import { exportClaims } from '../../src/cli/claims-command.ts'
import { loadSettings, type Settings } from '../../src/cli/settings.ts'
import type { BatchManifest } from '../../src/enricher/batch/manifest.ts'
import { outputPaths } from '../../src/enricher/batch/outputs.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { buildWhohadFirst, eventually, FAKE_CREDENTIALS, PROJECT, start, startWhohad, whohad } from '../support/cli.ts'
import { dataFolder } from '../support/cli-data.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { sampleChanges } from '../support/flow-log-inventory.ts'
import { type S3Wire, startS3Wire, WIRE_BUCKET } from '../support/s3-wire.ts'

buildWhohadFirst()

const SAMPLE = readFileSync(join(PROJECT, 'test/golden/flow-logs/v3-tcp-flags.log'), 'utf8')
const [HEADER = '', ...LINES] = SAMPLE.trimEnd().split('\n')
const logOf = (lines: number, from = 0): string =>
  [HEADER, ...Array.from({ length: lines }, (_, i) => LINES[(from + i) % LINES.length] ?? ''), ''].join('\n')

/** Nobody promises a briefest holding: then flows tell nothing, and no input is read twice, which a pipe cannot be. */
const withoutPromise = (change: Change): Change =>
  change.record === 'source' ? { ...change, bounds: { ...change.bounds, briefestHoldingMs: 0 } } : change

let data: string
let settings: Settings
let wire: S3Wire
beforeAll(async () => {
  Object.assign(process.env, FAKE_CREDENTIALS)
  data = await dataFolder(sampleChanges().map(withoutPromise))
  settings = loadSettings({}, { overrides: { data: { path: data } } })
  wire = await startS3Wire()
})
afterAll(() => wire.close())

/** In this process, one input at a time. */
const annotated = (
  inputs: readonly string[],
  options: Partial<AnnotateOptions> & { readonly out: string },
  given: Settings = settings,
) =>
  annotate(inputs, given, {
    as: 'ndjson',
    gzip: false,
    again: false,
    sightings: false,
    slackSeconds: 60,
    jobs: 1,
    untilStopped: () => new AbortController().signal,
    ...options,
  })

const filesIn = (folder: string): readonly string[] => readdirSync(folder).toSorted()
const manifestOf = (folder: string, name: string) =>
  JSON.parse(readFileSync(join(folder, `${name}.manifest.json`), 'utf8')) as BatchManifest
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('a run that is killed leaves no half file, and started again redoes nothing that is finished', {
  timeout: 240_000,
}, async () => {
  const folder = await temporaryFolder('batch')
  const [logs, out, whole] = ['logs', 'out', 'whole'].map(name => join(folder, name)) as [string, string, string]
  await mkdir(logs)
  for (const [i, name] of ['a', 'b', 'd', 'e'].entries()) await writeFile(join(logs, `${name}.log`), logOf(300, i))
  // Nobody writes the end of this one, so that the run is in the middle of it for as long as it lives.
  const pipe = join(logs, 'c.log')
  execFileSync('mkfifo', [pipe])
  const args = (to: string, ...more: readonly string[]) => [
    'annotate',
    logs,
    '--out',
    to,
    '--as',
    'text',
    '--data',
    data,
    ...more,
  ]
  const killed = startWhohad(args(out, '--jobs', '1'), { withinMs: 120_000 })
  await eventually(async () => (filesIn(folder).includes('out') && filesIn(out).includes('c.log.part')) || undefined)
  const writing = openSync(pipe, 'r+')
  for (let i = 0; i < 60; i++) writeSync(writing, logOf(300))
  await eventually(async () => statSync(join(out, 'c.log.part')).size > 0 || undefined)
  killed.kill('SIGKILL')
  expect((await killed.ended).signal).toBe('SIGKILL')
  closeSync(writing)

  const names = ['a.log', 'b.log']
  expect(filesIn(out)).toEqual([...names.flatMap(name => [name, `${name}.manifest.json`]), 'c.log.part'])
  const before = names.map(name => statSync(join(out, name)))

  rmSync(pipe)
  writeFileSync(pipe, logOf(300))
  const again = await whohad(args(out, '--jobs', '1'), { withinMs: 120_000 })
  expect(again.stderr).toContain('2 of 5 objects were finished before.')
  expect(again.stderr).toContain('1500 records answered.')
  expect([again.code, again.stdout]).toEqual([0, ''])
  expect(names.map(name => statSync(join(out, name)))).toEqual(
    before.map(({ ino, mtimeMs }) => expect.objectContaining({ ino, mtimeMs })),
  )

  const uninterrupted = await whohad(args(whole), { withinMs: 120_000 })
  expect(uninterrupted.code).toBe(0)
  expect(uninterrupted.stderr).toBe(again.stderr.replace(/.*finished before\.\n/, ''))
  expect(filesIn(out)).toEqual(filesIn(whole))
  for (const name of ['a', 'b', 'c', 'd', 'e'].map(letter => `${letter}.log`)) {
    const bytes = readFileSync(join(out, name))
    expect(bytes.equals(readFileSync(join(whole, name)))).toBe(true)
    expect(manifestOf(out, name).output).toEqual({ records: 300, bytes: bytes.length, sha256: sha256(bytes) })
  }
})

const keyAt = (minute: string, ending = '.log.gz') =>
  `AWSLogs/123456789010/vpcflowlogs/us-east-1/2019/08/26/123456789010_vpcflowlogs_us-east-1_fl-0a1b_20190826T${minute}Z_ab12${ending}`

test('objects of a bucket in a window of time; one that cannot be read is told of, and the others go on', async () => {
  const out = await temporaryFolder('from-s3')
  const wanted = keyAt('1000')
  wire.objects.set(wanted, gzipSync(logOf(3)))
  wire.objects.set(keyAt('2200'), gzipSync(logOf(3)))
  wire.objects.set(keyAt('1005', '.log'), Buffer.from('no flow log\n'))
  const options = {
    ...({ out, as: 'csv', gzip: true, from: '2019-08-26T09:00Z', to: '2019-08-26T11:00Z' } as const),
    ...{ region: 'us-east-1', endpoint: wire.endpoint },
  }
  expect(await annotated([`s3://${WIRE_BUCKET}/AWSLogs/123456789010/`], options)).toBe(5)
  const folder = join(out, 'vpcflowlogs/us-east-1/2019/08/26')
  const name = `${wanted.slice(wanted.lastIndexOf('/') + 1, -'.log.gz'.length)}.csv.gz`
  expect(filesIn(folder)).toEqual([name, `${name}.manifest.json`])
  expect(
    gunzipSync(readFileSync(join(folder, name)))
      .toString()
      .split('\r\n'),
  ).toHaveLength(3 + 2)
  const { input, counts } = manifestOf(folder, name)
  expect(input).toMatchObject({ name: `s3://${WIRE_BUCKET}/${wanted}`, etag: expect.stringMatching(/^\w{32}$/) })
  expect(counts.records).toBe(3)
  expect(counts.states.filter(({ side }) => side === 'source').reduce((sum, { flows }) => sum + flows, 0)).toBe(3)

  const reads = () => wire.requests.filter(request => request.includes(name.slice(0, -'.csv.gz'.length))).length
  const before = reads()
  expect(await annotated([`s3://${WIRE_BUCKET}/AWSLogs/123456789010/`], options)).toBe(5)
  expect(reads()).toBe(before)
})

test('an output is made again once its input, the claims or what was asked for is another; a bundle answers the same', async () => {
  const folder = await temporaryFolder('again')
  const [log, out, claims] = ['x.log', 'out', 'owners'].map(name => join(folder, name)) as [string, string, string]
  writeFileSync(log, logOf(5))
  const made = async (options: Partial<AnnotateOptions> = {}) => {
    const before = filesIn(folder).includes('out') ? statSync(join(out, 'x.ndjson')).ino : 0
    expect(await annotated([log], { out, ...options })).toBe(0)
    return statSync(join(out, 'x.ndjson')).ino !== before
  }
  expect(await made()).toBe(true)
  const answers = readFileSync(join(out, 'x.ndjson'), 'utf8')
  expect(answers).toContain('"state":"owned"')
  expect(await made()).toBe(false)
  expect(await made({ again: true })).toBe(true)
  expect(await made({ slackSeconds: 59 })).toBe(true)
  expect(await made({ slackSeconds: 59, jobs: 2 })).toBe(false)
  writeFileSync(join(out, 'x.ndjson'), 'cut')
  expect(await made({ slackSeconds: 59 })).toBe(true)
  expect(await exportClaims(settings, { out: claims, signal: new AbortController().signal })).toBe(0)
  expect(await made({ claims })).toBe(true)
  expect(await made({ claims })).toBe(false)
  expect(readFileSync(join(out, 'x.ndjson'), 'utf8')).toBe(answers)
  writeFileSync(log, logOf(6))
  expect(await made({ claims })).toBe(true)
})

test('two inputs that would have one output, and an output over an input, are refused before anything is written', async () => {
  const folder = await temporaryFolder('taken')
  for (const name of ['x.log', 'x.log.gz']) writeFileSync(join(folder, name), logOf(1))
  const taken = { code: 'WHOHAD_OUTPUT_NAME_TAKEN', kind: 'usage' }
  const out = `${folder}-out`
  await expect(annotated([folder], { out })).rejects.toMatchObject(taken)
  await expect(annotated([join(folder, 'x.log')], { out: folder, as: 'text' })).rejects.toMatchObject(taken)
  expect(filesIn(folder)).toEqual(['x.log', 'x.log.gz'])
})

test('where no input can be reached, nothing was partial', async () => {
  const out = join(await temporaryFolder('unreached'), 'out')
  const options = { out, region: 'us-east-1', endpoint: 'http://127.0.0.1:9' }
  expect(await annotated([`s3://${WIRE_BUCKET}/AWSLogs/`], options)).toBe(4)
  const log = join(await temporaryFolder('reached'), 'x.log')
  writeFileSync(log, logOf(1))
  expect(await annotated([`s3://${WIRE_BUCKET}/AWSLogs/`, log], options)).toBe(5)
})

test('a folder that cannot be written to ends the run, for no output could be written', async () => {
  const folder = await temporaryFolder('unwritable')
  const log = join(folder, 'x.log')
  writeFileSync(log, logOf(1))
  await expect(annotated([log], { out: log })).rejects.toMatchObject({ code: 'WHOHAD_OUTPUT_NOT_WRITTEN' })
})

test('no key leads out of the folder', () => {
  const place = { bucket: 'b', region: 'us-east-1' }
  const named = (relative: string) => {
    const object = { bucket: 'b', key: relative, etag: '', sizeBytes: 0 }
    return { name: relative, relative, from: { object, place } }
  }
  const inputs = ['../../x.log', '/etc/x.log.gz', 'a/./x.parquet', '..', 'a/x.snappy.log.parquet'].map(named)
  const paths = [...outputPaths(inputs, { folder: '/out', ending: '.csv' }).values()]
  expect(paths.map(({ deadLetters }) => deadLetters)).toEqual([
    '/out/_dead-letters/%2E%2E/%2E%2E/x.log.ndjson',
    '/out/_dead-letters/%/etc/x.log.gz.ndjson',
    '/out/_dead-letters/a/%2E/x.parquet.ndjson',
    '/out/_dead-letters/%2E%2E.ndjson',
    '/out/_dead-letters/a/x.snappy.log.parquet.ndjson',
  ])
  expect(paths.map(({ output }) => output)).toEqual([
    '/out/%2E%2E/%2E%2E/x.csv',
    '/out/%/etc/x.csv',
    '/out/a/%2E/x.csv',
    '/out/%2E%2E.csv',
    '/out/a/x.snappy.csv',
  ])
})

test('the samples of AWS are answered in files as they are on standard output', async () => {
  const samples = join(PROJECT, 'test/golden/flow-logs')
  const path = await dataFolder()
  const out = join(path, 'out')
  const logs = filesIn(samples).filter(name => name.endsWith('.log'))
  const whole = loadSettings({}, { overrides: { data: { path } } })
  expect(await annotated([`${samples}/*.log`], { out, at: '1616729300' }, whole)).toBe(0)
  for (const name of logs.map(log => log.replace('.log', '.ndjson'))) {
    const expected = readFileSync(join(samples, 'expected', name), 'utf8').split('\n')
    const answered = expected.filter(line => !line.startsWith('{"summary"')).join('\n')
    expect(readFileSync(join(out, name), 'utf8')).toBe(answered)
  }
  expect(logs).toHaveLength(5)
})

test('CSV of several inputs on standard output is one table; the input whose columns differ is told of', async () => {
  const other = join(PROJECT, 'test/golden/flow-logs/v2-default.log')
  const args = ['annotate', '-', other, '--as', 'csv', '--gzip', '--data', data]
  const folder = await temporaryFolder('stdout')
  const packed = join(folder, 'out.csv.gz')
  const command = `"$0" "$@" > '${packed}'`
  const bin = join(PROJECT, 'bin/whohad.cjs')
  const run = start('sh', ['-c', command, process.execPath, bin, ...args], { input: logOf(4) })
  const { code, stderr } = await run.ended
  expect(stderr).toContain('WHOHAD_OUTPUT_COLUMNS_CHANGED')
  expect(stderr).toContain('4 records answered.')
  expect(code).toBe(5)
  const [header, ...lines] = gunzipSync(readFileSync(packed)).toString().trimEnd().split('\r\n')
  expect(header).toContain(',src_state,')
  expect(lines).toHaveLength(4)
})
