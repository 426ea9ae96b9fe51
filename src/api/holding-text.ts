import type { Holding } from '../ownership/answer.ts'
import type { Owner } from '../ownership/claim.ts'
import type { Bounds } from '../ownership/window.ts'
import { ownerJson } from './answer-json.ts'
import { instantText } from './instant-text.ts'

/** The newest holding of an owner that was written, and how. */
type Written = { readonly holding: Holding; readonly text: string; readonly ownerText: string }

const written = new WeakMap<Owner, Written>()

/**
 * The text of `holdingJson`. Owners come again and again as the same objects, mostly with the same holding: a subnet lies under every
 * address of it, and what is asked for once is asked for again.
 */
export function holdingText(holding: Holding | null): string {
  if (holding === null) return 'null'
  const known = written.get(holding.owner)
  if (known !== undefined && isSame(known.holding, holding)) return known.text
  const ownerText = known?.ownerText ?? JSON.stringify(ownerJson(holding.owner))
  const { layer, prefix, source, claimId, evidence, start, end, lastSightingMs } = holding
  const text = flat(
    `{"owner":${ownerText},"layer":"${layer}","prefix":"${prefix}","source":${JSON.stringify(source)},` +
      `"claimId":${JSON.stringify(claimId)},"evidence":"${evidence}","start":${boundsText(start)},` +
      `"end":${boundsText(end)},"lastSighting":${instantText(lastSightingMs)}}`,
  )
  written.set(holding.owner, { holding, text, ownerText })
  return text
}

/** Of the same owner. */
const isSame = (one: Holding, other: Holding): boolean =>
  one.claimId === other.claimId &&
  one.prefix === other.prefix &&
  one.lastSightingMs === other.lastSightingMs &&
  one.layer === other.layer &&
  one.source === other.source &&
  one.evidence === other.evidence &&
  isSameBounds(one.start, other.start) &&
  isSameBounds(one.end, other.end)

const isSameBounds = (one: Bounds, other: Bounds): boolean =>
  one.earliestMs === other.earliestMs && one.latestMs === other.latestMs

const boundsText = ({ earliestMs, latestMs }: Bounds): string =>
  `{"earliest":${instantText(earliestMs)},"latest":${instantText(latestMs)}}`

/** In one piece: V8 keeps what was put together as a tree, and would walk it anew for every answer. */
function flat(text: string): string {
  Number(text)
  return text
}
