import { isPublicDomain } from './domains.ts'
import { coversBits, type Prefix, type PrefixBits, prefixBits } from './prefix.ts'

/** A block of a VPC, and the domain in which it has its addresses. */
export type VpcBlock = {
  readonly domain: string
  readonly prefix: Prefix
  readonly vpc: string
  readonly account: string
  readonly region: string
}

/** `inner` lies in `outer`, or is the same block: within one domain their addresses mean two things at a time. */
export type DomainOverlap = { readonly outer: VpcBlock; readonly inner: VpcBlock }

/**
 * Blocks of different VPCs that overlap within one domain, in n log n. Each block is paired with the nearest one of another
 * VPC that contains it, if there is one; of equal blocks the later VPC by name counts as contained. So there are fewer pairs
 * than blocks: of a hundred VPCs with the same block 99, not 4,950. The order of `blocks` decides nothing.
 */
export function overlapsWithinDomains(blocks: readonly VpcBlock[]): readonly DomainOverlap[] {
  const placed = blocks
    .filter(({ domain }) => !isPublicDomain(domain))
    .map(block => ({ block, bits: prefixBits(block.prefix) }))
    .sort(outerFirst)
  const overlaps: DomainOverlap[] = []
  const around: Nested[] = []
  for (const next of placed) {
    let holder = around.at(-1)
    while (holder !== undefined && !contains(holder, next)) {
      around.pop()
      holder = around.at(-1)
    }
    const isOwn = holder?.block.vpc === next.block.vpc
    if (isOwn && holder?.block.prefix === next.block.prefix) continue // listed by two accounts
    const outer = isOwn ? holder?.outer : holder?.block
    if (outer) overlaps.push({ outer, inner: next.block })
    around.push({ ...next, outer })
  }
  return overlaps
}

type Placed = { readonly block: VpcBlock; readonly bits: PrefixBits }

/** With the nearest block of another VPC that contains it. */
type Nested = Placed & { readonly outer: VpcBlock | undefined }

const contains = (outer: Placed, inner: Placed): boolean =>
  outer.block.domain === inner.block.domain &&
  outer.bits.length <= inner.bits.length &&
  coversBits(outer.bits, inner.bits)

/** By domain and first address; what contains another block comes before it. */
function outerFirst(a: Placed, b: Placed): number {
  const [a0, a1, a2, a3] = a.bits.words
  const [b0, b1, b2, b3] = b.bits.words
  return (
    compare(a.block.domain, b.block.domain) ||
    a.bits.family - b.bits.family ||
    a0 - b0 ||
    a1 - b1 ||
    a2 - b2 ||
    a3 - b3 ||
    a.bits.length - b.bits.length ||
    compare(a.block.vpc, b.block.vpc)
  )
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
