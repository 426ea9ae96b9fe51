import type { KnownClaims } from './known-claims.ts'
import { Places } from './places.ts'
import { haveSameNames, isSameHolding } from './same-holding.ts'
import type { Binding } from './snapshot.ts'

export type ListedOnce = {
  readonly bindings: readonly Binding[]
  /** Of each, the number of its holding among the known claims, −1 where it is none of theirs. */
  readonly holdings: Int32Array
}

/** Bindings that the walk listed twice are one, at the place of the first; a sighting outweighs a listing on its way out. */
export function listedOnce(bindings: readonly Binding[], known: KnownClaims): ListedOnce {
  const holdings = new Int32Array(bindings.length)
  let strangers = 0
  for (let i = 0; i < bindings.length; i++) {
    const holding = known.holdingOf(bindings[i] as Binding)
    holdings[i] = holding
    if (holding < 0) strangers++
  }
  const kept: Binding[] = []
  const places = new Places(kept, strangers, strangers > 0 ? bindings.length : 0)
  /** By holding, what was kept of it last, and one; and what was kept before that. */
  const lastOf = new Int32Array(known.size)
  const before = new Int32Array(known.size > 0 ? bindings.length : 0)
  for (let i = 0; i < bindings.length; i++) {
    const binding = bindings[i] as Binding
    const holding = holdings[i] as number
    const isKnown = holding >= 0
    const last = isKnown ? (lastOf[holding] as number) - 1 : places.lastAt(binding)
    let at = last
    while (at >= 0 && !isSameListing(kept[at] as Binding, binding)) {
      at = isKnown ? (before[at] as number) - 1 : places.beforeIt(at)
    }
    if (at >= 0) {
      if (binding.state === 'held') kept[at] = binding
      continue
    }
    const number = kept.push(binding) - 1
    holdings[number] = holding
    if (isKnown) {
      before[number] = last + 1
      lastOf[holding] = number + 1
    } else places.file(number)
  }
  return { bindings: kept, holdings }
}

const isSameListing = (a: Binding, b: Binding): boolean => isSameHolding(a, b) && haveSameNames(a.owners, b.owners)
