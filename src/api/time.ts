import { questionErrors } from './errors.ts'
import { excerpt } from './excerpt.ts'

const UNIX = /^(\d{1,10})(?:\.(\d{1,9}))?$/
const UNIX_MS = /^\d{13}$/
const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(?:(Z|UTC|GMT)|([+-])(\d\d):?(\d\d)?)$/i
const AGO = /^(\d{1,9})\s*([a-z]+)\s+ago$/i

const UNIT_MS = new Map<string, number>(
  (
    [
      [1000, ['s', 'sec', 'secs', 'second', 'seconds']],
      [60_000, ['m', 'min', 'mins', 'minute', 'minutes']],
      [3_600_000, ['h', 'hr', 'hrs', 'hour', 'hours']],
      [86_400_000, ['d', 'day', 'days']],
    ] as const
  ).flatMap(([ms, names]) => names.map(name => [name, ms])),
)

/**
 * An instant as people write it, in Unix milliseconds; what is finer is cut off. Unix time counts seconds up to ten digits
 * and milliseconds at thirteen, and nothing in between, because a digit lost or doubled would move the question by decades.
 * A stamp without a zone is refused: the reader's zone and the server's differ.
 *
 * @throws WHOHAD_TIME_MALFORMED
 */
export function parseTime(text: string, nowMs: number): number {
  const trimmed = text.trim()
  const atMs =
    trimmed.toLowerCase() === 'now' ? nowMs : (unixTime(trimmed) ?? isoTime(trimmed) ?? timeAgo(trimmed, nowMs))
  if (atMs === undefined || atMs < 0) throw questionErrors.timeMalformed({ text: excerpt(text) })
  return atMs
}

function unixTime(text: string): number | undefined {
  if (UNIX_MS.test(text)) return Number(text)
  const [, seconds, fraction] = UNIX.exec(text) ?? []
  return seconds === undefined ? undefined : Number(seconds) * 1000 + millisecondsOf(fraction)
}

/** ISO 8601 with a zone, in Unix milliseconds; undefined for all else. */
export function isoTime(text: string): number | undefined {
  const match = ISO.exec(text)
  if (match === null) return undefined
  const [, date, clock, seconds = '00', fraction, , sign, zoneHours = '00', zoneMinutes = '00'] = match
  const utcMs = Date.parse(`${date}T${clock}:${seconds}Z`)
  // Date.parse turns 30 February into 2 March and 24:00 into the next day.
  if (Number.isNaN(utcMs) || new Date(utcMs).toISOString().slice(0, 16) !== `${date}T${clock}`) return undefined
  if (Number(zoneHours) > 14 || Number(zoneMinutes) > 59) return undefined
  const aheadMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000
  return utcMs + millisecondsOf(fraction) + (sign === '-' ? aheadMs : -aheadMs)
}

function timeAgo(text: string, nowMs: number): number | undefined {
  const [, count, unit = ''] = AGO.exec(text) ?? []
  const unitMs = UNIT_MS.get(unit.toLowerCase())
  return count === undefined || unitMs === undefined ? undefined : nowMs - Number(count) * unitMs
}

/** The digits after a decimal point of a second: "25" is 250 ms, "2509" as well. */
const millisecondsOf = (fraction = ''): number => Number(fraction.slice(0, 3).padEnd(3, '0'))
