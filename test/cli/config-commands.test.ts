import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { nearest } from '../../src/cli/config-check.ts'
import { configTemplate } from '../../src/cli/config-template.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { type KeySchema, keysOf, SETTINGS } from '../../src/cli/settings-words.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { runHere } from '../support/command-line.ts'

let folder: string
let files = 0
beforeAll(async () => {
  folder = await temporaryFolder('config')
})

function fileWith(text: string): string {
  const path = join(folder, `${files++}.yaml`)
  writeFileSync(path, text)
  return path
}

const objects = (text: string): Record<string, unknown>[] =>
  text.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line)]))

async function faults(text: string, env: Readonly<Record<string, string>> = {}) {
  const { code, stdout } = await runHere(['config', 'check', '--config', fileWith(text)], { env })
  return { code, faults: objects(stdout) }
}

describe('whohad config init', () => {
  test('writes a file that passes the check and is all defaults', async () => {
    const path = join(folder, 'init.yaml')
    expect(await runHere(['config', 'init', path])).toMatchObject({ code: 0, stdout: '' })
    const { code, stdout, stderr } = await runHere(['config', 'check', '--config', path])
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: `Nothing is wrong with ${path}.\n` })
    expect(loadSettings({}, { config: path })).toEqual(loadSettings({}, { config: fileWith('') }))
  })

  test('every default of a section is set, and what has none is commented out', () => {
    const written: unknown = parse(configTemplate())
    const sections = Object.entries(SETTINGS.properties ?? {}).filter(([, { type }]) => type === 'object')
    const defaults = sections.map(([section, { properties = {} }]) => {
      const keys = Object.entries(properties).filter(([, inner]) => inner.default !== undefined)
      // "retention:" with nothing below it is null.
      return [section, keys.length > 0 ? Object.fromEntries(keys.map(([key, inner]) => [key, inner.default])) : null]
    })
    expect(written).toEqual(Object.fromEntries(defaults))
  })

  test('has every key of the schema with its description, those of list entries too', () => {
    const text = configTemplate()
    const words = text.replace(/\s*\n[\s#]*/g, ' ')
    const look = (schema: KeySchema): void => {
      for (const [key, inner] of Object.entries(keysOf(schema))) {
        expect(text).toMatch(new RegExp(`^[# -]*${key}:`, 'm'))
        if ('const' in inner || inner.anyOf?.every(one => 'const' in one)) continue
        expect(inner.description, key).toBeTruthy()
        expect(words).toContain((inner.description ?? '').replace(/\s+/g, ' '))
        if (inner.type === 'object') look(inner)
        if (inner.items) look(inner.items)
      }
    }
    look(SETTINGS)
  })

  test('what is commented out can be taken in, each list by itself', () => {
    for (const [name, schema] of Object.entries(SETTINGS.properties ?? {})) {
      if (schema.type !== 'array') continue
      const lines = configTemplate().split('\n')
      const begin = lines.indexOf(`# ${name}:`)
      const section = lines.slice(begin, lines.indexOf('', begin)).map(line => line.replace(/^# ?/, ''))
      const { complaints } = complaintsOf(section.join('\n'))
      // Only values that nobody but its owner knows are missing; no key is strange, and the form is right.
      expect(complaints).not.toContain('unknown key')
      expect(complaints).not.toContain('CONFIG_UNREADABLE')
    }
  })

  test('replaces nothing', async () => {
    const path = fileWith('data: { path: mine }\n')
    const { code, stderr } = await runHere(['config', 'init', path])
    expect(stderr).toContain(
      `WHOHAD_CONFIG_NOT_WRITTEN: Cannot write the configuration file ${path}: it is there already`,
    )
    expect(code).toBe(2)
    expect(readFileSync(path, 'utf8')).toBe('data: { path: mine }\n')
    expect(existsSync(`${path}.part`)).toBe(false)
  })
})

function complaintsOf(text: string): { complaints: string } {
  try {
    loadSettings({}, { config: fileWith(text) })
    return { complaints: '' }
  } catch (error) {
    return { complaints: String(error) }
  }
}

describe('whohad config check', () => {
  test('names each fault with its key, its line and what to do', async () => {
    const found = await faults(
      'api:\n  prot: 80\n  host: 127.0.0.1\n  audit: maybe\nkafka:\n  brokers: [nonsense]\nzoo: 1\n\nec2:\n  - account: "1"\n    region: x\n',
    )
    expect(found.code).toBe(2)
    expect(found.faults).toMatchObject(
      [
        { key: 'zoo', line: 7 },
        { key: 'api.prot', line: 2, fault: 'there is no such key', mend: 'Write "port", or take it out.' },
        { key: 'api.audit', line: 4, mend: expect.stringContaining('It must be true or false. One log line for each') },
        { key: 'kafka.brokers.0', line: 6 },
        { key: 'ec2.0.account', line: 10, mend: expect.stringContaining('Account id, twelve digits in quotes') },
      ].sort(
        (a, b) =>
          found.faults.findIndex(({ key }) => key === a.key) - found.faults.findIndex(({ key }) => key === b.key),
      ),
    )
    expect(found.faults).toHaveLength(5)
  })

  test('names all of many', async () => {
    const many = Array.from({ length: 40 }, (_, i) => `  strange${i}: 1\n`).join('')
    expect((await faults(`api:\n${many}`)).faults).toHaveLength(40)
  })

  test('finds rules between keys where they stand', async () => {
    const found = await faults(
      'ec2:\n  - { account: "123456789012", region: us-east-1 }\nflowLogs:\n  - region: x\n    bucket: logs\n    holdSeconds: 1\n',
    )
    expect(found.faults).toMatchObject([
      { key: 'flowLogs.logs.holdSeconds', line: 6, mend: 'raise the first or lower the second' },
    ])
  })

  test('names variables of the environment that are no keys', async () => {
    const found = await faults('', { WHOHAD_KAFKA__BROKRES: 'a:1', WHOHAD_API__PORT: '80' })
    expect(found.faults).toMatchObject([{ key: 'WHOHAD_KAFKA__BROKRES', line: null }])
  })

  test('what is no YAML is refused with its line', async () => {
    const { code, stderr } = await runHere(['config', 'check', '--config', fileWith('a: [1\nb: 2\n')])
    expect(stderr).toMatch(/WHOHAD_CONFIG_UNREADABLE: .* at line \d/)
    expect(code).toBe(2)
  })

  test('a slip or two is told from another word', () => {
    expect(nearest('brokres', ['brokers', 'topic'])).toBe('brokers')
    expect(nearest('prot', ['host', 'port'])).toBe('port')
    expect(nearest('everything', ['brokers', 'topic'])).toBeUndefined()
  })
})

describe('whohad config show', () => {
  const SECRETS = `kafka:\n  brokers: [127.0.0.1:9092]\n  saslMechanism: plain\n  saslUsername: me\n  saslPassword: hunter2\nclickhouse:\n  url: http://me:swordfish@db.example.net:8123\n`

  test('tells where each value comes from', async () => {
    const path = fileWith('api:\n  port: 80\ndata:\n  path: from-file\nlog:\n  level: warn\n')
    const env = { WHOHAD_API__PORT: '8080', WHOHAD_KAFKA__TOPIC: 'other' }
    const { code, stdout } = await runHere(['config', 'show', '--config', path, '--data', 'mine'], { env })
    const shown = new Map(objects(stdout).map(({ key, value, from }) => [key, { value, from }]))
    expect(code).toBe(0)
    expect(shown.get('api.port')).toEqual({ value: 8080, from: 'WHOHAD_API__PORT' })
    expect(shown.get('kafka.topic')).toEqual({ value: 'other', from: 'WHOHAD_KAFKA__TOPIC' })
    expect(shown.get('data.path')).toEqual({ value: 'mine', from: 'command line' })
    expect(shown.get('log.level')).toEqual({ value: 'warn', from: path })
    expect(shown.get('api.host')).toEqual({ value: '127.0.0.1', from: 'default' })
    expect(shown.get('ec2')).toEqual({ value: [], from: 'default' })
  })

  test.for([false, true])('shows no secret (terminal: %s)', async isTerminal => {
    const env = { WHOHAD_CLICKHOUSE__PASSWORD: 'opensesame' }
    const { stdout, stderr } = await runHere(['config', 'show', '--config', fileWith(SECRETS)], { env, isTerminal })
    for (const secret of ['hunter2', 'swordfish', 'opensesame']) expect(stdout + stderr).not.toContain(secret)
    expect(stdout).toContain('(redacted)')
    expect(stdout).toContain('db.example.net:8123')
  })

  test('shows what is wrong instead, where something is', async () => {
    const { code, stdout } = await runHere(['config', 'show', '--config', fileWith('api: { port: x }\n')])
    expect(objects(stdout)).toMatchObject([{ key: 'api.port', line: 1 }])
    expect(code).toBe(2)
  })
})
