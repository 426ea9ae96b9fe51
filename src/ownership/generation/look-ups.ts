import type { Generation } from './generation.ts'
import type { LookUps } from './group-columns.ts'
import type { Beside } from './look-up-beside.ts'
import { LookUpGroup } from './look-up-group.ts'
import { IN_FULL } from './row-list.ts'
import { baseOf, slotOf } from './ticks.ts'

export type { LookUps } from './group-columns.ts'
export type { Beside } from './look-up-beside.ts'

/** What `Generation.ownerOf` says of each, in the order asked, and what there is beside. Allocates nothing in the usual case. */
export function ownersOf(generation: Generation, lookUps: LookUps, owners: Int32Array, beside?: Beside): void {
  lookUpInGroups(generation, lookUps, owners, undefined, beside)
}

/** Look-ups whose places in the directory lie so near to one another share the cache. */
const PLACES_IN_A_BUCKET = 4096

/**
 * The same answers, found in the order in which the directory lies in memory. It pays for many look-ups of cold addresses;
 * `order` is room for as many numbers as there are look-ups.
 */
export function ownersOfByPlace(
  generation: Generation,
  lookUps: LookUps,
  owners: Int32Array,
  order: Uint32Array,
): void {
  orderByPlace(generation, lookUps, order)
  lookUpInGroups(generation, lookUps, owners, order)
}

function lookUpInGroups(
  generation: Generation,
  lookUps: LookUps,
  owners: Int32Array,
  order: Uint32Array | undefined,
  beside?: Beside,
): void {
  const { count, fromMs } = lookUps
  const group = new LookUpGroup(generation, lookUps, order, beside)
  for (let next = 0; next < count; ) {
    const first = order === undefined ? next : (order[next] as number)
    const slot = slotOf(fromMs[first] as number)
    const layers = generation.layersAt(slot)
    if (layers === undefined) {
      owners[first] = IN_FULL
      beside?.fromMs.fill(0, first, first + 1)
      beside?.untilMs.fill(0, first, first + 1)
      next++
      continue
    }
    next += group.take(next, baseOf(slot))
    group.answer(layers, owners)
  }
}

/** A counting sort by the place in the directory of the first segment asked about. */
function orderByPlace(generation: Generation, lookUps: LookUps, order: Uint32Array): void {
  const { count, family, words, domains, fromMs } = lookUps
  const hosts = generation.layersAt(slotOf(fromMs[0] ?? 0))?.base.hosts(family)
  const buckets = Math.max(1, Math.ceil((hosts?.slots ?? 0) / PLACES_IN_A_BUCKET))
  const bucketOf = new Uint32Array(count)
  const starts = new Uint32Array(buckets + 1)
  for (let i = 0; i < count; i++) {
    const at = family === 4 ? i : i * 4
    const a = words[at] as number
    const home =
      family === 4
        ? hosts?.home(domains[i] as number, a, 0, 0, 0)
        : hosts?.home(
            domains[i] as number,
            a,
            words[at + 1] as number,
            words[at + 2] as number,
            words[at + 3] as number,
          )
    const bucket = Math.floor((home ?? 0) / PLACES_IN_A_BUCKET)
    bucketOf[i] = bucket
    starts[bucket + 1] = (starts[bucket + 1] as number) + 1
  }
  for (let bucket = 0; bucket < buckets; bucket++) {
    starts[bucket + 1] = (starts[bucket + 1] as number) + (starts[bucket] as number)
  }
  for (let i = 0; i < count; i++) {
    const bucket = bucketOf[i] as number
    order[starts[bucket] as number] = i
    starts[bucket] = (starts[bucket] as number) + 1
  }
}
