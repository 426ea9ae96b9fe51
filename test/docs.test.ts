import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { configurationPage, configurationRows } from '../scripts/configuration-page.mjs'
import { docProblems } from '../scripts/docs.mjs'
import { loadSettings } from '../src/cli/settings.ts'
import { SettingsSchema } from '../src/cli/settings-schema.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** A project whose pages are complete, except for what `changed` says. */
function project(changed: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'whohad-docs-'))
  folders.push(folder)
  const files = {
    'README.md': '# Project\n\n[errors](docs/errors.md)\n',
    'CHANGELOG.md': '# Changes\n',
    'docs/errors.md': '# Errors\n\n## WHOHAD_DISK_FULL\n\nExit 1.\n',
    'docs/metrics.md': '# Metrics\n\n## Suggested rules\n\n### whohad_polls_total\n\nCounter.\n',
    'src/store/errors.ts': `export const full = declareError(\n  'WHOHAD_DISK_FULL',\n  'state',\n  () => 'It is full.',\n)\n`,
    'src/cli/metrics.ts': `export const polls = counter('whohad_polls_total', 'Polls.')\n`,
    ...changed,
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

test('the pages explain exactly the error codes and metrics that the code has, and no link is broken', () => {
  expect(docProblems()).toEqual([])
})

test('a code that is taken out of the real page is missed', () => {
  const folder = project()
  cpSync('src', join(folder, 'src'), { recursive: true })
  writeFileSync(join(folder, 'docs/metrics.md'), readFileSync('docs/metrics.md'))
  const page = readFileSync('docs/errors.md', 'utf8')
  writeFileSync(join(folder, 'docs/errors.md'), page.replace('## WHOHAD_STORE_LOCKED\n', ''))
  const ofCodes = docProblems(folder).filter(problem => !problem.includes('no such file'))
  expect(ofCodes).toEqual(['docs/errors.md: error WHOHAD_STORE_LOCKED is not explained'])
})

test('a complete project has no problem', () => {
  expect(docProblems(project())).toEqual([])
})

test.each([
  [
    'an error without a heading',
    { 'docs/errors.md': '# Errors\n' },
    ['docs/errors.md: error WHOHAD_DISK_FULL is not explained'],
  ],
  [
    'a heading without an error',
    { 'docs/errors.md': '# Errors\n\n## WHOHAD_DISK_FULL\n\n## WHOHAD_DISK_SLOW\n' },
    ['docs/errors.md: error WHOHAD_DISK_SLOW is not in src/'],
  ],
  [
    'a metric without a heading',
    { 'docs/metrics.md': '# Metrics\n' },
    ['docs/metrics.md: metric whohad_polls_total is not explained'],
  ],
  ['a broken link', { 'README.md': '[errors](errors.md)\n' }, ['README.md: no such file: errors.md']],
  [
    'sources in which nothing is found',
    { 'docs/metrics.md': '# Metrics\n', 'src/cli/metrics.ts': 'export {}\n' },
    ['no metric was found in src/: nothing was checked'],
  ],
])('%s is found', (_, changed, problems) => {
  expect(docProblems(project(changed))).toEqual(problems)
})

test('a page that is not there is said to be missing', () => {
  const folder = project()
  rmSync(join(folder, 'CHANGELOG.md'))
  expect(docProblems(folder)).toEqual(['CHANGELOG.md: there is no such page'])
})

test('every metric that a page mentions exists', () => {
  const source = readFileSync('src/cli/metrics.ts', 'utf8')
  const known = new Set([...source.matchAll(/'(whohad_\w+)'/g)].map(match => match[1]))
  const pages = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.md'))
  const mentioned = pages.flatMap(page =>
    // Not the anchors of error codes.
    [...readFileSync(join('docs', page), 'utf8').matchAll(/(?<![#\w])whohad_[a-z0-9_]+/g)].map(([name]) => name),
  )
  expect(mentioned.filter(name => !known.has(name.replace(/_(bucket|sum|count)$/, '')))).toEqual([])
  expect(mentioned.length).toBeGreaterThan(known.size)
})

test('docs/configuration.md is what the settings schema says', () => {
  const page = readFileSync('docs/configuration.md', 'utf8')
  expect(page, 'run: npm run build && node scripts/configuration-page.mjs').toBe(configurationPage(SettingsSchema))
})

test('every environment variable of the configuration page is one that the settings take', () => {
  const named = configurationRows(SettingsSchema).filter(({ variable }) => variable !== undefined)
  const withDefault = named.filter(({ fallback }) => fallback !== undefined)
  const environment = Object.fromEntries(
    withDefault.map(({ variable, fallback }) => {
      const value: unknown = JSON.parse(fallback ?? '')
      return [variable, Array.isArray(value) ? value.join(',') : String(value)]
    }),
  )
  expect(withDefault.length).toBeGreaterThan(10)
  expect(loadSettings(environment, { config: emptyFile() })).toEqual(loadSettings({}, { config: emptyFile() }))
  // What has no default may refuse its value, but not its name.
  const refusal = (variable: string | undefined) => {
    try {
      loadSettings({ [variable ?? '']: 'x' }, { config: emptyFile() })
    } catch (error) {
      return String(error)
    }
    return ''
  }
  expect(refusal('WHOHAD_KAFKA__NOTHING')).toMatch(/names no key/)
  for (const { variable } of named) expect(refusal(variable)).not.toMatch(/names no key/)
})

const emptyFile = () => join(project({ 'whohad.yaml': '' }), 'whohad.yaml')

test('the example configuration is valid', () => {
  const settings = loadSettings({}, { config: 'whohad.example.yaml' })
  expect(settings.ec2.map(({ account, region }) => `${account}/${region}`)).toEqual(['123456789012/eu-west-1'])
  expect(settings.flowLogs).toHaveLength(1)
  expect(settings.titus).toEqual([])
})

test('the example configuration is valid with its comments taken away, too', () => {
  const text = readFileSync('whohad.example.yaml', 'utf8')
  const optional = text.replace(/^# (?=reach:|titus:|awsRanges:|kafka:|clickhouse:| )/gm, '')
  const settings = loadSettings({}, { config: join(project({ 'whohad.yaml': optional }), 'whohad.yaml') })
  expect(settings.reach).toHaveLength(2)
  expect(settings.titus).toHaveLength(1)
  expect(settings.awsRanges.url).toBe('https://ip-ranges.amazonaws.com/ip-ranges.json')
  expect(settings.kafka).toMatchObject({ partitions: 12, saslMechanism: 'scram-sha-512' })
  expect(settings.clickhouse.url).toBe('https://clickhouse.example.net:8443')
})
