import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { encodeChange } from '../../src/changestream/codec.ts'
import { openEmbeddedLog, openEmbeddedReader } from '../../src/changestream/embedded/embedded-log.ts'
import { exportChanges } from '../../src/cli/export-command.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { claimOf, progressOf, sourceRecordOf } from '../support/changes.ts'
import { buildWhohadFirst, type RunOptions, startWhohad, whohad } from '../support/cli.ts'
import { dataFolder } from '../support/cli-data.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { polledStory } from '../support/polled-story.ts'
import { readAll } from '../support/retained-state.ts'

buildWhohadFirst()

const STORY: readonly Change[] = [
  ...polledStory(12).flatMap(({ changes }) => changes),
  { ...progressOf('ec2/one', 2, 99), refused: { reason: 'size-drop', detail: '1 of 9.' } },
  claimOf('ec2/one', 1, 1, { id: 'late' }), // half way through, epoch 2 took over
  { record: 'horizon', domain: 'vpc-1', beforeMs: 1_000 },
]

let data: string
let folder: string
beforeAll(async () => {
  data = await dataFolder(STORY)
  folder = await temporaryFolder('changes')
})

const changes = (args: readonly string[], options: RunOptions = {}) => whohad(['changes', ...args], options)
const linesOf = (stdout: string) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Record<string, unknown>)
const openLog = (path: string) =>
  openEmbeddedLog({ folder: join(path, 'changes'), segmentBytes: 4096, clock: systemClock, onTornTail: () => {} })
const encodedIn = async (path: string) => {
  const records = await readAll(await openEmbeddedReader(join(path, 'changes')))
  return records.map(({ change }) => encodeChange(change).toString('hex'))
}

describe.concurrent('the stream in a pipe', () => {
  test('is one JSON object a line, every record with place, time and the epoch that fenced it off', async () => {
    const { code, stdout, stderr } = await changes(['--data', data])
    const lines = linesOf(stdout)
    expect(lines.map(({ offset }) => offset)).toEqual(STORY.map((_, i) => i))
    expect(lines.map(({ record }) => record)).toEqual(STORY.map(({ record }) => record))
    for (const { partition, loggedAt } of lines) {
      expect(partition).toBe(0)
      expect(new Date(String(loggedAt)).toISOString()).toBe(loggedAt)
    }
    expect(lines.filter(({ fencedBy }) => fencedBy !== null)).toMatchObject([{ id: 'late', fencedBy: 2 }])
    expect([code, stderr]).toEqual([0, ''])
  })

  test('has every field of the Avro schemas, infinities as null', async () => {
    const lines = linesOf((await changes(['--data', data])).stdout)
    for (const [record, file] of [
      ['claim', 'ip-claim'],
      ['progress', 'progress'],
      ['source', 'source'],
      ['horizon', 'horizon'],
    ]) {
      const { fields } = JSON.parse(readFileSync(`schemas/${file}.avsc`, 'utf8')) as { fields: { name: string }[] }
      const line = lines.find(found => found['record'] === record) ?? {}
      expect(Object.keys(line).sort()).toEqual(
        ['partition', 'offset', 'loggedAt', 'fencedBy', 'record', ...fields.map(({ name }) => name)].sort(),
      )
    }
    expect(lines.find(({ record, state }) => record === 'claim' && state === 'open')).toMatchObject({
      end: { latestMs: null },
    })
  })

  test('can be of one source, one domain, or from one time on', async () => {
    const ofOne = linesOf((await changes(['--data', data, '--source', 'ec2/one'])).stdout)
    expect(new Set(ofOne.map(({ source }) => source))).toEqual(new Set(['ec2/one']))
    const ofDomain = linesOf((await changes(['--data', data, '--domain', 'vpc-2'])).stdout)
    expect(new Set(ofDomain.map(({ source }) => source))).toEqual(new Set(['ec2/two']))
    expect(ofDomain.length).toBeGreaterThan(10)
    expect(await changes(['--data', data, '--since', 'now'])).toMatchObject({ code: 0, stdout: '' })
    expect(linesOf((await changes(['--data', data, '--since', '1 h ago'])).stdout)).toHaveLength(STORY.length)
  })

  test('an unreadable record is told with its place, the others are printed, exit code 5', async () => {
    const path = await dataFolder([sourceRecordOf('ec2/a', 1)])
    const log = await openLog(path)
    // A newer version wrote it: it fits the schema, and this one cannot say what it means.
    const odd = { ...claimOf('ec2/a', 1, 1), prefix: '10.0.0.7/8' as never }
    await log.append([odd, progressOf('ec2/a', 1, 1)])
    await log.close()
    const { code, stdout, stderr } = await changes(['--data', path])
    expect(linesOf(stdout).map(({ record }) => record)).toEqual(['source', 'progress'])
    expect(stderr).toContain('Unreadable: partition 0, offset 1: ')
    expect(stderr).toContain('1 records of the change stream could not be read')
    expect(code).toBe(5)
  })
})

describe.concurrent('following', () => {
  test('goes on with what another process writes, over segments, until Ctrl-C: exit code 0', async () => {
    const path = await dataFolder([sourceRecordOf('ec2/a', 1)])
    const log = await openLog(path)
    const running = startWhohad(['changes', '--follow', '--data', path])
    await running.said(/"record":"source"/)
    for (let i = 1; i <= 30; i++) await log.append([claimOf('ec2/a', 1, i), progressOf('ec2/a', 1, i)])
    await running.said(/"record":"progress","source":"ec2\/a","revision":\{"epoch":1,"sequence":30\}/)
    await log.close()
    const again = await openLog(path)
    await again.append([progressOf('ec2/a', 1, 31)])
    await running.said(/"sequence":31/)
    await again.close()
    expect(readdirSync(join(path, 'changes')).filter(name => name.endsWith('.avro')).length).toBeGreaterThan(2)
    running.kill('SIGINT')
    const { code, stdout } = await running.ended
    expect(linesOf(stdout).map(({ offset }) => offset)).toEqual(Array.from({ length: 62 }, (_, i) => i))
    expect(code).toBe(0)
  })
})

describe.concurrent('an export', () => {
  test('and its import give the same records byte for byte, and the same state', async () => {
    const file = join(folder, 'moved.avro')
    const target = join(folder, 'moved')
    const exported = await changes(['export', '--data', data, '--out', file])
    expect(exported.stderr).toContain(`Exported ${STORY.length} records`)
    expect([exported.code, exported.stdout]).toEqual([0, ''])
    const imported = await changes(['import', file, '--data', target])
    expect(imported.stderr).toContain(`Imported ${STORY.length} records`)
    expect([imported.code, imported.stdout]).toEqual([0, ''])
    expect(await encodedIn(target)).toEqual(await encodedIn(data))
    const [before, after] = await Promise.all(
      [data, target].map(path => changes(['export', '--state', '--data', path])),
    )
    expect(after?.stdout).toBe(before?.stdout)
    expect(linesOf(after?.stdout ?? '').length).toBeGreaterThan(10)
  })

  test('goes through pipes, beside a process that writes the stream', async () => {
    const path = await dataFolder(STORY)
    const log = await openLog(path)
    const file = join(folder, 'piped.avro')
    const written = await changes(['export', '--data', path, '--out', file])
    expect(written.code).toBe(0)
    await log.close()
    const target = join(folder, 'piped')
    const { code } = await changes(['import', '-', '--data', target], { input: readFileSync(file) })
    expect(code).toBe(0)
    expect(await encodedIn(target)).toEqual(await encodedIn(path))
  })

  test('replaces no file, and leaves none behind where it fails', async () => {
    const file = join(folder, 'there.avro')
    writeFileSync(file, 'mine')
    const refused = await changes(['export', '--data', data, '--out', file])
    expect(refused.stderr).toContain('WHOHAD_EXPORT_FILE_EXISTS')
    expect([refused.code, readFileSync(file, 'utf8')]).toEqual([2, 'mine'])
    const nowhere = await changes(['export', '--data', data, '--out', join(folder, 'no/such/folder/a.avro')])
    expect(nowhere.stderr).toContain('WHOHAD_EXPORT_NOT_WRITTEN')
    expect(nowhere.code).toBe(1)
    const missing = join(folder, 'missing.avro')
    expect((await changes(['export', '--data', join(folder, 'none'), '--out', missing])).stderr).toContain(
      'WHOHAD_NOTHING_KNOWN',
    )
    expect([existsSync(missing), existsSync(`${missing}.new`)]).toEqual([false, false])
  })
})

test('an export that is called off leaves nothing, exit code 1', async () => {
  const file = join(folder, 'stopped.avro')
  const settings = loadSettings({}, { overrides: { data: { path: data } } })
  const options = { out: file, state: false, signal: AbortSignal.abort() }
  expect(await exportChanges(settings, options)).toBe(1)
  expect(readdirSync(folder).filter(name => name.startsWith('stopped'))).toEqual([])
})

describe.concurrent('an import', () => {
  test('into a stream with records is refused, unless it is asked for; once more changes nothing', async () => {
    const file = join(folder, 'twice.avro')
    const target = await dataFolder(STORY.slice(0, 40))
    await changes(['export', '--data', data, '--out', file])
    const refused = await changes(['import', file, '--data', target])
    expect(refused.stderr).toContain('WHOHAD_IMPORT_TARGET_NOT_EMPTY')
    expect(refused.stderr).toContain('has 40 records already')
    expect(refused.code).toBe(2)
    expect((await changes(['import', file, '--append', '--data', target])).code).toBe(0)
    const states = await Promise.all([data, target].map(path => changes(['export', '--state', '--data', path])))
    expect(states[1]?.stdout).toBe(states[0]?.stdout)
  })

  test('into a stream that a process has is refused with its pid', async () => {
    const file = join(folder, 'locked.avro')
    await changes(['export', '--data', data, '--out', file])
    const target = await temporaryFolder('locked')
    const log = await openLog(target)
    const { code, stderr } = await changes(['import', file, '--data', target])
    await log.close()
    expect(stderr).toContain(`in use by process ${process.pid}`)
    expect(code).toBe(1)
  })

  test('of a file that was cut short takes what is there, says so, exit code 5; or 1 where nothing is', async () => {
    const long = await dataFolder([sourceRecordOf('ec2/a', 1)])
    const log = await openLog(long)
    await log.append(Array.from({ length: 3_000 }, (_, i) => claimOf('ec2/a', 1, i)))
    await log.close()
    const whole = join(folder, 'whole.avro')
    await changes(['export', '--data', long, '--out', whole])
    const cut = join(folder, 'cut.avro')
    writeFileSync(cut, readFileSync(whole).subarray(0, -100))
    const { code, stderr } = await changes(['import', cut, '--data', join(folder, 'cut')])
    expect(stderr).toMatch(/Imported [\d,]+ records/)
    expect(stderr).toContain(`This is not all of ${cut}: it is cut short within the block`)
    expect(code).toBe(5)
    writeFileSync(cut, readFileSync(whole).subarray(0, 9_000))
    const nothing = await changes(['import', cut, '--data', join(folder, 'nothing')])
    expect(nothing.stderr).toContain(`WHOHAD_EXPORT_UNREADABLE: Cannot read ${cut}`)
    expect(nothing.code).toBe(1)
  })

  test.each([
    ['none.avro', 'there is no such file'],
    ['.', 'it is a folder'],
  ])('of %s makes no stream', async (name, reason) => {
    const target = join(folder, `target-${name.length}`)
    const { code, stderr } = await changes(['import', join(folder, name), '--data', target])
    expect(stderr).toContain(reason)
    expect([code, existsSync(target)]).toEqual([1, false])
  })
})

describe.concurrent('the command line', () => {
  test.each([
    [[], /--follow[\s\S]*Examples:[\s\S]*Exit codes: 0 done/],
    [['export'], /--out[\s\S]*Examples:[\s\S]*Exit codes: 0 done/],
    [['import'], /Not carried over: log times and places[\s\S]*Examples:[\s\S]*Exit codes: 0 done/],
  ] as const)('%j has a help with examples and exit codes', async (words, said) => {
    const { code, stdout } = await changes([...words, '--help'])
    expect(stdout).toMatch(said)
    expect(code).toBe(0)
  })

  test.each([
    [['--since', 'noon'], 'WHOHAD_TIME_MALFORMED'],
    [['exprot'], 'too many arguments'],
    [['import'], "missing required argument 'file'"],
    [['export', '--jsno'], "unknown option '--jsno'"],
  ] as const)('%j is a mistake: exit code 2', async (words, said) => {
    const { code, stdout, stderr } = await changes(words)
    expect(stderr).toContain(said)
    expect([code, stdout]).toEqual([2, ''])
  })
})
