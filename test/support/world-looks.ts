import type { Address, NetworkInterface } from '@aws-sdk/client-ec2'
import type { Sighted, Sighting } from '../../src/ownership/snapshot.ts'
import type { Ec2Target, Targeted } from '../../src/pollers/ec2/targeted.ts'
import type { Trunk } from '../../src/pollers/ec2/trunks.ts'
import type { View } from '../../src/simulator/view.ts'
import type { WeatheredWorld } from './bad-weather.ts'
import { sdkAddress, sdkInstance, sdkInterface } from './sdk-shapes.ts'

/**
 * What EC2 answers to a look, without the wire: a request for the interfaces, one for the Elastic IPs by public address and one
 * for their interfaces, one for the instances; each thing at a moment of its own, as in whole listings.
 */
export const targetedOf =
  (run: WeatheredWorld, trunks: () => ReadonlyMap<string, Trunk>): Targeted =>
  async target => {
    const { network, fleet } = run.world
    const pages: Sighting[] = []
    const request = <T>(entries: (view: View) => readonly T[], emptied = 0): readonly Sighted<T>[] => {
      const exchange = run.exchange()
      const sighting = run.sightingOf(exchange)
      pages.push(sighting)
      const shown = run.random.chance(emptied) ? [] : run.shown(entries(run.view(exchange)))
      return shown.map(value => ({ value, sighting }))
    }
    const { emptied } = run.weather
    const interfacesThat = (suit: (eni: NetworkInterface) => boolean) =>
      request(
        view =>
          network
            .enisSeen(view)
            .map(({ thing, atMs }) => sdkInterface(thing, atMs))
            .filter(suit),
        emptied,
      )
    const found = interfacesThat(filterOf(target))
    const addresses = target.by === 'public-address' ? elasticIps(target.addresses) : []
    const shown = target.by === 'subnet' ? found.filter(({ value }) => target.keep(value)) : found
    const seen = new Set(shown.map(({ value }) => value.NetworkInterfaceId))
    const unseen = addresses.flatMap(({ value }) => value.NetworkInterfaceId || []).filter(id => !seen.has(id))
    const others = unseen.length > 0 ? interfacesThat(eni => unseen.includes(eni.NetworkInterfaceId ?? '')) : []
    const interfaces = [...shown, ...others]
    const attached = new Set(interfaces.map(({ value }) => value.Attachment?.InstanceId))
    const instances = request(
      view =>
        fleet
          .instancesSeen(view)
          .filter(({ thing }) => attached.has(thing.id))
          .map(({ thing, atMs }) => {
            const isTagless = !Number.isFinite(thing.renamedMs) && run.random.chance(run.weather.tagless)
            return sdkInstance(thing, atMs, isTagless ? Number.NEGATIVE_INFINITY : view(thing.id))
          }),
      emptied,
    )
    const isEmpty = found.length === 0
    return { target, isEmpty, vpcs: [], subnets: [], addresses, interfaces, instances, trunks: trunks(), pages }

    function elasticIps(asked: readonly string[]): readonly Sighted<Address>[] {
      const isAsked = ({ publicIp }: { readonly publicIp: string }) => asked.includes(publicIp)
      return request(view =>
        fleet.elasticIps.filter(isAsked).map(elastic => sdkAddress(elastic, view(elastic.allocationId))),
      )
    }
  }

/** What EC2's filters let through. */
function filterOf(target: Ec2Target): (eni: NetworkInterface) => boolean {
  const addressesOf = ({ PrivateIpAddresses = [] }: NetworkInterface) => PrivateIpAddresses
  switch (target.by) {
    case 'interface':
      return eni => target.ids.includes(eni.NetworkInterfaceId ?? '')
    case 'subnet':
      return eni => target.ids.includes(eni.SubnetId ?? '')
    case 'address':
      return eni =>
        addressesOf(eni).some(({ PrivateIpAddress }) => target.addresses.some(ip => ip === PrivateIpAddress))
    case 'public-address':
      return eni =>
        addressesOf(eni).some(({ Association }) => target.addresses.some(ip => ip === Association?.PublicIp))
  }
}
