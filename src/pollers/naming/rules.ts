import type { Owner } from '../../ownership/claim.ts'
import { parseFriggaName } from './frigga.ts'

/** How a resource gets its application. Rules are tried in their order; the first that yields a name wins. */
export type NamingRule =
  /** The first of these tags that is not blank. Keys are matched exactly. */
  | { readonly rule: 'tag'; readonly keys: readonly string[] }
  /** The app of the Auto Scaling group that launched the instance, by the Frigga grammar. */
  | { readonly rule: 'asg-frigga' }
  /**
   * The description of an interface that an AWS service manages: the service's own name in it (load balancer, EKS cluster),
   * or, with `pattern` (a regular expression), `application` with $1… filled in. Never used for other interfaces, whose
   * description anybody may edit.
   */
  | { readonly rule: 'description'; readonly pattern?: string; readonly application?: string }

export type Naming = {
  readonly rules: readonly NamingRule[]
  /** Tags that name the team or an e-mail address, the first that is not blank. */
  readonly teamTags: readonly string[]
}

export const DEFAULT_NAMING: Naming = {
  rules: [{ rule: 'tag', keys: ['app', 'application'] }, { rule: 'asg-frigga' }, { rule: 'description' }],
  teamTags: ['team', 'owner', 'email'],
}

/** What rules may look at. */
export type Nameable = {
  readonly tags: Readonly<Record<string, string>>
  /** Of an interface that an AWS service manages; null for everything else. */
  readonly managed: {
    readonly description: string
    /** What the service itself calls the thing, and which row of the known descriptions said so. */
    readonly name: string | null
    readonly row: string | null
  } | null
}

export type Name = Pick<Owner, 'application' | 'cluster' | 'stack' | 'detail' | 'team' | 'namedBy'>

const ASG_TAG = 'aws:autoscaling:groupName'

/**
 * The application by the first rule that yields one, and which rule that was. Cluster, stack and detail are those of the
 * Auto Scaling group whichever rule named the application: they say where it runs, not what it is called.
 */
export function nameOf(thing: Nameable, naming: Naming): Name {
  const group = parseFriggaName(thing.tags[ASG_TAG] ?? '')
  const where = {
    cluster: group?.cluster ?? null,
    stack: group?.stack ?? null,
    detail: group?.detail ?? null,
    team: firstTag(thing.tags, naming.teamTags)?.value ?? null,
  }
  for (const rule of naming.rules) {
    const named = applyRule(rule, thing, group?.app)
    if (named) return nameWith(where, named.application, named.namedBy)
  }
  return nameWith(where, null, null)
}

/** Field by field: it is made for every interface of an estate. */
const nameWith = (
  { cluster, stack, detail, team }: Pick<Name, 'cluster' | 'stack' | 'detail' | 'team'>,
  application: string | null,
  namedBy: string | null,
): Name => ({ application, cluster, stack, detail, team, namedBy })

type Named = { readonly application: string; readonly namedBy: string }

function applyRule(rule: NamingRule, thing: Nameable, groupApp: string | undefined): Named | undefined {
  switch (rule.rule) {
    case 'tag': {
      const tag = firstTag(thing.tags, rule.keys)
      return tag && { application: tag.value, namedBy: `tag:${tag.key}` }
    }
    case 'asg-frigga':
      return groupApp === undefined ? undefined : { application: groupApp, namedBy: 'asg-frigga' }
    case 'description': {
      const application = describedName(rule, thing.managed)
      return application ? { application, namedBy: `description:${rule.pattern ?? thing.managed?.row}` } : undefined
    }
  }
}

function describedName(
  rule: Extract<NamingRule, { rule: 'description' }>,
  managed: Nameable['managed'],
): string | null | undefined {
  if (managed === null || rule.pattern === undefined) return managed?.name
  const found = new RegExp(rule.pattern).exec(managed.description)
  return found && (rule.application ?? '$1').replace(/\$(\d)/g, (_, digit: string) => found[Number(digit)] ?? '')
}

function firstTag(
  tags: Readonly<Record<string, string>>,
  keys: readonly string[],
): { readonly key: string; readonly value: string } | undefined {
  for (const key of keys) {
    const value = tags[key]?.trim()
    if (value) return { key, value }
  }
  return undefined
}
