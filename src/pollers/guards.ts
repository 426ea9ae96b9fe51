import type { Claim, Layer } from '../ownership/claim.ts'
import type { Snapshot } from '../ownership/snapshot.ts'
import type { DoubtReason, Refusal } from './refusal.ts'

export type GuardLimits = {
  /** Layers and places with fewer holdings than this are too small for shares to mean anything. */
  readonly fewestHoldings: number
  /** Refuse a listing that lacks more than this share of the holdings of before. */
  readonly largestDrop: number
  /** Refuse a listing in which the share of named owners fell by more than this. */
  readonly largestNamedDrop: number
}

export const DEFAULT_GUARDS: GuardLimits = { fewestHoldings: 20, largestDrop: 0.5, largestNamedDrop: 0.5 }

/** Why a listing that came whole is not believed, and by how much. */
export type Doubt = {
  readonly reason: DoubtReason
  readonly detail: string
  /** What it is about: a layer, or a layer in one place. */
  readonly about: string
  /** The share that is gone, from 0 to 1. */
  readonly gone: number
}

type Tally = { readonly all: number; readonly named: number }
type Held = Pick<Claim, 'layer' | 'owners'>
type Tallies = { readonly layers: ReadonlyMap<Layer, Tally>; readonly places: ReadonlyMap<string, number> }

/**
 * Whether a listing that came whole is believable beside what was held before. APIs under load answer "none", or drop
 * tags, without any error (inventories.md §3, §4, §8.9). Each layer is looked at by itself, so that full subnets do not
 * hide that all instances are gone; and so is each region, VPC and zone, where nothing at all may be left. The state before
 * comes from the change stream, so a restart changes nothing. Empty where nothing is doubted.
 */
export function doubtsAbout(
  before: Iterable<Claim>,
  snapshot: Pick<Snapshot, 'bindings'>,
  limits: GuardLimits,
): readonly Doubt[] {
  const was = tally(openOnes(before))
  const is = tally(snapshot.bindings)
  const empty = emptied(was.layers, is.layers)
  if (empty !== undefined) return [empty]
  const fallen = [...shrunk(was.layers, is.layers, limits)]
  // Of a layer that has shrunk as a whole nobody needs to hear where.
  const places = [...left(was, is, limits)].filter(
    ({ about }) => !fallen.some(one => about.startsWith(`${one.about} `)),
  )
  return [...fallen, ...places, ...unnamed(was.layers, is.layers, limits)]
}

function* openOnes(claims: Iterable<Claim>): Generator<Claim> {
  for (const claim of claims) if (claim.state === 'open') yield claim
}

/** All doubts as one refusal, under the reason of the first; null where there are none. */
export function guard(
  before: Iterable<Claim>,
  snapshot: Pick<Snapshot, 'bindings'>,
  limits: GuardLimits,
): Refusal | null {
  return refusalFor(doubtsAbout(before, snapshot, limits))
}

export function refusalFor(doubts: readonly Doubt[]): Refusal | null {
  const [first] = doubts
  if (first === undefined) return null
  return { reason: first.reason, detail: doubts.map(({ detail }) => detail).join('; ') }
}

/** An estate goes on changing between the listing that a person looked at and the one that is published. */
const TOLERATED = 0.02

/** What is doubted beyond what a person has accepted: other things, or the same ones by more. */
export const worseThan = (accepted: readonly Doubt[], doubts: readonly Doubt[]): readonly Doubt[] =>
  doubts.filter(
    ({ reason, about, gone }) =>
      !accepted.some(one => one.reason === reason && one.about === about && gone <= one.gone + TOLERATED),
  )

/** Both sides are as many as the estate has addresses, so nothing is put into words before all are counted. */
function tally(held: Iterable<Held>): Tallies {
  const layers = new Map<Layer, LayerCount>()
  // The addresses of one interface follow one another and share its owners.
  let last: Held | undefined
  let alike = 0
  for (const one of held) {
    if (last !== undefined && last.owners === one.owners && last.layer === one.layer) {
      alike++
      continue
    }
    if (last) count(layers, last, alike)
    last = one
    alike = 1
  }
  if (last) count(layers, last, alike)
  return { layers, places: placesOf(layers) }
}

function count(layers: Map<Layer, LayerCount>, { layer, owners }: Held, times: number): void {
  const counted = layers.get(layer) ?? newCount()
  if (counted.all === 0) layers.set(layer, counted)
  counted.all += times
  if (owners.some(owner => owner.application !== null)) counted.named += times
  for (const kind of PLACES) {
    const name = owners[0]?.[kind]
    if (name) counted.by[kind].set(name, (counted.by[kind].get(name) ?? 0) + times)
  }
}

/** Not the routing domain: a rule may give a VPC another one at any time. */
const PLACES = ['region', 'vpc', 'zone'] as const
type LayerCount = {
  all: number
  named: number
  readonly by: Readonly<Record<(typeof PLACES)[number], Map<string, number>>>
}
const newCount = (): LayerCount => ({
  all: 0,
  named: 0,
  by: { region: new Map(), vpc: new Map(), zone: new Map() },
})

function placesOf(layers: ReadonlyMap<Layer, LayerCount>): ReadonlyMap<string, number> {
  const places = new Map<string, number>()
  for (const [layer, { by }] of layers) {
    for (const kind of PLACES) {
      for (const [name, all] of by[kind]) places.set(`${layer} holdings in ${kind} ${name}`, all)
    }
  }
  return places
}

const percent = (share: number) => `${Math.round(share * 100)} %`

/** Whatever its size: nothing at all, or no network left under the addresses, is more likely an empty page. */
function emptied(was: ReadonlyMap<Layer, Tally>, is: ReadonlyMap<Layer, Tally>): Doubt | undefined {
  const doubt = { reason: 'empty-snapshot', gone: 1 } as const
  if (was.size > 0 && is.size === 0)
    return { ...doubt, about: 'everything', detail: 'the listing is empty, and before it was not' }
  if (!was.has('network') || is.has('network')) return undefined
  return { ...doubt, about: 'networks', detail: 'the listing has no VPC and no subnet, and before it had some' }
}

function* shrunk(
  was: ReadonlyMap<Layer, Tally>,
  is: ReadonlyMap<Layer, Tally>,
  { fewestHoldings, largestDrop }: GuardLimits,
): Generator<Doubt> {
  for (const [layer, { all }] of was) {
    const now = is.get(layer)?.all ?? 0
    const gone = 1 - now / all
    if (all < fewestHoldings || gone <= largestDrop) continue
    const detail = `${layer} holdings fell from ${all} to ${now}, by ${percent(gone)}; at most ${percent(largestDrop)} is believed`
    yield { reason: 'size-drop', about: layer, gone, detail }
  }
}

/** A zone or a cell that does not answer leaves the rest of a listing whole. */
function* left(was: Tallies, is: Tallies, { fewestHoldings }: GuardLimits): Generator<Doubt> {
  for (const [place, all] of was.places) {
    if (all < fewestHoldings || is.places.has(place)) continue
    yield { reason: 'size-drop', about: place, gone: 1, detail: `none of ${all} ${place} is left` }
  }
}

function* unnamed(
  was: ReadonlyMap<Layer, Tally>,
  is: ReadonlyMap<Layer, Tally>,
  { fewestHoldings, largestNamedDrop }: GuardLimits,
): Generator<Doubt> {
  for (const [layer, { all, named }] of was) {
    const now = is.get(layer)
    if (all < fewestHoldings || now === undefined) continue
    const [before, after] = [named / all, now.named / now.all]
    const gone = before - after
    if (gone <= largestNamedDrop) continue
    const detail = `the share of ${layer} holdings with a named owner fell from ${percent(before)} to ${percent(after)}; tags vanish like that under load`
    yield { reason: 'tags-vanished', about: layer, gone, detail }
  }
}
