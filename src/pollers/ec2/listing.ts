import {
  type Address,
  DescribeAddressesCommand,
  type DescribeAddressesCommandOutput,
  type EC2Client,
  type Instance,
  type NetworkInterface,
  paginateDescribeInstances,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSubnets,
  paginateDescribeVpcs,
  type Subnet,
  type Vpc,
} from '@aws-sdk/client-ec2'
import type { Sighted, Sighting } from '../../ownership/snapshot.ts'
import { pollerErrors } from '../errors.ts'

/** Everything that one walk of an account and region showed. */
export type Ec2Listing = {
  readonly vpcs: readonly Sighted<Vpc>[]
  readonly subnets: readonly Sighted<Subnet>[]
  readonly interfaces: readonly Sighted<NetworkInterface>[]
  readonly instances: readonly Sighted<Instance>[]
  readonly addresses: readonly Sighted<Address>[]
  /** Of every page, those without an item too. */
  readonly pages: readonly Sighting[]
}

type Walk = {
  readonly client: EC2Client
  readonly sightingOf: (reply: object) => Sighting
  readonly pageSize: number
  readonly signal: AbortSignal
}

/**
 * Lists all five kinds; throws where any page of any of them fails. Instances come after the interfaces, so that whatever
 * an interface is attached to was there to be listed. Every call gets an input object of its own: the SDK's paginators
 * write their token into it, and with a constant one the next poll would start at the last page (aws.md §2.5).
 */
export async function listEstate({ client, sightingOf, pageSize, signal }: Walk): Promise<Ec2Listing> {
  const paging = { client, pageSize }
  const options = { abortSignal: signal }
  const pages: Sighting[] = []
  const walk = <Page extends { readonly NextToken?: string | undefined }, T>(
    replies: AsyncIterable<Page>,
    itemsOf: (page: Page) => readonly T[],
  ) => collect(replies, itemsOf, sightingOf, pages)

  const [vpcs, subnets, addresses, [interfaces, instances]] = await Promise.all([
    walk(paginateDescribeVpcs(paging, {}, options), page => page.Vpcs ?? []),
    walk(paginateDescribeSubnets(paging, {}, options), page => page.Subnets ?? []),
    walk(onlyPage(client, options), page => page.Addresses ?? []),
    walk(
      paginateDescribeNetworkInterfaces(paging, { IncludeManagedResources: true }, options),
      page => page.NetworkInterfaces ?? [],
    ).then(async found => {
      const instancesFound = await walk(
        paginateDescribeInstances(paging, { IncludeManagedResources: true }, options),
        page => (page.Reservations ?? []).flatMap(reservation => reservation.Instances ?? []),
      )
      return [found, instancesFound] as const
    }),
  ])
  return { vpcs, subnets, interfaces, instances, addresses, pages }
}

async function collect<Page extends { readonly NextToken?: string | undefined }, T>(
  replies: AsyncIterable<Page>,
  itemsOf: (page: Page) => readonly T[],
  sightingOf: (reply: object) => Sighting,
  pages: Sighting[],
): Promise<readonly Sighted<T>[]> {
  const found: Sighted<T>[] = []
  const tokens = new Set<string>()
  for await (const page of replies) {
    const sighting = sightingOf(page)
    pages.push(sighting)
    for (const value of itemsOf(page)) found.push({ value, sighting })
    if (!page.NextToken) continue
    if (tokens.has(page.NextToken))
      throw pollerErrors.ec2ReplyMalformed({ what: 'a page token came twice in one listing' })
    tokens.add(page.NextToken)
  }
  return found
}

/** DescribeAddresses has neither pages nor a paginator. */
async function* onlyPage(
  client: EC2Client,
  options: { readonly abortSignal: AbortSignal },
): AsyncGenerator<DescribeAddressesCommandOutput & { readonly NextToken?: undefined }> {
  yield await client.send(new DescribeAddressesCommand({}), options)
}
