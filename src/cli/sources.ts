import type { SourceBounds } from '../ownership/claim.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import { type Prefix, toPrefix } from '../ownership/prefix.ts'
import { awsRangesInventory } from '../pollers/aws-ranges/inventory.ts'
import { ec2Access } from '../pollers/ec2/access.ts'
import { ec2Inventory } from '../pollers/ec2/inventory.ts'
import { ec2Look } from '../pollers/ec2/look.ts'
import type { Ec2Report } from '../pollers/ec2/report.ts'
import type { GuardLimits } from '../pollers/guards.ts'
import { DEFAULT_HEDGE } from '../pollers/hedge.ts'
import type { Inventory } from '../pollers/inventory.ts'
import type { NamingRule } from '../pollers/naming/rules.ts'
import type { TargetedLook } from '../pollers/narrowing.ts'
import type { PaceLimits } from '../pollers/schedule.ts'
import { titusInventory } from '../pollers/titus/inventory.ts'
import type { Clock } from '../runtime/clock.ts'
import { domainRulesOf } from './domain-settings.ts'
import { type Ec2Declared, regionsOf } from './ec2-settings.ts'
import { placeOfInterface } from './interface-place.ts'
import { publishedRanges } from './published-ranges.ts'
import type { Settings } from './settings.ts'

export type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string }
export type PolledInventory = {
  readonly inventory: Inventory
  readonly limits: PaceLimits
  readonly guards: GuardLimits
  /** Another poller takes over where so many polls of this one are missed. */
  readonly silentPolls: number
  /** How addresses are looked at between polls, and how often; left out where they are not. */
  readonly looks?: { readonly look: TargetedLook; readonly everyMs: number }
}

/** What the settings say of every source, whatever its kind. */
type Declared = Settings['ec2'][number] | Settings['titus'][number] | Settings['awsRanges']

/** Two of the longest intervals and a half: one poll may be lost or late without a hole in the coverage. */
const GAP_IN_POLLS = 2.5

const boundsOf = (declared: Declared): SourceBounds => ({
  lagMs: declared.lagSeconds * 1000,
  clockErrorMs: declared.clockErrorSeconds * 1000,
  bridgeMs: declared.bridgeSeconds * 1000,
  briefestHoldingMs: declared.briefestHoldingSeconds * 1000,
  longestGapMs: declared.pollSeconds * GAP_IN_POLLS * 1000,
})

/** Polls closer together than lag may show their moments in the other order, and tell little more. */
const limitsOf = ({ pollSeconds, fastestPollSeconds, lagSeconds }: Declared): PaceLimits => ({
  longestMs: pollSeconds * 1000,
  fastestMs: Math.min(pollSeconds, Math.max(fastestPollSeconds, lagSeconds)) * 1000,
})

const paceOf = (declared: Declared): Omit<PolledInventory, 'inventory'> => ({
  limits: limitsOf(declared),
  guards: {
    fewestHoldings: declared.fewestHoldings,
    largestDrop: declared.largestDrop,
    largestNamedDrop: declared.largestNamedDrop,
  },
  silentPolls: declared.takeOverAfterPolls,
})

const looksOf = (
  { lookSeconds }: { readonly lookSeconds: number },
  look: TargetedLook,
): Pick<PolledInventory, 'looks'> => (lookSeconds > 0 ? { looks: { look, everyMs: lookSeconds * 1000 } } : {})

type Parts = {
  readonly index: OwnershipIndex
  readonly clock: Clock
  readonly report: Ec2Report
  /** Stand in for the AWS SDK's own chain where they are given. */
  readonly credentials?: Credentials
}

/** The configured inventories, one for each account and region, one for each Titus, and the published ranges. */
export function inventoriesOf(settings: Settings, parts: Parts): readonly PolledInventory[] {
  const { index, clock } = parts
  const domainRules = domainRulesOf(settings)
  const naming = { rules: settings.naming.rules as readonly NamingRule[], teamTags: settings.naming.teamTags }
  const ec2 = settings.ec2.flatMap(source =>
    regionsOf(source).map(region => {
      const estate = { ...ec2SettingsOf(source, region, parts), domainRules, naming }
      const inventory = ec2Inventory(estate)
      return { ...paceOf(source), inventory, ...looksOf(source, ec2Look(inventory, estate)) }
    }),
  )
  const titus = settings.titus.map(source => {
    const inventory = titusInventory({
      name: source.name,
      url: source.url,
      bounds: boundsOf(source),
      clock,
      scope: source.covers.map(({ domain, prefix }) => {
        return { domain, prefix: toPrefix(prefix) as Prefix, layers: ['container'] as const }
      }),
      interfacePlace: (eni, sentAtMs) => placeOfInterface(eni, index, { nowMs: clock.now(), sentAtMs, domainRules }),
    })
    return { ...paceOf(source), inventory, ...looksOf(source, inventory.look) }
  })
  return [...ec2, ...titus, ...rangesOf(settings.awsRanges, parts)]
}

/** The published ranges, where they are configured. */
function rangesOf(declared: Settings['awsRanges'], { index, clock }: Parts): readonly PolledInventory[] {
  const { name, url } = declared
  if (url === undefined) return []
  const published = () => publishedRanges(index, `aws-ranges/${name}`)
  return [
    { ...paceOf(declared), inventory: awsRangesInventory({ name, url, bounds: boundsOf(declared), clock, published }) },
  ]
}

/** How one account and region is asked; `access` is to be closed. */
export function ec2SettingsOf(
  source: Ec2Declared,
  region: string,
  { clock, report, credentials }: Omit<Parts, 'index'>,
) {
  const { account, partition, endpoint, stsEndpoint, roleArn, externalId, sessionName } = source
  const role = roleArn && { arn: roleArn, sessionName, ...(externalId === undefined ? {} : { externalId }) }
  const access = ec2Access({
    account,
    region,
    source: `ec2/${account}/${region}`,
    clock,
    report,
    ...(role ? { role } : {}),
    ...(stsEndpoint === undefined ? {} : { stsEndpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  })
  return {
    account,
    region,
    partition,
    bounds: boundsOf(source),
    clock,
    report,
    access,
    budget: { perSecond: source.requestsPerSecond, burst: source.requestBurst },
    ...(source.hedgeSlowPages ? { hedge: DEFAULT_HEDGE } : {}),
    ...(endpoint === undefined ? {} : { endpoint }),
  }
}
