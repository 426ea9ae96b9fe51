import { existsSync, readFileSync } from 'node:fs'
import type { Static } from 'typebox'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import { toPrefix } from '../ownership/prefix.ts'
import { reasonOf } from '../runtime/errors.ts'
import { complaintsAboutApi } from './api-settings.ts'
import { complaintsAboutDomains } from './domain-settings.ts'
import { complaintsAboutEc2 } from './ec2-settings.ts'
import { cliErrors } from './errors.ts'
import { complaintsAboutFlowLogs } from './flow-log-settings.ts'
import { complaintsAboutKafka, complaintsAboutRetention } from './kafka-settings.ts'
import { complaintsAboutNaming } from './naming-settings.ts'
import { SettingsSchema } from './settings-schema.ts'

export type Settings = Static<typeof SettingsSchema>
export type SourceSettings = Settings['ec2'][number] | Settings['titus'][number]

type Environment = Readonly<Record<string, string | undefined>>

/** Read by the commands themselves or by the tests, and so no keys of the configuration. */
const OTHER_VARIABLES = /^WHOHAD_(CONFIG$|URL$|TOKEN$|TEST_)/
const DEFAULT_FILE = 'whohad.yaml'

/**
 * Defaults, then the YAML file (`--config`, WHOHAD_CONFIG, or ./whohad.yaml where there is one), then WHOHAD_SECTION__KEY from the
 * environment, then `overrides` from the command line. All complaints come at once.
 *
 * @throws WHOHAD_CONFIG_UNREADABLE, WHOHAD_CONFIG_INVALID
 */
export function loadSettings(
  environment: Environment,
  options: { readonly config?: string | undefined; readonly overrides?: Tree } = {},
): Settings {
  const named = options.config ?? environment['WHOHAD_CONFIG']
  const path = named ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined)
  const tree = path === undefined ? {} : readFile(path)
  const complaints = mergeEnvironment(tree, environment)
  merge(tree, options.overrides ?? {})
  const filled = Value.Default(SettingsSchema, tree)
  if (!Value.Check(SettingsSchema, filled)) complaints.push(...complaintsAbout(filled))
  else complaints.push(...complaintsBetween(filled))
  if (complaints.length > 0) throw cliErrors.configInvalid({ complaints })
  return filled as Settings
}

export type Tree = { [key: string]: unknown }
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

function readFile(path: string): Tree {
  let tree: unknown
  try {
    tree = parse(readFileSync(path, 'utf8')) ?? {}
  } catch (cause) {
    // The parser's first line says what and where; an excerpt follows its colon.
    const [said = ''] = reasonOf(cause).split('\n')
    throw cliErrors.configUnreadable({ path, reason: said.replace(/:$/, '') }, cause)
  }
  if (!isTree(tree)) throw cliErrors.configUnreadable({ path, reason: 'it is not a YAML mapping' })
  // "kafka:" with all of its keys commented out is null in YAML, and means no more than its absence.
  return Object.fromEntries(Object.entries(tree).filter(([, section]) => section !== null))
}

function merge(into: Tree, from: Tree): void {
  for (const [key, value] of Object.entries(from)) {
    if (!isTree(value)) {
      if (value !== undefined) into[key] = value
      continue
    }
    // What stands there and is no section is left for the check to complain about.
    const held = into[key] ?? {}
    into[key] = held
    if (isTree(held)) merge(held, value)
  }
}

/** WHOHAD_KAFKA__BROKERS=a:9092,b:9092 is kafka.brokers. Returns what cannot be one. */
function mergeEnvironment(tree: Tree, environment: Environment): string[] {
  const complaints: string[] = []
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith('WHOHAD_') || OTHER_VARIABLES.test(name) || text === undefined) continue
    const [section = '', key = '', ...beyond] = name.slice('WHOHAD_'.length).split('__').map(camelCase)
    const schema = beyond.length > 0 ? undefined : keySchema(section, key)
    if (schema === undefined) complaints.push(`the environment variable ${name} names no key`)
    else merge(tree, { [section]: { [key]: fromText(text, schema) } })
  }
  return complaints
}

const camelCase = (text: string) =>
  text.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

function keySchema(section: string, key: string): { readonly type?: string } | undefined {
  const sections = SettingsSchema.properties as unknown as Readonly<Record<string, JsonSchema>>
  const keys = Object.hasOwn(sections, section) ? (sections[section]?.properties ?? {}) : {}
  return Object.hasOwn(keys, key) ? keys[key] : undefined
}

type JsonSchema = { readonly type?: string; readonly properties?: Readonly<Record<string, JsonSchema>> }

/** Text that is no value of its type is left as it is, so that the check complains about it. */
function fromText(text: string, schema: { readonly type?: string }): unknown {
  switch (schema.type) {
    case 'array':
      return text
        .split(',')
        .map(part => part.trim())
        .filter(part => part !== '')
    case 'integer':
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    default:
      return text
  }
}

function complaintsAbout(tree: unknown): string[] {
  const seen = new Set<string>()
  for (const { keyword, instancePath, message } of Value.Errors(SettingsSchema, tree)) {
    const key = instancePath.slice(1).replaceAll('/', '.')
    if (keyword === 'boolean') seen.add(`unknown key ${key}`)
    else if (!['additionalProperties', 'anyOf', 'const'].includes(keyword)) seen.add(`${key || 'the file'} ${message}`)
    else if (keyword === 'anyOf') seen.add(`${key} is none of the values that are allowed`)
  }
  // The validator stops after some errors, and those that are passed over may have been all.
  return seen.size > 0 ? [...seen] : ['a value is none of those that are allowed']
}

const POLLS_HELD = 3

/** Longest wait of a flow log object for the sources that it concerns. */
export const holdSecondsOf = (flowLogs: Settings['flowLogs'][number], settings: Settings): number =>
  flowLogs.holdSeconds ?? POLLS_HELD * slowestPollSeconds(settings)

function slowestPollSeconds({ ec2, titus, awsRanges }: Settings): number {
  const ranges = awsRanges.url === undefined ? [] : [awsRanges]
  return Math.max(0, ...[...ec2, ...titus, ...ranges].map(source => source.pollSeconds))
}

/** Rules between settings show both sides, the reason and the way out. */
function complaintsBetween(settings: Settings): string[] {
  const complaints = [
    ...complaintsAboutApi(settings.api),
    ...complaintsAboutDomains(settings),
    ...complaintsAboutEc2(settings.ec2),
    ...complaintsAboutFlowLogs(settings),
    ...complaintsAboutKafka(settings.kafka),
    ...complaintsAboutNaming(settings.naming),
    ...complaintsAboutRetention(settings),
  ]
  for (const titus of settings.titus) {
    for (const { prefix } of titus.covers) {
      if (toPrefix(prefix) === undefined)
        complaints.push(`titus.${titus.name}.covers: "${prefix}" is not a CIDR block like 10.0.0.0/16`)
    }
  }
  const slowest = slowestPollSeconds(settings)
  for (const { bucket, holdSeconds } of settings.flowLogs) {
    if (holdSeconds === undefined || holdSeconds >= slowest + 1) continue
    complaints.push(
      `flowLogs.${bucket}.holdSeconds (${holdSeconds}) must be longer than the slowest pollSeconds (${slowest}), so that an object ` +
        'can wait for the poll after it; raise the first or lower the second',
    )
  }
  return complaints
}
