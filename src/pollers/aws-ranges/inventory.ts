import type { SourceBounds } from '../../ownership/claim.ts'
import type { Inventory } from '../inventory.ts'
import { type RangesClientSettings, rangesClient } from './client.ts'
import { rangesErrors } from './errors.ts'
import { readRanges } from './reply.ts'
import { namedRanges } from './services.ts'
import { type ListedSince, SCOPE, type ServiceBinding, serviceBinding, VERSION_LABEL } from './snapshot.ts'

export type AwsRangesSettings = RangesClientSettings & {
  /** Becomes part of the source's name: aws-ranges/main. */
  readonly name: string
  readonly bounds: SourceBounds
  /** What a predecessor of this poller published; asked until a version was taken. */
  readonly published: () => PublishedRanges
}

export type PublishedRanges = {
  readonly listedSince: ListedSince
  /** The newest version that it is known to have taken; null where there is none. */
  readonly newestToken: string | null
}

type Version = { readonly syncToken: string; readonly bindings: readonly ServiceBinding[] }

/**
 * The address ranges that AWS publishes, as one source: what an address outside of all inventories belongs to. A version
 * that was taken before is not read again, so that the poll publishes nothing but its progress; an older one is refused, since
 * a copy on the way must not undo what is known.
 */
export function awsRangesInventory(settings: AwsRangesSettings): Inventory {
  const { name, url, bounds, published } = settings
  const get = rangesClient(settings)
  let held: { readonly version: Version; readonly etag: string | null } | undefined

  function take(text: string): Version {
    const read = readRanges(text, (what, cause) => rangesErrors.malformed({ url, what }, cause))
    const { syncToken } = read
    const taken = held?.version
    const before = taken ? { listedSince: sinceOf(taken), newestToken: taken.syncToken } : published()
    const known = before.newestToken
    if (known !== null && Number(syncToken) < Number(known))
      throw rangesErrors.wentBack({ url, token: syncToken, known })
    if (taken?.syncToken === syncToken) return taken
    const bindings = namedRanges(read.ranges).map(range => serviceBinding(range, syncToken, before.listedSince))
    return { syncToken, bindings }
  }

  return {
    source: `aws-ranges/${name}`,
    kind: 'aws-ranges',
    bounds,
    async list(signal, onPage) {
      const { value: reply, sighting } = await get(held?.etag ?? null, signal)
      const version = reply.text === null && held ? held.version : take(reply.text ?? '')
      // Only now: an entity tag of what was refused would keep us from seeing it again.
      held = { version, etag: reply.etag }
      onPage?.(version.bindings.length)
      return { sighting, scope: SCOPE, bindings: version.bindings.map(binding => ({ ...binding, sighting })) }
    },
  }
}

/** By domain, prefix and service: the same prefix of another service is another claim. */
export const rangeKey = (domain: string, prefix: string, service: string | null): string =>
  `${domain}|${prefix}|${service ?? ''}`

function sinceOf({ bindings }: Version): ListedSince {
  const since = new Map(
    bindings.map(({ domain, prefix, owners: [owner] }) => [
      rangeKey(domain, prefix, owner?.application ?? null),
      owner?.labels[VERSION_LABEL],
    ]),
  )
  return ({ domain, prefix }, service) => since.get(rangeKey(domain, prefix, service))
}
