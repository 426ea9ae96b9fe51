import type { Static, TSchema } from 'typebox'
import { Check, Errors } from 'typebox/schema'
import { toPrefix } from '../ownership/prefix.ts'
import { complaintsAboutApi } from './api-settings.ts'
import { complaintsAboutDomains } from './domain-settings.ts'
import { complaintsAboutEc2 } from './ec2-settings.ts'
import { cliErrors } from './errors.ts'
import { filledIn } from './filled-in.ts'
import { complaintsAboutFlowLogs } from './flow-log-settings.ts'
import { complaintsAboutKafka, complaintsAboutRetention } from './kafka-settings.ts'
import { complaintsAboutNaming } from './naming-settings.ts'
import {
  type Environment,
  layersOf,
  merge,
  type SettingsLayers,
  type SettingsOptions,
  type Tree,
} from './settings-layers.ts'
import { SettingsSchema } from './settings-schema.ts'
import { SETTINGS } from './settings-words.ts'

export type Settings = Static<typeof SettingsSchema>
export type SourceSettings = Settings['ec2'][number] | Settings['titus'][number]

/**
 * Defaults, then the YAML file (`--config`, WHOHAD_CONFIG, or ./whohad.yaml where there is one), then WHOHAD_SECTION__KEY from the
 * environment, then `overrides` from the command line. All complaints come at once.
 *
 * @throws WHOHAD_CONFIG_UNREADABLE, WHOHAD_CONFIG_INVALID
 */
export function loadSettings(environment: Environment, options: SettingsOptions = {}): Settings {
  const { settings, strangeVariables, faults, conflicts } = checkSettings(layersOf(environment, options))
  const complaints = [...strangeVariables.map(name => complaintOfVariable(name)), ...faults(), ...conflicts]
  if (complaints.length > 0) throw cliErrors.configInvalid({ complaints })
  return settings
}

/**
 * What all layers come to. It may be used only where nothing is wrong: `faults` are values that the schema does not allow,
 * `conflicts` rules between keys, which are looked at where there is no fault.
 */
export function checkSettings({ file, environment, overrides, strangeVariables }: SettingsLayers) {
  const tree: Tree = structuredClone(file?.tree ?? {})
  for (const layer of [environment, overrides]) merge(tree, layer)
  const filled = filledIn(SETTINGS, tree)
  const isAllowed = Check(SettingsSchema, filled)
  return {
    settings: filled as Settings,
    tree: filled,
    strangeVariables,
    isAllowed,
    faults: () => (isAllowed ? [] : complaintsAbout(filled)),
    conflicts: isAllowed ? complaintsBetween(filled as Settings) : [],
  }
}

export const complaintOfVariable = (name: string): string => `the environment variable ${name} names no key`

/** What is wrong with a tree that the schema does not allow. */
export function complaintsAbout(tree: unknown, schema: TSchema = SettingsSchema): string[] {
  const seen = new Set<string>()
  const [, errors] = Errors(schema, tree)
  for (const { keyword, instancePath, message } of errors) {
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
