import type { Millis } from '../ownership/window.ts'
import { isoTimeOf } from './iso-time.ts'

/** Places for instants that were written lately; a power of two. */
const PLACES = 8192
const instants = new Float64Array(PLACES).fill(Number.NaN)
const texts: string[] = new Array<string>(PLACES).fill('')

/** The text of `instantJson`. Most instants of claims are those of a few polls, and come again. */
export function instantText(ms: Millis): string {
  if (!Number.isFinite(ms)) return 'null'
  const place = Math.floor(ms / 500) & (PLACES - 1)
  if (instants[place] === ms) return texts[place] as string
  const text = newInstantText(ms)
  instants[place] = ms
  texts[place] = text
  return text
}

/** The same, for an instant that hardly comes again. */
export const newInstantText = (ms: Millis): string =>
  Number.isFinite(ms) ? `{"iso":"${isoTimeOf(ms)}","ms":${ms}}` : 'null'
