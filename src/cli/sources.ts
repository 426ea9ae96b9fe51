import type { SourceBounds } from '../ownership/claim.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import { type Prefix, toPrefix } from '../ownership/prefix.ts'
import { ec2Inventory } from '../pollers/ec2/inventory.ts'
import type { Inventory } from '../pollers/inventory.ts'
import type { NamingRule } from '../pollers/naming/rules.ts'
import { titusInventory } from '../pollers/titus/inventory.ts'
import type { Clock } from '../runtime/clock.ts'
import { domainRulesOf } from './domain-settings.ts'
import { placeOfInterface } from './interface-place.ts'
import type { Settings } from './settings.ts'

export type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string }
export type PolledInventory = { readonly inventory: Inventory; readonly pollMs: number }

type Declared = Pick<
  Settings['ec2'][number],
  'pollSeconds' | 'lagSeconds' | 'clockErrorSeconds' | 'bridgeSeconds' | 'briefestHoldingSeconds'
>

/** Two polls and a half: one poll may be lost or late without a hole in the coverage. */
const GAP_IN_POLLS = 2.5

const boundsOf = (declared: Declared): SourceBounds => ({
  lagMs: declared.lagSeconds * 1000,
  clockErrorMs: declared.clockErrorSeconds * 1000,
  bridgeMs: declared.bridgeSeconds * 1000,
  briefestHoldingMs: declared.briefestHoldingSeconds * 1000,
  longestGapMs: declared.pollSeconds * GAP_IN_POLLS * 1000,
})

/** The configured inventories. `credentials` stand in for the AWS SDK's own chain where they are given. */
export function inventoriesOf(
  settings: Settings,
  index: OwnershipIndex,
  clock: Clock,
  credentials?: Credentials,
): readonly PolledInventory[] {
  const domainRules = domainRulesOf(settings)
  const naming = { rules: settings.naming.rules as readonly NamingRule[], teamTags: settings.naming.teamTags }
  const ec2 = settings.ec2.map(source => ({
    pollMs: source.pollSeconds * 1000,
    inventory: ec2Inventory({
      account: source.account,
      region: source.region,
      partition: source.partition,
      domainRules,
      naming,
      bounds: boundsOf(source),
      clock,
      ...(source.endpoint === undefined ? {} : { endpoint: source.endpoint }),
      ...(credentials === undefined ? {} : { credentials }),
    }),
  }))
  const titus = settings.titus.map(source => ({
    pollMs: source.pollSeconds * 1000,
    inventory: titusInventory({
      name: source.name,
      url: source.url,
      bounds: boundsOf(source),
      clock,
      scope: source.covers.map(({ domain, prefix }) => {
        return { domain, prefix: toPrefix(prefix) as Prefix, layers: ['container'] as const }
      }),
      interfacePlace: (eni, sentAtMs) => placeOfInterface(eni, index, { nowMs: clock.now(), sentAtMs, domainRules }),
    }),
  }))
  return [...ec2, ...titus]
}
