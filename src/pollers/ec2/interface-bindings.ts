import type { Instance, NetworkInterface } from '@aws-sdk/client-ec2'
import { type Layer, layerRank, type Owner } from '../../ownership/claim.ts'
import { expectedLayers, type Place } from '../../ownership/domains.ts'
import { type Binding, type Sighted, type Sighting, spanOf } from '../../ownership/snapshot.ts'
import type { StatedTime } from '../../ownership/stated-times.ts'
import { type Name, nameOf } from '../naming/rules.ts'
import { type Estate, labelsOf, placeIn, privateDomain, required, tagsOf } from './estate.ts'
import { type HeldAddress, heldAddresses } from './held-addresses.ts'
import { type InterfaceKind, interfaceKind, isForwarding } from './managed.ts'
import { mayServePods } from './pods.ts'
import { leastOf, signOf } from './states.ts'
import type { Trunk } from './trunks.ts'

/** An interface with all that its bindings need, worked out once. */
type Subject = {
  readonly eni: NetworkInterface
  readonly sighting: Sighting
  readonly estate: Estate
  readonly place: Place
  readonly kind: InterfaceKind
  /** Layers above the interface that an address of it may have. */
  readonly expectsAt: (address: HeldAddress) => readonly Layer[]
  readonly instance: Sighted<Instance> | undefined
  readonly trunk: Trunk | undefined
}

/** What the rest of a listing has to do with its interfaces, by id. */
export type Surroundings = {
  readonly instances: ReadonlyMap<string, Sighted<Instance>>
  readonly trunks: ReadonlyMap<string, Trunk>
}

/** Makes the bindings of an interface's addresses, and of others that are found to be its own. */
export type InterfaceBinder = {
  readonly id: string
  readonly addresses: readonly HeldAddress[]
  /** The `interface` binding, and the `instance` binding where an instance holds the interface. */
  bind(address: HeldAddress, seenAlso?: Sighting): readonly Binding[]
}

export function bindInterface(
  { value: eni, sighting }: Sighted<NetworkInterface>,
  { instances, trunks }: Surroundings,
  estate: Estate,
): InterfaceBinder {
  const id = required(eni.NetworkInterfaceId, 'the id of a network interface')
  const place = placeIn(estate, required(eni.VpcId, `the VPC of ${id}`), eni.OwnerId)
  const kind = interfaceKind(eni)
  // What an AWS service runs on its own interface is no instance or container of ours.
  const plainManaged = kind.managed && kind.kind === 'interface'
  const expects = plainManaged ? [] : expectedLayers(estate.domainRules, place, kind.kind, sighting.sentAtMs)
  const instance = instances.get(eni.Attachment?.InstanceId ?? '')
  const servesPods = !kind.managed && mayServePods(eni, instance?.value)
  const withPods: readonly Layer[] = [...new Set<Layer>([...expects, 'container'])]
  const expectsAt = ({ spare }: HeldAddress) => (spare && servesPods ? withPods : expects)
  const subject: Subject = { eni, sighting, estate, place, kind, expectsAt, instance, trunk: trunks.get(id) }
  // One list for all addresses: what is in memory of an interface is there once, and is compared once.
  const owners = [interfaceOwner(subject)]
  const holder = instanceHolder(subject)
  const state = signOf('network-interface', eni.Status) === 'held' ? 'held' : 'ending'
  return {
    id,
    addresses: heldAddresses(eni, privateDomain(estate, place, sighting)),
    bind(address, seenAlso) {
      const seen = seenAlso ? spanOf(sighting, seenAlso) : sighting
      const atInterface: Binding = {
        domain: address.domain,
        prefix: address.prefix,
        ports: null,
        layer: 'interface',
        owners,
        lifetimeId: address.lifetime,
        state,
        sighting: seen,
        stated: NOTHING_STATED,
        expects: expectsAt(address),
        whole: false,
      }
      return holder ? [atInterface, holder(address, seen)] : [atInterface]
    },
  }
}

const NOTHING_STATED: Binding['stated'] = []

function interfaceOwner({ eni, estate, place, kind, trunk }: Subject): Owner {
  const tags = tagsOf(eni.TagSet)
  const managed = kind.managed ? { description: eni.Description ?? '', name: kind.name, row: kind.row } : null
  const { serves, kindBy } = kind
  return ownerOf(nameOf({ tags, managed }, estate.naming), eni, place, {
    kind: kind.kind,
    resourceId: eni.NetworkInterfaceId ?? '',
    account: place.account,
    host: eni.Attachment?.InstanceId ?? null,
    labels: labelsOf(tags, { serves, kindBy, ...trunkLabels(trunk) }),
    forwards: isForwarding(eni, kind.kind),
  })
}

const trunkLabels = (trunk: Trunk | undefined): Readonly<Record<string, string | null>> =>
  trunk ? { trunk: trunk.eni, trunkHost: trunk.host, vlan: trunk.vlan } : {}

type Self = Pick<Owner, 'kind' | 'resourceId' | 'account' | 'host' | 'labels' | 'forwards'>

/** Field by field: V8 makes a map of names of what several spreads put together, which is several times as large and slow. */
const ownerOf = (name: Name, eni: NetworkInterface, place: Place, self: Self): Owner => ({
  application: name.application,
  cluster: name.cluster,
  stack: name.stack,
  detail: name.detail,
  kind: self.kind,
  resourceId: self.resourceId,
  account: self.account,
  region: place.region,
  // Zone names differ from account to account, ids do not.
  zone: eni.AvailabilityZoneId ?? eni.AvailabilityZone ?? null,
  vpc: place.vpc,
  subnet: eni.SubnetId ?? null,
  eni: eni.NetworkInterfaceId ?? null,
  host: self.host,
  team: name.team,
  labels: self.labels,
  namedBy: name.namedBy,
  forwards: self.forwards,
})

/**
 * When the attachment was initiated: the instance cannot have held any address of the interface through it earlier. It says
 * nothing of when an address came to the interface, and the launch time nothing at all: it is that of the last start
 * (inventories.md §4, §7).
 */
const attachedAt = (time: Date): StatedTime => ({
  edge: 'start',
  kind: 'exact',
  subject: 'attachment',
  atMs: time.getTime(),
})

/** How the attached instance holds the interface's addresses, or undefined where no instance does. */
function instanceHolder(subject: Subject): ((address: HeldAddress, seen: Sighting) => Binding) | undefined {
  const { eni, instance, expectsAt } = subject
  const { InstanceId, AttachmentId, AttachTime, Status } = eni.Attachment ?? {}
  if (InstanceId === undefined) return undefined
  const state = leastOf(
    signOf('network-interface', eni.Status),
    signOf('attachment', Status),
    // An instance that the listing does not have (yet) holds what its interface says it holds; only its name is not known.
    instance ? signOf('instance', instance.value.State?.Name) : 'held',
  )
  if (state === 'none') return undefined
  const owners = [instanceOwner(subject, InstanceId)]
  const stated = AttachTime ? [attachedAt(AttachTime)] : NOTHING_STATED
  return (address, seen) => ({
    domain: address.domain,
    prefix: address.prefix,
    ports: null,
    layer: 'instance',
    owners,
    lifetimeId: address.lifetime && AttachmentId ? `${address.lifetime}/${AttachmentId}` : null,
    state,
    sighting: instance ? spanOf(seen, instance.sighting) : seen,
    stated,
    expects: expectsAt(address).filter(layer => layerRank(layer) > layerRank('instance')),
    whole: false,
  })
}

function instanceOwner({ eni, estate, place, kind, instance }: Subject, instanceId: string): Owner {
  const tags = tagsOf(instance?.value.Tags)
  return ownerOf(nameOf({ tags, managed: null }, estate.naming), eni, place, {
    kind: 'instance',
    resourceId: instanceId,
    account: eni.Attachment?.InstanceOwnerId ?? place.account,
    host: null,
    labels: labelsOf(tags),
    forwards: isForwarding(eni, kind.kind),
  })
}
