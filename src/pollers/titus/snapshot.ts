import type { Ip } from '../../ownership/address.ts'
import type { Owner, Scope, SourceBounds } from '../../ownership/claim.ts'
import { isPublicDomain, PUBLIC_IPV4, PUBLIC_IPV6 } from '../../ownership/domains.ts'
import { hostPrefix, isPrivate } from '../../ownership/prefix.ts'
import { type Binding, type Sighted, type Sighting, type Snapshot, spanOf } from '../../ownership/snapshot.ts'
import type { Millis } from '../../ownership/window.ts'
import { pollerErrors } from '../errors.ts'
import { friggaCluster } from '../naming/frigga.ts'
import type { Departed } from './departures.ts'
import { statedWithin } from './domain-lifetime.ts'
import type { TitusJob, TitusTask } from './reply.ts'
import { statedTimes } from './stated-times.ts'
import { hasAny, type TaskAddresses, taskAddresses } from './task-addresses.ts'
import { shownBy } from './task-states.ts'

/** Where a branch interface is: Titus does not say, the EC2 pollers do. */
export type InterfacePlace = {
  readonly domain: string
  readonly vpc: string
  readonly account: string
  readonly region: string
  readonly subnet?: string | null
  /** Since when the VPC has been in this domain; always, where it is left out. */
  readonly domainSinceMs?: Millis
}

export type TitusListing = {
  readonly tasks: readonly Sighted<TitusTask>[]
  /** No longer listed; left out where nobody asked for them. */
  readonly departed?: readonly Departed[]
  readonly jobs: ReadonlyMap<string, Sighted<TitusJob>>
  readonly sighting: Sighting
}

export type TitusEstate = {
  readonly bounds: SourceBounds
  /** Where an interface was when the request that showed its task was sent. */
  readonly interfacePlace: (eniId: string, sentAtMs: Millis) => InterfacePlace | undefined
  readonly scope: readonly Omit<Scope, 'fromMs'>[]
}

/** One task's part of the snapshot. */
type Holder = {
  readonly state: Binding['state']
  readonly owner: Owner
  readonly domain: string
  readonly sighting: Sighting
  readonly stated: Binding['stated']
  readonly domainSinceMs: Millis
  readonly addresses: TaskAddresses
}

/** Throws `WHOHAD_TITUS_INTERFACE_UNPLACED` for a task whose address would have no routing domain. */
export function toSnapshot(listing: TitusListing, estate: TitusEstate): Snapshot {
  // What the listing does not show any more was given back before it was over.
  const goneBy = { edge: 'end', kind: 'not-after', subject: 'binding', atMs: listing.sighting.receivedAtMs } as const
  const left = (listing.departed ?? []).flatMap(task =>
    holderOf(task, listing, estate).map(holder => ({
      ...holder,
      stated: task.isGone ? [...holder.stated, goneBy] : holder.stated,
    })),
  )
  const holders = [...listing.tasks.flatMap(task => holderOf(task, listing, estate)), ...left]
  return {
    sighting: listing.sighting,
    scope: estate.scope,
    bindings: [...holders.flatMap(ownBindings), ...sharedBindings(holders)],
  }
}

function holderOf(
  { value: task, sighting }: Sighted<TitusTask>,
  { jobs }: TitusListing,
  { interfacePlace, bounds }: TitusEstate,
): readonly Holder[] {
  const addresses = taskAddresses(task.context)
  if (!hasAny(addresses)) return []
  const eni = task.context['task.networkInterfaceId'] ?? null
  const place = eni === null ? undefined : interfacePlace(eni, sighting.sentAtMs)
  if (place === undefined) {
    // Its interface may be gone already, and with it the address.
    if (task.state === 'Finished') return []
    throw pollerErrors.titusInterfaceUnplaced({ task: task.id, eni })
  }
  const job = jobs.get(task.jobId)
  const owner = ownerOf(task, job?.value, place)
  const { application } = owner
  return [
    {
      state: shownBy(task.state),
      owner,
      domain: place.domain,
      sighting: job ? spanOf(sighting, job.sighting) : sighting,
      // Who is not named may be another application by then, as after a move: it was not the named one's until it was told to end.
      stated: statedTimes(task, bounds).filter(
        ({ edge, kind }) => application !== null || edge === 'start' || kind !== 'not-before',
      ),
      domainSinceMs: place.domainSinceMs ?? Number.NEGATIVE_INFINITY,
      addresses,
    },
  ]
}

/** The application's name is free text: never taken apart by the Frigga grammar (inventories.md §2). */
function ownerOf(task: TitusTask, job: TitusJob | undefined, place: InterfacePlace): Owner {
  const application = job?.application ?? null
  const [stack, detail] = [job?.stack ?? null, job?.detail ?? null]
  return {
    application,
    cluster: application === null ? null : friggaCluster(application, stack, detail),
    stack,
    detail,
    kind: 'container',
    resourceId: task.id,
    account: place.account,
    region: place.region,
    zone: task.context['agent.zone'] ?? null,
    vpc: place.vpc,
    subnet: place.subnet ?? null,
    eni: task.context['task.networkInterfaceId'] ?? null,
    host: task.context['agent.instanceId'] ?? null,
    team: job?.team ?? null,
    labels: { job: task.jobId },
    namedBy: application === null ? null : 'titus-job',
    forwards: false,
  }
}

const ownBindings = (holder: Holder): readonly Binding[] => [
  ...holder.addresses.own.flatMap(ip =>
    domainsOf(ip, holder.domain).map(domain => bindingOf(domain, ip, [holder], holder.owner.resourceId)),
  ),
  ...holder.addresses.elastic.map(ip => bindingOf(PUBLIC_IPV4, ip, [holder], holder.owner.resourceId)),
]

const domainsOf = (ip: Ip, domain: string): readonly string[] =>
  ip.includes(':') && !isPrivate(ip) ? [domain, PUBLIC_IPV6] : [domain]

/** A transition address is never one task's: all that are seen on it are its owners, in an order of their own. */
function sharedBindings(holders: readonly Holder[]): readonly Binding[] {
  const sharing = new Map<string, { readonly domain: string; readonly ip: Ip; readonly holders: Holder[] }>()
  for (const holder of holders.filter(({ state }) => state === 'held')) {
    for (const ip of holder.addresses.shared) {
      const key = `${holder.domain}|${ip}`
      const group = sharing.get(key) ?? { domain: holder.domain, ip, holders: [] }
      group.holders.push(holder)
      sharing.set(key, group)
    }
  }
  return [...sharing.values()].map(({ domain, ip, holders: group }) => {
    const sharers = group.sort((a, b) => (a.owner.resourceId < b.owner.resourceId ? -1 : 1))
    const binding = bindingOf(domain, ip, sharers, null)
    return { ...binding, owners: [...binding.owners, ...hostsOf(sharers)] }
  })
}

/** The host is an owner too: one task seen alone on the address may have had company between two polls. */
function hostsOf(sharers: readonly Holder[]): readonly Owner[] {
  const byHost = new Map(sharers.map(({ owner }) => [owner.host ?? '', owner]))
  return [...byHost].map(([host, owner]) => ({
    ...owner,
    application: null,
    cluster: null,
    stack: null,
    detail: null,
    kind: 'host',
    resourceId: host,
    team: null,
    labels: {},
    namedBy: null,
  }))
}

const statedIn = (domain: string, { stated, domainSinceMs }: Holder): Binding['stated'] =>
  isPublicDomain(domain) ? stated : statedWithin(domainSinceMs, stated)

function bindingOf(domain: string, ip: Ip, holders: readonly Holder[], lifetimeId: string | null): Binding {
  return {
    domain,
    prefix: hostPrefix(ip),
    ports: null,
    layer: 'container',
    owners: holders.map(({ owner }) => owner),
    lifetimeId,
    state: holders.every(({ state }) => state === 'ending') ? 'ending' : 'held',
    sighting: holders.map(({ sighting }) => sighting).reduce(spanOf),
    stated: lifetimeId === null ? [] : holders.flatMap(holder => statedIn(domain, holder)),
    expects: [],
    whole: false,
  }
}
