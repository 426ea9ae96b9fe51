import { type Change, type Claim, supersedes } from '../ownership/claim.ts'
import { type DomainOverlap, overlapsWithinDomains, type VpcBlock } from '../ownership/domain-overlaps.ts'

export type OverlapReport = {
  /** Blocks of two VPCs overlap in one domain: addresses there mean two things. Once per pair and process. */
  overlapFound(d: DomainOverlap): void
  /** How many pairs there are. */
  overlapsCounted(d: { readonly pairs: number }): void
}

/** Follows the VPCs' blocks in the change stream, and tells of those that overlap within a domain. */
export type OverlapWatch = {
  take(changes: Iterable<Change>): void
  /** Does nothing where no block has come or gone since the last time. */
  check(): void
}

export function createOverlapWatch(report: OverlapReport): OverlapWatch {
  const claims = new Map<string, Claim>()
  const told = new Set<string>()
  let isChecked = false
  return {
    take(changes) {
      for (const change of changes) {
        if (change.record !== 'claim' || !isVpcBlock(change)) continue
        const held = claims.get(change.id)
        if (held !== undefined && !supersedes(change, held)) continue
        claims.set(change.id, change)
        isChecked = false
      }
    },
    check() {
      if (isChecked) return
      isChecked = true
      const overlaps = overlapsWithinDomains([...claims.values()].flatMap(blockOf))
      for (const overlap of overlaps) {
        const pair = JSON.stringify(overlap)
        if (!told.has(pair)) report.overlapFound(overlap)
        told.add(pair)
      }
      report.overlapsCounted({ pairs: overlaps.length })
    },
  }
}

const isVpcBlock = ({ layer, owners }: Claim): boolean => layer === 'network' && owners[0]?.kind === 'vpc'

/** None where the last poll did not show the block. */
function blockOf({ state, domain, prefix, owners }: Claim): readonly VpcBlock[] {
  const [owner] = owners
  if (state !== 'open' || owner === undefined) return []
  const { resourceId, account, region } = owner
  return [{ domain, prefix, vpc: resourceId, account: account ?? '', region: region ?? '' }]
}
