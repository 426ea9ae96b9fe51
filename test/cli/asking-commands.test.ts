import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeBundle } from '../../src/changestream/bundle/write-bundle.ts'
import { openEmbeddedReader } from '../../src/changestream/embedded/embedded-log.ts'
import { replayed } from '../../src/cli/replayed.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { testApi } from '../support/api.ts'
import { dataFolder } from '../support/cli-data.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { runHere, type Told } from '../support/command-line.ts'
import { claimOf, sampleChanges, VPC } from '../support/flow-log-inventory.ts'

let data: string
let bundle: string
let url: string
let nothing: string
let close: () => Promise<unknown>
/** What a server knows of its flows. */
const END = { state: 'owned', middle: null, domain: 'prod' } as const
const SUMS = { packets: 2, rejectedFlows: 0, rejectedBytes: 0 }
const TRAFFIC = [
  { ...SUMS, source: { ...END, name: 'checkout' }, destination: { ...END, name: 'ledger' }, flows: 3, bytes: 900 },
  { ...SUMS, source: { ...END, name: 'ledger' }, destination: { ...END, name: 'checkout' }, flows: 1, bytes: 40 },
]

/** A name that would clear the screen of whoever prints it. */
const HOSTILE = claimOf({
  domain: VPC,
  prefix: '10.0.7.7/32',
  layer: 'instance',
  owner: { application: 'nice\u001b[2Japp', resourceId: 'i-0777' },
  from: 1_500_000_000,
  until: 1_700_000_000,
})

beforeAll(async () => {
  data = await dataFolder([...sampleChanges(), HOSTILE])
  nothing = join(await temporaryFolder('nothing'), 'whohad-data')
  const index = await replayed(loadSettings({}, { overrides: { data: { path: data } } }))
  bundle = join(await temporaryFolder('bundle'), 'owners')
  await writeBundle(index, bundle, { madeAtMs: systemClock.now(), signal: new AbortController().signal })
  const log = { ...(await openEmbeddedReader(join(data, 'changes'))), append: async () => {} }
  const { app } = await testApi({
    ask: question => index.ask(question),
    index,
    generation: () => index.generation(),
    log,
    clock: systemClock,
    store: { traffic: async ({ most }) => TRAFFIC.slice(0, most), captureGaps: async () => [] },
  })
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  close = async () => Promise.all([app.close(), log.close()])
})
afterAll(() => close())

const DAY = ['--from', '1616500000', '--to', '1616586400']
const ASKED: readonly (readonly string[])[] = [
  ['52.11.120.97 @ 1495670748 in inet.0'],
  ['history', '10.0.1.5', 'in', VPC, ...DAY],
  ['history', '52.11.120.97', '--from', '1495670000', '--to', '1495680000', '--limit', '2'],
  ['explain', '10.0.1.5', '@', '1616500000', 'in', VPC],
  ['apps', 'billing', '--at', '1616500000'],
  ['apps', 'billing', ...DAY, '--domain', VPC],
]

/** What the sources vouch for of the future is cut at the present, which goes on between two commands. */
const withoutWatermark = (told: Told): Told => ({
  ...told,
  stdout: told.stdout.replace(/"watermark":\{[^}]*\}/g, '"watermark":{}'),
})

describe('a server, a bundle and the data folder answer alike', () => {
  test.for(ASKED)('%j', async words => {
    const places = [
      ['--data', data],
      ['--claims', bundle],
      ['--url', url],
    ]
    const told = []
    for (const place of places) told.push(await runHere([...words, ...place]))
    const [first] = told
    expect(first?.stdout).toMatch(/^\{.+\}\n$/s)
    for (const one of told) expect(withoutWatermark(one)).toEqual(first && withoutWatermark(first))
  })

  test('changes: the same records, of one source or of all', async () => {
    for (const more of [[], ['--source', 'ec2/by-hand'], ['--since', '2000-01-01T00:00Z'], ['--domain', VPC]]) {
      const here = await runHere(['changes', ...more, '--data', data])
      expect(here.stdout.split('\n').length).toBeGreaterThan(5)
      expect(await runHere(['changes', ...more, '--url', url])).toEqual(here)
    }
  })

  test('a text, each line as of its own time', async () => {
    const file = join(await temporaryFolder('text'), 'talk.txt')
    writeFileSync(file, '1616500000 10.0.1.5:443 said hello\nnothing here: 300.1.2.3\n10.0.1.5\n')
    const expected = '1616500000 10.0.1.5:443{billing} said hello\nnothing here: 300.1.2.3\n10.0.1.5{billing}\n'
    for (const place of [
      ['--data', data],
      ['--claims', bundle],
      ['--url', url],
    ]) {
      const words = ['annotate', file, '--domain', VPC, '--at', '1616500100', ...place]
      expect(await runHere(words)).toEqual({ code: 0, stdout: expected, stderr: '' })
    }
  })
})

describe('on a terminal', () => {
  test.for([
    [
      ['history', '10.0.1.5', 'in', 'VPC', ...DAY],
      ['Who had it', 'What the sources say', 'billing'],
    ],
    [
      ['explain', '10.0.1.5', '@', '1616500000', 'in', 'VPC'],
      ['The rule: One owner is certain', 'owner', 'billing'],
    ],
    [
      ['apps', 'billing', '--at', '1616500000'],
      ['address', '10.0.1.5', 'owned'],
    ],
    [
      ['graph', '--url', 'URL'],
      ['checkout', 'ledger', '900 B'],
    ],
  ] as const)('%j is a table', async ([words, parts]) => {
    const given = words.map(word => ({ VPC, URL: url })[word] ?? word)
    const place = given.includes('--url') ? [] : ['--data', data]
    const { code, stdout } = await runHere([...given, ...place], { isTerminal: true })
    for (const part of parts) expect(stdout).toContain(part)
    expect(stdout).toContain('┌')
    expect(code).toBe(0)
    const asJson = await runHere([...given, ...place, '--json'], { isTerminal: true })
    expect(asJson.stdout).toMatch(/^\{.+\}\n$/s)
  })

  test.for([['explain'], ['history'], []])('no name of a tag steers it: %j', async words => {
    const time = words[0] === 'history' ? [] : ['@', '1616500000']
    const all = [...words, '10.0.7.7', ...time, 'in', VPC, '--data', data]
    const { stdout } = await runHere(all, { isTerminal: true })
    expect(stdout).toContain('nice')
    expect(stdout).not.toContain('\u001b[2J')
  })
})

describe('the graph', () => {
  test('is an edge a line in a pipe, with the names of both ends', async () => {
    const { stdout } = await runHere(['graph', '--url', url])
    expect(
      stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toMatchObject([
      { source: 'checkout', sourceState: 'owned', destination: 'ledger', via: null, bytes: 900 },
      { source: 'ledger', destination: 'checkout', bytes: 40 },
    ])
  })

  test.for([
    ['dot', 'digraph whohad {'],
    ['mermaid', 'flowchart LR'],
    ['csv', 'source,source_state,'],
    ['json', '{"during":'],
  ] as const)('as %s', async ([form, begin]) => {
    const { code, stdout } = await runHere(['graph', '--format', form, '--url', url])
    expect(stdout.startsWith(begin)).toBe(true)
    expect(code).toBe(0)
  })
})

const UNREACHABLE = 'http://127.0.0.1:1'

/** What follows the command is where to ask: data, nothing, url or UNREACHABLE. */
const CODES: readonly (readonly [number, string, string])[] = [
  [0, `history 10.0.1.5 in ${VPC}`, 'data'],
  [1, `history 10.0.1.5 in ${VPC}`, 'nothing'],
  [2, 'history 10.0.1.555', 'data'],
  [2, 'history 10.0.1.5 at 1616500000', 'data'],
  [2, `history 10.0.1.5 in ${VPC} --from now --to 1616500000`, 'url'],
  [2, `history 10.0.1.5 in ${VPC} --from now --to 1616500000`, 'data'],
  [4, `history 10.0.1.5 in ${VPC}`, 'unreachable'],
  [5, `history 10.0.1.5 in ${VPC} --limit 1`, 'data'],
  [5, `history 10.0.1.5 in ${VPC} --limit 1`, 'url'],
  [0, 'apps billing --at 1616500000', 'data'],
  [1, 'apps billing', 'nothing'],
  [2, 'apps billing --at noon', 'data'],
  [3, 'apps nobody', 'data'],
  [3, 'apps nobody', 'url'],
  [4, 'apps billing', 'unreachable'],
  [0, 'explain 52.11.120.97 @ 1495670748 in inet.0', 'url'],
  [1, 'explain 52.11.120.97 @ 1495670748 in inet.0', 'nothing'],
  [2, 'explain 52.11.120.97 @ noon', 'data'],
  [2, 'explain 10.99.0.1 @ 1616500000', 'data'],
  [2, 'explain 10.99.0.1 @ 1616500000', 'url'],
  [3, `explain 10.0.200.200 @ 1616500000 in ${VPC}`, 'data'],
  [4, 'explain 52.11.120.97', 'unreachable'],
  [0, 'graph', 'url'],
  [1, 'graph', 'nothing'],
  [2, 'graph --by colour', 'url'],
  [2, 'graph --from now --to 1616500000', 'url'],
  [2, 'graph', 'bundle'],
  [4, 'graph', 'unreachable'],
  [5, 'graph --limit 1', 'url'],
  [0, 'changes', 'url'],
  [1, 'changes', 'nothing'],
  [2, 'changes --since noon', 'url'],
  [2, 'changes', 'bundle'],
  [4, 'changes', 'unreachable'],
  [2, '52.11.120.97', 'both'],
  [3, `10.0.200.200 @ 1616500000 in ${VPC}`, 'bundle'],
  [0, 'completion bash', 'data'],
  [2, 'completion tcsh', 'data'],
  [0, 'man', 'data'],
]

const placeOf = (name: string): readonly string[] =>
  ({
    data: ['--data', data],
    nothing: ['--data', nothing],
    url: ['--url', url],
    unreachable: ['--url', UNREACHABLE],
    bundle: ['--claims', bundle],
    both: ['--claims', bundle, '--url', url],
  })[name] ?? []

test.for(CODES)('exit code %i: %s (%s)', async ([code, words, place]) => {
  const told = await runHere([...words.split(' '), ...placeOf(place)])
  expect({ ...told, stdout: '' }).toMatchObject({ code })
  if (code === 2 || code === 4 || code === 1) expect(told.stdout).toBe('')
  expect(told.stderr).not.toMatch(/\n\s+at .*:\d+/)
})

test('a folder and a bundle on the command line go before WHOHAD_URL', async () => {
  const env = { WHOHAD_URL: UNREACHABLE }
  const question = ['52.11.120.97 @ 1495670748']
  expect(await runHere(question, { env })).toMatchObject({ code: 4 })
  expect(await runHere([...question, '--data', data], { env })).toMatchObject({ code: 0 })
  expect(await runHere([...question, '--claims', bundle], { env })).toMatchObject({ code: 0 })
})

test('the key of a server is told by the environment or by a file, the first of them', async () => {
  const heard: (string | undefined)[] = []
  const server = createServer((request, response) => {
    heard.push(request.headers.authorization)
    response.writeHead(401, { 'content-type': 'application/problem+json' })
    response.end('{"code":"WHOHAD_UNAUTHENTICATED","detail":"who are you?"}')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const WHOHAD_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const file = join(await temporaryFolder('key'), 'key')
  writeFileSync(file, 'whk_file\n')
  const told = []
  for (const env of [
    { WHOHAD_API_KEY: 'whk_given', WHOHAD_API_KEY_FILE: file },
    { WHOHAD_API_KEY_FILE: file },
    { WHOHAD_TOKEN: 'older' },
    {},
  ]) {
    told.push(await runHere(['history', '10.0.0.1', 'in', 'prod'], { env: { ...env, WHOHAD_URL } }))
  }
  server.close()
  expect(heard).toEqual(['Bearer whk_given', 'Bearer whk_file', 'Bearer older', undefined])
  for (const one of told) expect(one).toMatchObject({ code: 2, stderr: 'WHOHAD_UNAUTHENTICATED: who are you?\n' })
  const missing = { WHOHAD_URL, WHOHAD_API_KEY_FILE: `${file}-gone` }
  expect(await runHere(['10.0.0.1'], { env: missing })).toMatchObject({ code: 2 })
})
