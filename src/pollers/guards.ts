import type { Claim, Layer, Owner } from '../ownership/claim.ts'
import type { Snapshot } from '../ownership/snapshot.ts'
import type { Refusal } from './refusal.ts'

export type GuardLimits = {
  /** Layers with fewer holdings than this are too small for shares to mean anything. */
  readonly fewestHoldings: number
  /** Refuse a listing that lacks more than this share of the holdings of before. */
  readonly largestDrop: number
  /** Refuse a listing in which the share of named owners fell by more than this. */
  readonly largestNamedDrop: number
}

export const DEFAULT_GUARDS: GuardLimits = { fewestHoldings: 20, largestDrop: 0.5, largestNamedDrop: 0.5 }

type Tally = { readonly all: number; readonly named: number }
type Held = { readonly layer: Layer; readonly owners: readonly Owner[] }

/**
 * Whether a listing that came whole is believable beside what was held before. APIs under load answer "none", or drop
 * tags, without any error (inventories.md §3, §4, §8.9). Each layer is looked at by itself, so that full subnets do not
 * hide that all instances are gone. The state before comes from the change stream, so a restart changes nothing.
 */
export function guard(before: Iterable<Claim>, snapshot: Snapshot, limits: GuardLimits): Refusal | null {
  const was = tally([...before].filter(claim => claim.state === 'open'))
  const is = tally(snapshot.bindings)
  const empty = emptied(was, is)
  if (empty) return empty
  for (const [layer, { all, named }] of was) {
    if (all < limits.fewestHoldings) continue
    const now = is.get(layer) ?? { all: 0, named: 0 }
    const refusal = shrunk(layer, all, now.all, limits) ?? unnamed(layer, { all, named }, now, limits)
    if (refusal) return refusal
  }
  return null
}

function tally(held: Iterable<Held>): ReadonlyMap<Layer, Tally> {
  const byLayer = new Map<Layer, Tally>()
  for (const { layer, owners } of held) {
    const { all, named } = byLayer.get(layer) ?? { all: 0, named: 0 }
    const isNamed = owners.some(owner => owner.application !== null)
    byLayer.set(layer, { all: all + 1, named: named + (isNamed ? 1 : 0) })
  }
  return byLayer
}

const percent = (share: number) => `${Math.round(share * 100)} %`

/** Whatever its size: nothing at all, or no network left under the addresses, is more likely an empty page. */
function emptied(was: ReadonlyMap<Layer, Tally>, is: ReadonlyMap<Layer, Tally>): Refusal | null {
  const reason = 'empty-snapshot'
  if (was.size > 0 && is.size === 0) return { reason, detail: 'the listing is empty, and before it was not' }
  if (!was.has('network') || is.has('network')) return null
  return { reason, detail: 'the listing has no VPC and no subnet, and before it had some' }
}

function shrunk(layer: Layer, was: number, is: number, { largestDrop }: GuardLimits): Refusal | null {
  const drop = 1 - is / was
  if (drop <= largestDrop) return null
  const detail = `${layer} holdings fell from ${was} to ${is}, by ${percent(drop)}; at most ${percent(largestDrop)} is believed`
  return { reason: 'size-drop', detail }
}

function unnamed(layer: Layer, was: Tally, is: Tally, { largestNamedDrop }: GuardLimits): Refusal | null {
  if (is.all === 0) return null
  const before = was.named / was.all
  const now = is.named / is.all
  if (before - now <= largestNamedDrop) return null
  const detail = `the share of ${layer} holdings with a named owner fell from ${percent(before)} to ${percent(now)}; tags vanish like that under load`
  return { reason: 'tags-vanished', detail }
}
