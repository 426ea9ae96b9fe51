import { readFileSync } from 'node:fs'
import { Check } from 'typebox/schema'
import { parse } from 'yaml'
import { reasonOf } from '../runtime/errors.ts'
import { complaintsAboutDomains } from './domain-settings.ts'
import { cliErrors } from './errors.ts'
import { filledIn } from './filled-in.ts'
import { Type } from './schema-words.ts'
import { complaintsAbout, type Settings } from './settings.ts'
import { SettingsSchema } from './settings-schema.ts'
import type { KeySchema } from './settings-words.ts'

const { domains, reach } = SettingsSchema.properties
const RulesSchema = Type.Object({ domains, reach }, { additionalProperties: false })
const RULES = RulesSchema as unknown as KeySchema

/** As a list or a mapping of YAML begins; a file of such a name is given as ./[… */
const INLINE = /^\s*[[{]/

/**
 * The settings with other rules of routing domains: a YAML or JSON file, or the text itself where it begins with [ or {. It is what
 * stands under `domains` in the configuration, or a mapping of `domains` and `reach`; routes are left as they are where only
 * rules are given.
 * @throws WHOHAD_DOMAIN_RULES_INVALID with all that is wrong
 */
export function withDomainRules(settings: Settings, given: string | undefined): Settings {
  if (given === undefined) return settings
  const isInline = INLINE.test(given)
  const from = isInline ? 'the rules on the command line' : given
  const invalid = (complaints: readonly string[], cause?: unknown) =>
    cliErrors.domainRulesInvalid({ from, complaints }, cause)
  let tree: unknown
  try {
    tree = parse(isInline ? given : readFileSync(given, 'utf8'))
  } catch (cause) {
    const [said = ''] = reasonOf(cause).split('\n')
    throw invalid([said.replace(/:$/, '')], cause)
  }
  if (Array.isArray(tree)) tree = { domains: tree }
  if (typeof tree !== 'object' || tree === null || !('domains' in tree)) {
    throw invalid(['there is neither a list of rules nor a key "domains"'])
  }
  const filled = filledIn(RULES, { reach: settings.reach, ...tree })
  if (!Check(RulesSchema, filled)) throw invalid(complaintsAbout(filled, RulesSchema))
  const complaints = complaintsAboutDomains(filled)
  if (complaints.length > 0) throw invalid(complaints)
  return { ...settings, ...filled }
}
