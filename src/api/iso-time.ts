import type { Millis } from '../ownership/window.ts'

const DAY_MS = 86_400_000
/** Of what a Date can be. */
const MOST_MS = 8.64e15
const MOST_DAYS = 4096
/** How the days are written that were asked for lately, by their number since 1970. */
const days = new Map<number, string>()
const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))

/**
 * As `Date.toISOString`, in a fraction of its time: an answer has a dozen instants, most of them of a few days.
 *
 * @throws RangeError where that does
 */
export function isoTimeOf(ms: Millis): string {
  if (!Number.isInteger(ms) || Math.abs(ms) > MOST_MS) return new Date(ms).toISOString()
  const day = Math.floor(ms / DAY_MS)
  const within = ms - day * DAY_MS
  const seconds = Math.floor(within / 1000)
  const minutes = Math.floor(seconds / 60)
  const clock = `${TWO_DIGITS[Math.floor(minutes / 60)]}:${TWO_DIGITS[minutes % 60]}:${TWO_DIGITS[seconds % 60]}`
  return `${days.get(day) ?? dayOf(day)}${clock}.${String(within % 1000).padStart(3, '0')}Z`
}

/** The date and the T behind it. */
function dayOf(day: number): string {
  const text = new Date(day * DAY_MS).toISOString().slice(0, -'00:00:00.000Z'.length)
  if (days.size >= MOST_DAYS) days.clear()
  days.set(day, text)
  return text
}
