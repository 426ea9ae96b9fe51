import { type Ip, toIp } from '../../ownership/address.ts'

/** The addresses of one task. `shared` is an IPv4 address that other containers of the same host use too. */
export type TaskAddresses = {
  readonly own: readonly Ip[]
  /** Elastic IPs: public whatever the VPC. */
  readonly elastic: readonly Ip[]
  readonly shared: readonly Ip[]
}

export const hasAny = ({ own, elastic, shared }: TaskAddresses): boolean =>
  own.length + elastic.length + shared.length > 0

const isIpv4 = (ip: Ip): boolean => !ip.includes(':')

/** Modes in which IPv4 traffic leaves by the host's transition address (inventories.md §1.4). */
const SHARING_MODES: ReadonlySet<string> = new Set(['Ipv6AndIpv4Fallback', 'Ipv6Only'])
const OWNING_MODES: ReadonlySet<string> = new Set(['Ipv4Only', 'Ipv6AndIpv4'])

/**
 * Which addresses are the task's own, by its *effective* network mode; the job's requested mode may have been degraded.
 * `task.containerIp` is IPv6 wherever the IPv4 address is shared, which settles HighScale and modes that are not known.
 */
export function taskAddresses(context: Readonly<Record<string, string>>): TaskAddresses {
  const ips = (...keys: readonly string[]): readonly Ip[] =>
    keys.flatMap(key => {
      const ip = toIp(context[`task.${key}`] ?? '')
      return ip === undefined ? [] : [ip]
    })
  const mode = context['task.effectiveNetworkMode'] ?? ''
  const [main] = ips('containerIp')
  const transition = ips('transitionIPv4')
  const ownsIpv4 = OWNING_MODES.has(mode) || (!SHARING_MODES.has(mode) && (main === undefined || isIpv4(main)))
  const listed = new Set(ips('containerIp', 'containerIPv4', 'containerIPv6'))
  const own = [...listed].filter(ip => !transition.includes(ip) && (ownsIpv4 || !isIpv4(ip)))
  const others = [...listed].filter(ip => isIpv4(ip) && !ownsIpv4)
  return { own, elastic: ips('elasticIPv4'), shared: [...new Set([...transition, ...others])] }
}
