import type { Layer } from './claim.ts'
import { coversBits, type PrefixBits, prefixBits } from './prefix.ts'
import type { Binding } from './snapshot.ts'
import type { SourceState } from './source-state.ts'
import type { Millis } from './window.ts'

type Watched = { readonly block: PrefixBits; readonly layers: readonly Layer[] }

/**
 * Where the start window of a new claim opens: at the progress of the last complete poll, if that poll would have shown the
 * holding. −∞ where there was none, or where the source did not yet vouch for the whole prefix at that layer: what is new
 * in its scope may have been held for long.
 */
export function opensAt({
  completeUpToMs,
  record,
}: SourceState): (held: Pick<Binding, 'domain' | 'prefix' | 'layer'>) => Millis {
  if (completeUpToMs === null) return () => Number.NEGATIVE_INFINITY
  const watched = new Map<string, Watched[]>()
  for (const { domain, prefix, layers, fromMs } of record?.scope ?? []) {
    if (fromMs > completeUpToMs) continue
    const blocks = watched.get(domain) ?? []
    blocks.push({ block: prefixBits(prefix), layers })
    watched.set(domain, blocks)
  }
  return ({ domain, prefix, layer }) => {
    const bits = prefixBits(prefix)
    const isWatched = watched
      .get(domain)
      ?.some(({ block, layers }) => layers.includes(layer) && block.length <= bits.length && coversBits(block, bits))
    return isWatched ? completeUpToMs : Number.NEGATIVE_INFINITY
  }
}
