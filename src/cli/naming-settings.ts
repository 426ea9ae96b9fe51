import type { Static } from 'typebox'
import type { SettingsSchema } from './settings-schema.ts'

type Naming = Static<typeof SettingsSchema>['naming']

/** What the schema cannot say of the naming rules: a pattern that is none would refuse every poll. */
export function* complaintsAboutNaming({ rules }: Naming): Generator<string> {
  for (const [i, rule] of rules.entries()) {
    if (rule.rule !== 'description') continue
    const { pattern, application } = rule
    const name = `naming.rules.${i}`
    if (pattern === undefined) {
      if (application !== undefined) yield `${name}.application has no effect without ${name}.pattern`
      continue
    }
    const groups = groupsOf(pattern)
    if (groups === undefined) yield `${name}.pattern: "${pattern}" is no regular expression`
    else if (highestUsed(application ?? '$1') > groups)
      yield `${name}.application: "${application ?? '$1'}" asks for more than the ${groups} groups of "${pattern}"`
  }
}

/** How many groups a pattern has; undefined where it is none. */
function groupsOf(pattern: string): number | undefined {
  try {
    // Beside the pattern nothing matches anything, so that its groups are there to be counted.
    return (new RegExp(`${pattern}|`).exec('')?.length ?? 1) - 1
  } catch {
    return undefined
  }
}

const highestUsed = (template: string): number =>
  Math.max(0, ...[...template.matchAll(/\$(\d)/g)].map(([, digit]) => Number(digit)))
