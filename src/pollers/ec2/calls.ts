import {
  type Address,
  DescribeAddressesCommand,
  type DescribeAddressesCommandOutput,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DescribeTrunkInterfaceAssociationsCommand,
  DescribeVpcsCommand,
  type EC2Client,
  type Filter,
  type Instance,
  type NetworkInterface,
  type Subnet,
  type TrunkInterfaceAssociation,
  type Vpc,
} from '@aws-sdk/client-ec2'
import type { Ec2Action } from './report.ts'

/** Where a page begins and how long it may be; an object of its own for every attempt. */
export type Paging = { readonly MaxResults: number; readonly NextToken?: string }

/** One Describe action, and how its pages are asked for and read. */
export type Call<Reply extends object, Item> = {
  readonly action: Ec2Action
  /** Whether it asks for a few things by a filter, and so is answered sooner than a whole page. */
  readonly few: boolean
  /** Makes the whole input anew each time: the SDK's paginators write into theirs (aws.md §2.5), so they are not used. */
  send(client: EC2Client, paging: Paging, abortSignal: AbortSignal): Promise<Reply>
  itemsOf(reply: Reply): readonly Item[]
  tokenOf(reply: Reply): string | undefined
}

const call = <Reply extends { readonly NextToken?: string | undefined }, Item>(
  action: Ec2Action,
  send: Call<Reply, Item>['send'],
  itemsOf: Call<Reply, Item>['itemsOf'],
  few = false,
): Call<Reply, Item> => ({ action, few, send, itemsOf, tokenOf: ({ NextToken }) => NextToken || undefined })

const filtered = (filters: readonly Filter[]) => (filters.length === 0 ? {} : { Filters: [...filters] })

/** Without it interfaces and instances of services are left out silently where the account hides them (aws.md §2.1). */
const whole = { IncludeManagedResources: true } as const

export const vpcs = () =>
  call(
    'DescribeVpcs',
    (client, paging, abortSignal) => client.send(new DescribeVpcsCommand({ ...paging }), { abortSignal }),
    ({ Vpcs }): readonly Vpc[] => Vpcs ?? [],
  )

export const subnets = () =>
  call(
    'DescribeSubnets',
    (client, paging, abortSignal) => client.send(new DescribeSubnetsCommand({ ...paging }), { abortSignal }),
    ({ Subnets }): readonly Subnet[] => Subnets ?? [],
  )

export const interfaces = (...filters: readonly Filter[]) =>
  call(
    'DescribeNetworkInterfaces',
    (client, paging, abortSignal) =>
      client.send(new DescribeNetworkInterfacesCommand({ ...paging, ...whole, ...filtered(filters) }), { abortSignal }),
    ({ NetworkInterfaces }): readonly NetworkInterface[] => NetworkInterfaces ?? [],
    filters.length > 0,
  )

export const instances = (...filters: readonly Filter[]) =>
  call(
    'DescribeInstances',
    (client, paging, abortSignal) =>
      client.send(new DescribeInstancesCommand({ ...paging, ...whole, ...filtered(filters) }), { abortSignal }),
    ({ Reservations }): readonly Instance[] => (Reservations ?? []).flatMap(({ Instances }) => Instances ?? []),
    filters.length > 0,
  )

/** Longer pages are refused, unlike elsewhere (aws.md §2.3). */
const LONGEST_TRUNK_PAGE = 255

/** Which trunk carries which branch. */
export const trunkAssociations = () =>
  call(
    'DescribeTrunkInterfaceAssociations',
    (client, { MaxResults, ...paging }, abortSignal) =>
      client.send(
        new DescribeTrunkInterfaceAssociationsCommand({
          ...paging,
          MaxResults: Math.min(MaxResults, LONGEST_TRUNK_PAGE),
        }),
        { abortSignal },
      ),
    ({ InterfaceAssociations }): readonly TrunkInterfaceAssociation[] => InterfaceAssociations ?? [],
  )

/** It has no pages, and refuses a page size. */
export const addresses = (...filters: readonly Filter[]): Call<DescribeAddressesCommandOutput, Address> => ({
  action: 'DescribeAddresses',
  few: filters.length > 0,
  send: (client, _paging, abortSignal) => client.send(new DescribeAddressesCommand(filtered(filters)), { abortSignal }),
  itemsOf: ({ Addresses }) => Addresses ?? [],
  tokenOf: () => undefined,
})
