import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import { type PublishedRanges, rangeKey } from '../pollers/aws-ranges/inventory.ts'
import { VERSION_LABEL } from '../pollers/aws-ranges/snapshot.ts'

/** What the index has of a source's ranges: which of them stand, since which version, and the newest version of any. */
export function publishedRanges(index: OwnershipIndex, ofSource: string): PublishedRanges {
  const since = new Map<string, string>()
  let newestToken: string | null = null
  for (const { source, state, domain, prefix, owners } of index.claimsOf('service')) {
    if (source !== ofSource) continue
    for (const { application, labels } of owners) {
      const version = labels[VERSION_LABEL]
      if (version === undefined) continue
      if (state !== 'closed') since.set(rangeKey(domain, prefix, application), version)
      if (newestToken === null || Number(version) > Number(newestToken)) newestToken = version
    }
  }
  return { listedSince: ({ domain, prefix }, service) => since.get(rangeKey(domain, prefix, service)), newestToken }
}
