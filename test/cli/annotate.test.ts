import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildWhohadFirst, PROJECT, type RunOptions, start, whohad } from '../support/cli.ts'
import { dataFolder } from '../support/cli-data.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'

buildWhohadFirst()

const SAMPLES = join(PROJECT, 'test/golden/flow-logs')
const sample = (name: string) => join(SAMPLES, `${name}.log`)
const names = readdirSync(SAMPLES)
  .filter(file => file.endsWith('.log'))
  .map(file => file.replace('.log', ''))
/** When the sample of 2021 was recorded: a time for the samples that have none. */
const AT = '1616729300'

let data: string
let folder: string
beforeAll(async () => {
  data = await dataFolder()
  folder = await temporaryFolder('annotate')
})

const annotate = (args: readonly string[], options: RunOptions = {}) =>
  whohad(['annotate', ...args, '--data', data], options)

function written(name: string, contents: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, contents)
  return path
}

/** What the annotator makes of a sample (test/enricher/annotate.test.ts), without the summary line. */
const expectedJson = (name: string) =>
  readFileSync(join(SAMPLES, 'expected', `${name}.ndjson`), 'utf8')
    .split('\n')
    .filter(line => !line.startsWith('{"summary"'))
    .join('\n')
const expectedText = (name: string) => readFileSync(join(SAMPLES, 'expected', `${name}.txt`), 'utf8')
/** The annotator has fields; a line keeps its runs of spaces. */
const singlySpaced = (text: string) => text.replace(/ +/g, ' ')

describe.concurrent('the samples of AWS', () => {
  test('there are five', () => {
    expect(names).toHaveLength(5)
  })

  test.for(names)('%s as JSON, from a file', async name => {
    const { code, stdout, stderr } = await annotate([sample(name), '--at', AT])
    expect(stdout).toBe(expectedJson(name))
    expect(stderr).toMatch(/^\d+ records answered\./)
    expect(code).toBe(0)
  })

  test.for(names)('%s as text, gzipped, from standard input', async name => {
    const input = gzipSync(readFileSync(sample(name)))
    const { code, stdout } = await annotate(['-', '--as', 'text', '--at', AT], { input })
    expect(singlySpaced(stdout)).toBe(expectedText(name))
    const lines = readFileSync(sample(name), 'utf8').trimEnd().split('\n')
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line, i) => line.slice(0, lines[i]?.length)),
    ).toEqual(lines)
    expect(code).toBe(0)
  })

  test('all in one go: the header of each format stands before its lines, and the counts are of all', async () => {
    const { code, stdout, stderr } = await annotate([...names.map(sample), '--as', 'text', '--at', AT])
    expect(singlySpaced(stdout)).toBe(names.map(expectedText).join(''))
    const lines = names.flatMap(name => expectedJson(name).trim().split('\n'))
    const answered = lines.filter(line => line.includes('"source":')).length
    expect(stderr).toContain(`${answered} records answered.`)
    expect(code).toBe(0)
  })

  test('records without time say so, and how to give one', async () => {
    const { code, stdout, stderr } = await annotate([sample('nat-gateway')])
    expect(stderr).toContain('6 records carry no time and were not answered; give one with --at TIME.')
    const lines = stdout.trim().split('\n')
    expect(lines.map(line => (JSON.parse(line) as { problem?: string }).problem)).toEqual(Array(6).fill('without-time'))
    expect(code).toBe(0)
  })
})

describe.concurrent('settings', () => {
  const header = 'srcaddr dstaddr pkt-srcaddr pkt-dstaddr start end flow-direction vpc-id bytes'
  // 10.0.1.5 is held from 1616000000 on: 30 seconds before this record.
  const record = '10.0.1.5 198.51.100.7 10.0.1.5 198.51.100.7 1616000030 1616000031 egress vpc-abcdefab012345678 10'
  const sourceOf = (stdout: string) => (JSON.parse(stdout) as { source: { state: string } }).source

  test('--slack is how much earlier than its start a packet may be', async () => {
    const path = written('slack.log', `${header}\n${record}\n`)
    expect(sourceOf((await annotate([path])).stdout).state).not.toBe('owned')
    expect(sourceOf((await annotate([path, '--slack', '0'])).stdout)).toMatchObject({
      state: 'owned',
      application: 'billing',
    })
    expect(sourceOf((await annotate([path, '--slack', '30.001'])).stdout).state).not.toBe('owned')
    expect(sourceOf((await annotate([path, '--slack', '30'])).stdout).state).toBe('owned')
  })

  test('--format stands in for the header line', async () => {
    const path = written('headless.log', `${record}\n`)
    const without = await annotate([path])
    // Without a header it is any text, unless it is said to be a flow log.
    expect(without).toMatchObject({ code: 0, stderr: '' })
    const asFlowLog = await annotate([path, '--as', 'ndjson'])
    expect(asFlowLog.stderr).toContain('WHOHAD_FLOW_HEADER_MISSING')
    expect(asFlowLog.code).toBe(5)
    const { code, stdout } = await annotate([path, '--format', header, '--slack', '0'])
    expect(sourceOf(stdout).state).toBe('owned')
    expect(code).toBe(0)
  })

  test('a --format without a field of flow logs is a mistake of the caller: exit code 2', async () => {
    const { code, stdout, stderr } = await annotate([sample('v2-default'), '--format', 'foo bar'])
    expect(stderr).toContain('WHOHAD_FLOW_FORMAT_MALFORMED')
    expect([code, stdout]).toEqual([2, ''])
  })
})

describe.concurrent('bad input', () => {
  const answeredLines = (stdout: string) => stdout.split('\n').filter(line => line.includes('"source":'))

  test('a truncated gzip: what it holds is annotated, the rest told, the other files go on, exit code 5', async () => {
    const line = readFileSync(sample('v3-tcp-flags'), 'utf8').split('\n')[1] ?? ''
    const header = readFileSync(sample('v3-tcp-flags'), 'utf8').split('\n')[0] ?? ''
    const whole = gzipSync(`${header}\n${Array.from({ length: 20_000 }, () => `${line}\n`).join('')}`)
    const path = written('torn.log.gz', whole.subarray(0, whole.length - 200))
    expect(() => gunzipSync(readFileSync(path))).toThrow()
    const { code, stdout, stderr } = await annotate([path, sample('v5-service-path-direction')])
    const answered = answeredLines(stdout)
    expect(answered.length).toBeGreaterThan(1000)
    expect(answered.at(-1)).toContain('uploader')
    expect(stderr).toMatch(/damaged parts? left out: truncated/)
    expect(code).toBe(5)
  })

  test('a file that is not there is told of, the others go on, exit code 5', async () => {
    const missing = join(folder, 'missing.log')
    const { code, stdout, stderr } = await annotate([missing, sample('v3-tcp-flags')])
    expect(stderr).toContain(`WHOHAD_FLOW_FILE_UNREADABLE: Cannot read ${missing}: there is no such file.`)
    expect(stdout).toBe(expectedJson('v3-tcp-flags'))
    expect(code).toBe(5)
  })

  test('a folder is what is in it; an empty folder and a broken Parquet file are told of, an empty file is nothing', async () => {
    const [full, empty] = [join(folder, 'full'), join(folder, 'nothing')]
    for (const path of [full, empty]) mkdirSync(path)
    writeFileSync(join(full, 'a.log'), '')
    writeFileSync(join(full, 'b.log'), readFileSync(sample('v3-tcp-flags')))
    writeFileSync(join(full, 'c.parquet'), 'PAR1\0\0\0\0')
    const { code, stdout, stderr } = await annotate([empty, full])
    expect(stderr).toContain(`Cannot read ${empty}: no file is there`)
    expect(stderr).toContain('1 damaged part left out: truncated-parquet.')
    const [rejected, ...answered] = stdout.trimEnd().split('\n').toReversed()
    expect(`${answered.toReversed().join('\n')}\n`).toBe(expectedJson('v3-tcp-flags'))
    expect(rejected).toContain('"problem":"truncated-parquet"')
    expect(code).toBe(5)
  })

  test('a line with too few fields is told with its place, the lines around it are answered, exit code 5', async () => {
    const [header = '', first = '', ...rest] = readFileSync(sample('v3-tcp-flags'), 'utf8').trimEnd().split('\n')
    const path = written('short.log', [header, first, '3 vpc-1 10.0.0.1', ...rest, ''].join('\n'))
    const { code, stdout, stderr } = await annotate([path])
    expect(answeredLines(stdout)).toHaveLength(1 + rest.length)
    expect(stdout).toContain(`{"file":"${path}","line":2,"problem":"too-few-fields"`)
    expect(stderr).toContain('1 line left out: too-few-fields.')
    expect(code).toBe(5)
  })

  test('a line is answered before the next one is there', async () => {
    const [header = '', first = '', second = ''] = readFileSync(sample('v3-tcp-flags'), 'utf8').split('\n')
    const out = join(folder, 'so-far')
    const script = `{ printf '%s\\n' "$2" "$3"; until grep -q owned "$6"; do sleep 0.1; done; printf '%s\\n' "$4"; } |
      "$0" "$1" annotate - --as text --data "$5" >"$6"`
    const args = [process.execPath, join(PROJECT, 'bin/whohad.cjs'), header, first, second, data, out]
    const { code } = await start('sh', ['-c', script, ...args]).ended
    expect(readFileSync(out, 'utf8').match(/owned/g)).toHaveLength(4)
    expect(code).toBe(0)
  })

  test('a reader that has seen enough ends it, without a stack on the terminal', async () => {
    const text = readFileSync(sample('v3-tcp-flags'), 'utf8')
    const [header = '', line = ''] = text.split('\n')
    const path = written('long.log', `${header}\n${Array.from({ length: 30_000 }, () => `${line}\n`).join('')}`)
    const command = `"$0" "$1" annotate "$2" --data "$3" | head -n 1`
    const args = ['-c', command, process.execPath, join(PROJECT, 'bin/whohad.cjs'), path, data]
    const { code, stdout, stderr } = await start('sh', args).ended
    expect(stdout.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).not.toMatch(/EPIPE|\n\s+at /)
    expect(code).toBe(0)
  })

  test('without a change stream there is nothing to annotate with: exit code 1', async () => {
    const { code, stdout, stderr } = await whohad(['annotate', sample('v2-default'), '--data', join(folder, 'none')])
    expect(stderr).toContain('WHOHAD_NOTHING_KNOWN')
    expect([code, stdout]).toEqual([1, ''])
  })
})
