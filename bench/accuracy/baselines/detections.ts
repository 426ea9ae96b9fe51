import { bitsOf, type Ip } from '../../../src/ownership/address.ts'
import { type Layer, layerRank } from '../../../src/ownership/claim.ts'
import {
  coversBits,
  hostPrefix,
  isHost,
  type Prefix,
  type PrefixBits,
  prefixBits,
} from '../../../src/ownership/prefix.ts'
import type { Binding, Snapshot } from '../../../src/ownership/snapshot.ts'
import type { Millis } from '../../../src/ownership/window.ts'

/** `several` share the address: who of them sent is not known, and a system that guesses nothing says nobody. */
export type Detected = { readonly application: string | null; readonly resourceId: string } | 'several'

/** An owner was seen to have, or null, nobody was seen to have any more. */
export type Change = {
  /** When the request was sent that showed it: the earliest time that a poller which saw it can give it. */
  readonly atMs: Millis
  /** When its poll was over, and the change known. */
  readonly knownMs: Millis
  readonly owner: Detected | null
}

/** All changes of one prefix at one layer, in the order in which they became known. */
export type Track = { readonly layer: Layer; readonly changes: readonly Change[] }

type OpenTrack = Track & { readonly changes: Change[] }

/**
 * What a system sees that polls, compares with the last poll and emits "assigned" and "released": detection times, and nothing
 * of how certain they are. It is told of the very polls that whohad's answers rest on, refuses those that whohad refuses, and
 * knows of layers, prefixes and routing domains as much.
 */
export class Detections {
  readonly #last = new Map<string, Map<string, Detected>>()
  readonly #tracks = new Map<string, OpenTrack>()
  readonly #byPrefix = new Map<string, OpenTrack[]>()
  readonly #blocks = new Map<string, { readonly prefix: Prefix; readonly bits: PrefixBits }[]>()

  /** One whole poll of one source, over at `knownMs`. */
  saw(source: string, { bindings, sighting }: Snapshot, knownMs: Millis): void {
    const before = this.#last.get(source) ?? new Map<string, Detected>()
    const now = new Map<string, Detected>()
    for (const binding of bindings) {
      if (binding.state !== 'held' || layerRank(binding.layer) < layerRank('interface')) continue
      const key = `${source} ${binding.domain} ${binding.prefix} ${binding.layer}`
      const known = before.get(key)
      const owner = ownerOf(binding, known)
      now.set(key, owner)
      if (known !== undefined && isSame(known, owner)) continue
      this.#trackOf(key, binding).changes.push({ atMs: binding.sighting.sentAtMs, knownMs, owner })
    }
    for (const key of before.keys()) {
      if (!now.has(key)) this.#tracks.get(key)?.changes.push({ atMs: sighting.sentAtMs, knownMs, owner: null })
    }
    this.#last.set(source, now)
  }

  /** The tracks of each prefix that covers the address, the longest first; of each prefix the highest layer first. */
  tracksOf(domain: string, ip: Ip): readonly (readonly Track[])[] {
    const bits = bitsOf(ip)
    const host = this.#byPrefix.get(`${domain} ${hostPrefix(ip)}`)
    const covering = (this.#blocks.get(domain) ?? []).filter(block => coversBits(block.bits, bits))
    const blocks = covering.map(({ prefix }) => this.#byPrefix.get(`${domain} ${prefix}`) ?? [])
    return host ? [host, ...blocks] : blocks
  }

  #trackOf(key: string, { domain, prefix, layer }: Binding): OpenTrack {
    const known = this.#tracks.get(key)
    if (known) return known
    const track: OpenTrack = { layer, changes: [] }
    this.#tracks.set(key, track)
    const place = `${domain} ${prefix}`
    const tracks = [...(this.#byPrefix.get(place) ?? []), track]
    this.#byPrefix.set(
      place,
      tracks.sort((a, b) => layerRank(b.layer) - layerRank(a.layer)),
    )
    if (tracks.length === 1 && !isHost(prefix)) {
      const blocks = [...(this.#blocks.get(domain) ?? []), { prefix, bits: prefixBits(prefix) }]
      this.#blocks.set(
        domain,
        blocks.sort((a, b) => b.bits.length - a.bits.length),
      )
    }
    return track
  }
}

/** A name that is missing from one reply, for a resource that had one, is no change. */
function ownerOf({ owners: [owner, ...others] }: Binding, known: Detected | undefined): Detected {
  if (owner === undefined || others.length > 0) return 'several'
  const { resourceId, application } = owner
  const isKnown = application === null && known !== undefined && known !== 'several' && known.resourceId === resourceId
  return isKnown ? known : { application, resourceId }
}

const isSame = (a: Detected, b: Detected): boolean =>
  a === b || (a !== 'several' && b !== 'several' && a.resourceId === b.resourceId && a.application === b.application)
