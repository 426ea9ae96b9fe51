import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { holdSecondsOf, loadSettings, type Settings } from '../../src/cli/settings.ts'
import { WhohadError } from '../../src/runtime/errors.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'

let folder: string
let files = 0
beforeAll(async () => {
  folder = await temporaryFolder('settings')
})

function fileWith(text: string): string {
  const path = join(folder, `${files++}.yaml`)
  writeFileSync(path, text)
  return path
}

type Environment = Parameters<typeof loadSettings>[0]

const load = (text: string, environment: Environment = {}): Settings =>
  loadSettings(environment, { config: fileWith(text) })

function refusal(text: string, environment: Environment = {}, overrides = {}): WhohadError {
  try {
    loadSettings(environment, { config: fileWith(text), overrides })
  } catch (error) {
    if (error instanceof WhohadError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const complaint = (text: string, environment: Environment = {}): string => refusal(text, environment).message

describe('defaults', () => {
  test('an empty file is all defaults: embedded, on loopback, no sources', () => {
    expect(load('')).toEqual({
      data: { path: 'whohad-data', checkpointSeconds: 600, syncSeconds: 0 },
      retention: {},
      api: {
        host: '127.0.0.1',
        port: 7788,
        insecure: false,
        trustedProxies: [],
        oidcAlgorithms: ['RS256', 'ES256'],
        oidcDomainsClaim: 'whohad-domains',
        openMetrics: false,
        openPage: false,
        requestsPerMinute: 0,
        corsOrigins: [],
        audit: false,
      },
      kafka: { brokers: [], topic: 'whohad.changes', partitions: 12, compression: 'gzip', insecure: false },
      clickhouse: { username: 'default', password: '', database: 'whohad' },
      domains: [],
      reach: [],
      naming: {
        rules: [{ rule: 'tag', keys: ['app', 'application'] }, { rule: 'asg-frigga' }, { rule: 'description' }],
        teamTags: ['team', 'owner', 'email'],
      },
      ec2: [],
      titus: [],
      awsRanges: {
        name: 'main',
        pollSeconds: 60,
        fastestPollSeconds: 60,
        largestDrop: 0.5,
        largestNamedDrop: 0.5,
        fewestHoldings: 20,
        takeOverAfterPolls: 2,
        lagSeconds: 10,
        clockErrorSeconds: 0.1,
        bridgeSeconds: 604_800,
        briefestHoldingSeconds: 0,
      },
      flowLogs: [],
      tracing: { sampleShare: 1 },
      log: { level: 'info' },
    })
  })

  test('a source has its bounds by default', () => {
    const { ec2 } = load('ec2: [{ account: "123456789012", region: us-east-1 }]')
    expect(ec2).toEqual([
      {
        account: '123456789012',
        region: 'us-east-1',
        partition: 'aws',
        sessionName: 'whohad',
        lookSeconds: 5,
        requestsPerSecond: 2,
        requestBurst: 10,
        hedgeSlowPages: true,
        pollSeconds: 60,
        fastestPollSeconds: 15,
        largestDrop: 0.5,
        largestNamedDrop: 0.5,
        fewestHoldings: 20,
        takeOverAfterPolls: 2,
        lagSeconds: 10,
        clockErrorSeconds: 0.1,
        bridgeSeconds: 180,
        briefestHoldingSeconds: 0,
      },
    ])
  })

  test('a section whose keys are all commented out is as good as none', () => {
    expect(load('kafka:\n  # brokers: []\nec2:\n').kafka.brokers).toEqual([])
  })

  test('one call leaves nothing behind for the next', () => {
    load('', { WHOHAD_KAFKA__BROKERS: 'a:1', WHOHAD_DATA__PATH: '/elsewhere' })
    expect(load('').kafka.brokers).toEqual([])
    expect(load('').data.path).toBe('whohad-data')
  })
})

describe('the environment', () => {
  test('gives lists, numbers, booleans and text, and wins over the file', () => {
    const environment = {
      WHOHAD_KAFKA__BROKERS: 'a.example.net:9092, b.example.net:9093,',
      WHOHAD_KAFKA__REPLICATION_FACTOR: '3',
      WHOHAD_API__INSECURE: 'true',
      WHOHAD_API__PORT: '0',
      WHOHAD_CLICKHOUSE__PASSWORD: '12345',
      WHOHAD_NAMING__TEAM_TAGS: 'squad',
      PATH: '/bin',
    }
    const settings = load('kafka: { brokers: ["c:1"], topic: changes }\napi: { port: 1, insecure: false }', environment)
    expect(settings.kafka).toEqual({
      brokers: ['a.example.net:9092', 'b.example.net:9093'],
      topic: 'changes',
      partitions: 12,
      replicationFactor: 3,
      compression: 'gzip',
      insecure: false,
    })
    expect(settings.api).toMatchObject({ host: '127.0.0.1', port: 0, insecure: true })
    expect(settings.clickhouse.password).toBe('12345')
    expect(settings.naming.teamTags).toEqual(['squad'])
    expect(load('api: { insecure: true }', { WHOHAD_API__INSECURE: 'false' }).api.insecure).toBe(false)
  })

  test('the command line wins over the environment, where it says something', () => {
    const config = fileWith('')
    const environment = { WHOHAD_DATA__PATH: '/e', WHOHAD_API__PORT: '1' }
    const { data, api } = loadSettings(environment, {
      config,
      overrides: { data: { path: undefined }, api: { port: 2 } },
    })
    expect([data.path, api.port]).toEqual(['/e', 2])
  })

  test('WHOHAD_CONFIG names the file, and --config wins over it', () => {
    const environment = { WHOHAD_CONFIG: fileWith('data: { path: /a }') }
    expect(loadSettings(environment).data.path).toBe('/a')
    expect(loadSettings(environment, { config: fileWith('data: { path: /b }') }).data.path).toBe('/b')
  })

  test.for([
    'WHOHAD_KAFKA__BROKER',
    'WHOHAD_KAFKA',
    'WHOHAD_',
    'WHOHAD_KAFKA__',
    'WHOHAD_KAFKA__BROKERS__0',
    'WHOHAD_NOWHERE__KEY',
    'WHOHAD_EC2__REGION',
    'WHOHAD_KAFKA__CONSTRUCTOR',
    'WHOHAD_TO_STRING__NAME',
  ])('%s is no key, and is complained about by its name', name => {
    expect(complaint('', { [name]: 'x' })).toContain(`the environment variable ${name} names no key`)
  })

  test('the variables of commands and tests are no keys, and no mistakes', () => {
    expect(() =>
      load('', {
        WHOHAD_URL: 'http://127.0.0.1:1',
        WHOHAD_TEST_KAFKA: 'a:1',
        WHOHAD_TEST_KAFKA_VERSION: '4.3.1',
        WHOHAD_TEST_CLICKHOUSE: 'http://127.0.0.1:1',
      }),
    ).not.toThrow()
  })

  test.for([
    ['WHOHAD_KAFKA__PARTITIONS', 'many', 'kafka.partitions'],
    ['WHOHAD_KAFKA__PARTITIONS', '1.5', 'kafka.partitions'],
    ['WHOHAD_API__PORT', '', 'api.port'],
    ['WHOHAD_API__PORT', '70000', 'api.port'],
    ['WHOHAD_API__INSECURE', 'yes', 'api.insecure'],
    ['WHOHAD_KAFKA__BROKERS', 'a.example.net', 'kafka.brokers.0'],
    ['WHOHAD_CLICKHOUSE__URL', 'clickhouse:8123', 'clickhouse.url'],
    ['WHOHAD_LOG__LEVEL', 'loud', 'log.level'],
  ] as const)('%s=%s is complained about as %s', ([name, value, key]) => {
    expect(refusal('', { [name]: value })).toMatchObject({ code: 'WHOHAD_CONFIG_INVALID', kind: 'usage' })
    expect(complaint('', { [name]: value })).toContain(key)
  })
})

describe('what is wrong', () => {
  test.for([
    ['kafak: { brokers: [] }', 'unknown key kafak'],
    ['kafka: { broker: [] }', 'unknown key kafka.broker'],
    ['ec2: [{ account: "123456789012", region: a, regoin: b }]', 'unknown key ec2.0.regoin'],
    ['ec2: [{ account: 123456789012, region: a }]', 'ec2.0.account'],
    ['ec2: [{ account: "1234", region: a }]', 'ec2.0.account'],
    ['ec2: { account: "123456789012", region: a }', 'ec2 '],
    ['data: 5', 'data '],
    ['api: [1]', 'api '],
    ['naming: { rules: [{ rule: guess }] }', 'naming.rules.0'],
    ['titus: [{ name: main, url: "http://t", covers: [] }]', 'titus.0.covers'],
    ['titus: [{ name: main, url: "http://t", covers: [{ domain: prod, prefix: 10.0.0.0/33 }] }]', '"10.0.0.0/33"'],
    ['titus: [{ name: main, url: "http://t", covers: [{ domain: prod, prefix: ten/8 }] }]', '"ten/8"'],
    ['clickhouse: { database: "a b" }', 'clickhouse.database'],
    ['api: { oidcIssuer: "https://i" }', 'api.oidcAudience and api.oidcJwksUrl is missing'],
    [
      'api: { oidcIssuer: "https://i", oidcAudience: w, oidcJwksUrl: "http://i.example.net/keys" }',
      'api.oidcJwksUrl must be https',
    ],
    ['api: { oidcAlgorithms: [HS256] }', 'api.oidcAlgorithms.0'],
    ['api: { corsOrigins: ["*"] }', 'api.corsOrigins.0'],
    ['api: { corsOrigins: ["https://tools.example.net/"] }', 'api.corsOrigins.0'],
  ] as const)('%s', ([text, said]) => {
    expect(refusal(text).code).toBe('WHOHAD_CONFIG_INVALID')
    expect(complaint(text)).toContain(said)
  })

  test('the environment and the command line do not hide what is wrong in the file', () => {
    expect(complaint('data: 5', { WHOHAD_DATA__PATH: '/x' })).toContain('data ')
    expect(refusal('data: 5', {}, { data: { path: undefined } }).message).toContain('data ')
  })

  test('everything is said at once, with the number of faults', () => {
    const said = complaint('kafak: 1\napi: { port: high }\nclickhouse: { urll: x }', {
      WHOHAD_API__HOTS: 'x',
      WHOHAD_KAFKA__PARTITIONS: 'many',
    })
    expect(said).toContain('5 faults')
    for (const key of ['kafak', 'api.port', 'clickhouse.urll', 'WHOHAD_API__HOTS', 'kafka.partitions']) {
      expect(said).toContain(key)
    }
    expect(said).toContain('docs/configuration.md')
  })

  test('one fault is called one', () => {
    expect(complaint('kafak: 1')).toContain('one fault: unknown key kafak')
  })

  test('the hold must outlast the slowest poll, and says both numbers and the way out', () => {
    const text = (hold: number) => `
ec2: [{ account: "123456789012", region: a, pollSeconds: 30 }]
titus: [{ name: main, url: "http://t", covers: [{ domain: prod, prefix: 10.0.0.0/16 }], pollSeconds: 90 }]
flowLogs: [{ bucket: logs, region: a, holdSeconds: ${hold} }]`
    expect(complaint(text(90))).toContain(
      'flowLogs.logs.holdSeconds (90) must be longer than the slowest pollSeconds (90)',
    )
    expect(complaint(text(90))).toContain('raise the first or lower the second')
    expect(load(text(91)).flowLogs[0]?.holdSeconds).toBe(91)
    const settings = load(text(91).replace(', holdSeconds: 91', ''))
    expect(settings.flowLogs.map(flowLogs => holdSecondsOf(flowLogs, settings))).toEqual([270])
  })

  test('a secret that does not fit is not repeated', () => {
    expect(complaint('clickhouse: { password: [s3cret] }')).not.toContain('s3cret')
  })
})

describe('the file', () => {
  test('that is not there is named, with how to mend it', () => {
    const path = join(folder, 'nowhere.yaml')
    expect(() => loadSettings({}, { config: path })).toThrow(
      expect.objectContaining({ code: 'WHOHAD_CONFIG_UNREADABLE', kind: 'usage' }),
    )
    expect(() => loadSettings({}, { config: path })).toThrow(`${path}: ENOENT`)
  })

  test('may not be a folder', () => {
    const path = join(folder, 'a-folder.yaml')
    mkdirSync(path)
    expect(() => loadSettings({}, { config: path })).toThrow(`${path}: EISDIR`)
  })

  test.for(['a: [', 'a: 1\na: 2', 'a: b: c', '- 1', '5', 'text', '--- {}\n--- {}'])('%j is no configuration', text => {
    expect(refusal(text)).toMatchObject({ code: 'WHOHAD_CONFIG_UNREADABLE', kind: 'usage' })
    expect(complaint(text)).toMatch(/\.yaml: .+[^:]\. Mend the file/)
    expect(complaint(text)).not.toContain('\n')
  })
})

const KEYS = [
  'data',
  'path',
  'api',
  'port',
  'kafka',
  'brokers',
  'ec2',
  'titus',
  'covers',
  'flowLogs',
  'naming',
  'rules',
]
const key = fc.oneof(fc.constantFrom(...KEYS, '__proto__', 'constructor', 'a/b', 'a~b', ''), fc.string())
const { tree } = fc.letrec<{ tree: unknown }>(tie => ({
  tree: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom(null, true, -1, 0.5, Number.MAX_VALUE, 'http://a', '10.0.0.0/8', 'a:1', '123456789012'),
    fc.string(),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
  ),
}))

describe('whatever comes', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  const settled = (attempt: () => unknown): void => {
    try {
      attempt()
    } catch (error) {
      if (!(error instanceof WhohadError)) throw error
      expect(error.kind).toBe('usage')
    }
  }
  const path = () => join(folder, 'any.yaml')

  test('a tree is taken or refused in words', () => {
    fc.assert(
      fc.property(fc.dictionary(key, tree, { maxKeys: 4 }), given => {
        writeFileSync(path(), stringify(given))
        settled(() => loadSettings({}, { config: path(), overrides: { api: { port: undefined } } }))
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  test('a text is taken or refused in words', () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {}) // the parser's remarks on odd YAML
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom(...KEYS, ': ', '\n', '- ', '&a ', '*a', '{', '}', '[', ']', '<<: ', '!!binary ', '? ', '|'),
      ),
    )
    fc.assert(
      fc.property(
        pieces.map(some => some.join('')),
        text => {
          writeFileSync(path(), text)
          settled(() => loadSettings({}, { config: path() }))
        },
      ),
      { seed: 1, numRuns: 500, examples: [['&a\ndata: *a'], ['domains: &a [*a]'], ['data: &a { path: *a }']] },
    )
  })

  test('an environment is taken or refused in words', () => {
    const part = fc.constantFrom('KAFKA', 'BROKERS', 'API', 'PORT', '__', '_', 'PROTO', 'CONSTRUCTOR', 'X')
    const name = fc.array(part, { maxLength: 5 }).map(parts => `WHOHAD_${parts.join('')}`)
    fc.assert(
      fc.property(fc.dictionary(name, fc.string()), environment => {
        settled(() => loadSettings({ ...environment, WHOHAD_CONFIG: fileForEmpty() }))
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  const fileForEmpty = () => {
    writeFileSync(path(), '')
    return path()
  }
})
