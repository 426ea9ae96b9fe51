import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildWhohadFirst, type RunOptions, whohad } from '../support/cli.ts'
import { dataFolder } from '../support/cli-data.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { VPC } from '../support/flow-log-inventory.ts'

buildWhohadFirst()

let data: string
beforeAll(async () => {
  data = await dataFolder()
})

const ask = (question: string, options: RunOptions = {}) => whohad([question, '--data', data], options)

describe.concurrent('a question about the data folder', () => {
  test('is answered as one line of JSON in a pipe, and that alone', async () => {
    const { code, stdout, stderr } = await ask('52.11.120.97 @ 1495670748 in inet.0')
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^\{.*\}\n$/)
    expect(JSON.parse(stdout)).toMatchObject({
      question: { ip: '52.11.120.97', domain: 'inet.0' },
      state: 'owned',
      reason: 'authoritative-time',
      holding: { owner: { application: 'edge', resourceId: 'i-0dddddddddddddddd' } },
    })
    expect(code).toBe(0)
  })

  test('may come as several words, and with options after it', async () => {
    const words = ['10.0.1.5', 'at', '1616500000', 'in', VPC, '--json', '--data', data]
    const { code, stdout } = await whohad(words)
    expect(JSON.parse(stdout)).toMatchObject({ state: 'owned', holding: { owner: { application: 'billing' } } })
    expect(code).toBe(0)
  })

  test('finds the folder by the environment and by the configuration file too', async () => {
    const question = '52.11.120.97 @ 1495670748'
    const byEnvironment = await whohad([question], { env: { WHOHAD_DATA__PATH: data } })
    expect(JSON.parse(byEnvironment.stdout)).toMatchObject({ state: 'owned' })
    const folder = await temporaryFolder('config')
    writeFileSync(join(folder, 'whohad.yaml'), `data: { path: ${data} }\n`)
    const byFile = await whohad([question], { cwd: folder })
    expect(JSON.parse(byFile.stdout)).toMatchObject({ state: 'owned' })
  })

  test.for([
    [`10.0.200.200 @ 1616500000 in ${VPC}`, 'unowned', 3],
    ['10.0.1.5 @ 1616500000 in nowhere', 'unknown', 3],
    [`172.16.0.1 @ 1616500000 in ${VPC}`, 'unknown', 3],
    ['198.51.100.7 @ 1616500000', 'external', 0],
  ] as const)('%s is %s, exit code %i', async ([question, state, exitCode]) => {
    const { code, stdout } = await ask(question)
    expect(JSON.parse(stdout)).toMatchObject({ state })
    expect(code).toBe(exitCode)
  })

  test('nothing in the folder is changed by asking', async () => {
    const before = readdirSync(join(data, 'changes')).toSorted()
    await ask('52.11.120.97 @ 1495670748 in inet.0')
    expect(readdirSync(join(data, 'changes')).toSorted()).toEqual(before)
    expect(readdirSync(data)).toEqual(['changes'])
  })
})

describe.concurrent('what cannot be read', () => {
  test.for([
    [['52.11.120.970'], 'WHOHAD_ADDRESS_MALFORMED: "52.11.120.970" is not an IP address'],
    [['10.0.0.1 @ yesterday'], 'WHOHAD_TIME_MALFORMED: "yesterday" is not a time'],
    [['10.0.0.1 @ now in bad!domain'], 'WHOHAD_DOMAIN_MALFORMED: "bad!domain"'],
    [['10.0.0.1 @ now in'], 'WHOHAD_DOMAIN_MALFORMED'],
    [['10.0.0.1 10.0.0.2 @ now'], 'WHOHAD_QUESTION_MALFORMED'],
    [['10.0.0.1', '--jsno'], "unknown option '--jsno'"],
    [['demo', '--seed', 'seven'], 'It must be a whole number'],
    [['up', '--port', '-1'], '--port'],
    [['annotate', '--zone', '+02:00', '--gzip'], 'error: --zone is for any text, and --gzip for flow logs'],
    [['annotate', '--zone', 'here'], 'WHOHAD_'],
    [['annotate', 'x.log', '--as', 'xml'], 'Allowed choices are ndjson, text, csv, parquet'],
    [['annotate', 'x.log', '--at', 'noon'], 'WHOHAD_TIME_MALFORMED: "noon"'],
    [['annotate', 'x.log', '--slack', '-5'], 'slack'],
    [[], 'Usage: whohad'],
  ] as const)('%j: exit code 2, the sentence on stderr, nothing on stdout', async ([args, sentence]) => {
    const { code, stdout, stderr } = await whohad(args)
    expect(stderr).toContain(sentence)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  test('a private address without its domain is asked back, with the domains that have it', async () => {
    const { code, stdout, stderr } = await ask('10.99.0.1 @ 1616500000')
    expect(stderr).toContain('WHOHAD_DOMAIN_NEEDED: 10.99.0.1 is a private address')
    expect(stderr).toContain(VPC)
    expect([code, stdout]).toEqual([2, ''])
  })

  test('a configuration with a fault stops the question: exit code 2', async () => {
    const { code, stdout, stderr } = await ask('10.0.0.1', { env: { WHOHAD_KAFKA__BROKRES: 'a:1' } })
    expect(stderr).toContain('WHOHAD_CONFIG_INVALID')
    expect(stderr).toContain('WHOHAD_KAFKA__BROKRES')
    expect([code, stdout]).toEqual([2, ''])
  })
})

describe.concurrent('netstat -tn | whohad annotate', () => {
  const NETSTAT = [
    'Active Internet connections (w/o servers)',
    'Proto Recv-Q Send-Q Local Address           Foreign Address         State',
    'tcp        0      0 10.0.1.5:44322          52.11.120.97:443        ESTABLISHED',
    'tcp6       0      0 ::1:5432                ::1:51514               TIME_WAIT',
    '',
  ].join('\n')
  const words = ['annotate', '--at', '1616500000', '--domain', VPC]

  test('every address has its owner behind it, and else nothing is changed', async () => {
    const { code, stdout, stderr } = await whohad([...words, '--data', data], { input: NETSTAT })
    expect(stdout).toContain('10.0.1.5:44322{billing}          52.11.120.97:443')
    expect(stdout.replace(/\{[^}]*\}/g, '')).toBe(NETSTAT)
    expect(stdout).not.toContain('\u001b')
    expect([code, stderr]).toEqual([0, ''])
  })

  test('in colours where they are asked for, and never where they are forbidden', async () => {
    const all = [...words, '--data', data]
    const painted = await whohad(all, { input: NETSTAT, env: { FORCE_COLOR: '1' } })
    expect(painted.stdout).toContain('10.0.1.5:44322\u001b[32m{billing}\u001b[39m')
    const plain = await whohad(all, { input: NETSTAT, env: { FORCE_COLOR: '1', NO_COLOR: '1' } })
    expect(plain.stdout).not.toContain('\u001b')
    expect(plain.stdout).toBe(stripVTControlCharacters(painted.stdout))
  })
})

describe.concurrent('a data folder that cannot answer', () => {
  test('has no change stream yet: exit code 1, with what to do', async () => {
    const path = join(await temporaryFolder('nothing'), 'whohad-data')
    const { code, stdout, stderr } = await whohad(['10.0.0.1 in prod', '--data', path])
    expect(stderr).toContain(`WHOHAD_NOTHING_KNOWN: There is no change stream in ${path} yet`)
    expect(stderr).toContain('whohad demo')
    expect([code, stdout]).toEqual([1, ''])
  })

  test('has lost a segment: exit code 1, with its name, for asking, annotating and running', async () => {
    const path = await dataFolder(undefined, 1024)
    const segments = readdirSync(join(path, 'changes')).filter(name => name.endsWith('.avro'))
    expect(segments.length).toBeGreaterThan(3)
    const lost = segments.toSorted()[1] ?? ''
    rmSync(join(path, 'changes', lost))
    const commands = [['52.11.120.97 @ 1495670748 in inet.0'], ['annotate', 'x.log'], ['up', '--port', '0']]
    for (const args of commands) {
      const { code, stdout, stderr } = await whohad([...args, '--data', path])
      expect(stderr).toContain(`WHOHAD_STREAM_SEGMENT_MISSING: The change stream's segment ${lost}`)
      expect(stderr).toContain('Restore it from a backup')
      expect([code, stdout]).toEqual([1, ''])
    }
  })
})

describe.concurrent('a server', () => {
  const question = '52.11.120.97 @ 1495670748 in inet.0'

  async function serverThat(answers: {
    status: number
    body: string
  }): Promise<{ url: string; asked: string[]; close(): void }> {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(new URL(request.url ?? '', 'http://a').searchParams.get('q') ?? '')
      response.writeHead(answers.status, { 'content-type': 'application/json' }).end(answers.body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    return { url: `http://127.0.0.1:${port}`, asked, close: () => server.close() }
  }

  test('that does not answer is exit code 4, with its address and the reason', async () => {
    const { url, close } = await serverThat({ status: 200, body: '' })
    close()
    for (const [args, env] of [
      [[question, '--url', url], {}],
      [[question], { WHOHAD_URL: url }],
    ] as const) {
      const { code, stdout, stderr } = await whohad(args, { env })
      expect(stderr).toContain(`WHOHAD_SERVER_UNREACHABLE: No whohad server answers at ${url}: connect ECONNREFUSED`)
      expect([code, stdout]).toEqual([4, ''])
    }
  })

  test.for([
    ['not a url', 'WHOHAD_USAGE', 2],
    ['ftp://a', 'WHOHAD_USAGE', 2],
  ] as const)('--url %j is no address of one', async ([url, said, exitCode]) => {
    const { code, stdout, stderr } = await whohad([question, '--url', url])
    expect(stderr).toContain(said)
    expect([code, stdout]).toEqual([exitCode, ''])
  })

  test.for([
    [503, '{"detail":"still reading"}', 'WHOHAD_SERVER_REFUSED', 1],
    [400, '{"detail":"no such thing"}', 'no such thing', 2],
    [200, '<html>another service</html>', 'WHOHAD_SERVER_REFUSED', 1],
    [404, '<html>nothing here</html>', 'WHOHAD_SERVER_REFUSED', 1],
  ] as const)('that says %i %s is no answer', async ([status, body, said, exitCode]) => {
    const { url, asked, close } = await serverThat({ status, body })
    const { code, stdout, stderr } = await whohad([question, '--url', url])
    close()
    expect(asked).toEqual([question])
    expect(stderr).toContain(said)
    expect([code, stdout]).toEqual([exitCode, ''])
  })
})

describe.concurrent('help', () => {
  test('shows examples and exit codes on stdout, exit code 0', async () => {
    const { code, stdout, stderr } = await whohad(['--help'])
    expect(stdout).toContain('whohad "52.11.120.97 @ 1495670748 in inet.0"')
    expect(stdout).toMatch(/Exit codes: 0 .*5 partial/)
    expect([code, stderr]).toEqual([0, ''])
  })

  test.for(['annotate', 'up', 'demo'])('of %s', async command => {
    const { code, stdout } = await whohad([command, '--help'])
    expect(stdout).toContain(`Usage: whohad ${command}`)
    expect(stdout).toContain('--data <folder>')
    expect(code).toBe(0)
  })

  test('the version is the package’s', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(await whohad(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' })
  })
})
