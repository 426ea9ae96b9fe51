import type { Static } from 'typebox'
import { toIp } from '../ownership/address.ts'
import { isPrivate } from '../ownership/prefix.ts'
import type { SettingsSchema } from './settings-schema.ts'

export type Ec2Declared = Static<typeof SettingsSchema>['ec2'][number]

export const regionsOf = ({ region, regions = [] }: Pick<Ec2Declared, 'region' | 'regions'>): readonly string[] =>
  region === undefined ? regions : [region]

/** What the schema cannot say of the EC2 inventories: one source for each account and region, and roles of that account. */
export function* complaintsAboutEc2(declared: readonly Ec2Declared[]): Generator<string> {
  const known = new Set<string>()
  for (const source of declared) {
    const { account, region, regions, roleArn, externalId, endpoint, stsEndpoint } = source
    const name = `ec2.${account}`
    if ((region === undefined) === (regions === undefined)) yield `${name}: give one of region and regions`
    for (const place of regionsOf(source).map(where => `${account}/${where}`)) {
      if (known.has(place))
        yield `ec2: ${place} is listed twice, and would be one source with two pollers; leave one of them out`
      known.add(place)
    }
    if (externalId !== undefined && roleArn === undefined)
      yield `${name}.externalId has no effect without ${name}.roleArn`
    const owner = roleArn?.split(':')[4]
    if (owner !== undefined && owner !== account)
      yield `${name}.roleArn is a role of account ${owner}, which would list that account's addresses; name a role of ${account}, or set account to ${owner}`
    if (endpoint !== undefined && stsEndpoint === undefined && isOnOwnNetwork(endpoint))
      yield `${name}.endpoint is on a network of your own, and without ${name}.stsEndpoint the public STS would be asked whose the credentials are; set ${name}.stsEndpoint to the STS there, or to the public one's address if that is meant`
    const partition = roleArn?.split(':')[1]
    if (partition !== undefined && partition !== source.partition)
      yield `${name}.roleArn is in partition ${partition}, not ${source.partition}; set ${name}.partition to it, or name another role`
  }
}

/** By its address alone: where a name leads is not known here. */
function isOnOwnNetwork(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  const ip = toIp(host)
  return ip === undefined ? host === 'localhost' || host.endsWith('.localhost') : isPrivate(ip)
}
