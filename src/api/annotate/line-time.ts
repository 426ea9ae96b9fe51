import type { Millis, Window } from '../../ownership/window.ts'

/** What is needed to read stamps that leave something out. */
export type Stamps = {
  /** The present: a stamp without a year is of the last year in which it is not ahead of it. */
  readonly nowMs: Millis
  /** How far a stamp without a zone is ahead of UTC. */
  readonly zoneMs: number
}

const SECOND_MS = 1000
const DAY_MS = 86_400_000
/** Unix seconds from 2001 to 2286 have ten digits, milliseconds thirteen. */
const UNIX = /^\[?(\d{10})(?:\.(\d{1,9}))?\]?(?=[\s,;|]|$)/
const UNIX_MS = /^\[?(\d{13})\]?(?=[\s,;|]|$)/
/** The default format of VPC flow logs, from the version to start and end. */
const FLOW_LOG = /^\d{1,2} (?:\d{12}|unknown|-) eni-\S+(?: \S+){7} (\d{10}) (\d{10}) /
const ISO =
  /(?<![\d-])(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|UTC)|([+-])(\d\d):?(\d\d))?(?![\d:])/
const SYSLOG =
  /^(?:<\d{1,3}>)?(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?=[\s:])/
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** So much of a line is searched. */
const SEARCHED_BYTES = 512

/**
 * When what a line tells of happened, as exactly as its stamp says: a second where it has no fraction, the whole time of a
 * flow record. Undefined where it carries no stamp that is known: ISO 8601 anywhere, with or without a zone (as `tcpdump
 * -tttt` writes it), and at the line's beginning Unix time or syslog's.
 */
export function timeOfLine(bytes: Buffer, from: number, until: number, stamps: Stamps): Window | undefined {
  if (!mayHaveStamp(bytes, from, until)) return undefined
  const text = bytes.toString('latin1', from, Math.min(until, from + SEARCHED_BYTES))
  return unixTime(text) ?? syslogTime(text, stamps) ?? isoTime(text, stamps)
}

const [ZERO, NINE, COLON, DASH, OPEN] = [0x30, 0x39, 0x3a, 0x2d, 0x5b]

/** Cheap, since most lines of most texts have none: a digit or bracket at the beginning, or a date or clock within. */
function mayHaveStamp(bytes: Buffer, from: number, until: number): boolean {
  const first = bytes[from] ?? 0
  if ((first >= ZERO && first <= NINE) || first === OPEN) return true
  const end = Math.min(until, from + SEARCHED_BYTES) - 3
  for (let i = from + 2; i < end; i++) {
    const byte = bytes[i]
    // hh:mm: of a clock, yyyy-mm- of a date
    if ((byte === COLON || byte === DASH) && bytes[i + 3] === byte && isDigit(bytes[i - 1]) && isDigit(bytes[i + 1]))
      return true
  }
  return false
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE

function unixTime(text: string): Window | undefined {
  const [, start, end] = FLOW_LOG.exec(text) ?? []
  if (start !== undefined && end !== undefined) {
    const fromMs = Number(start) * SECOND_MS
    return { fromMs, untilMs: Math.max(fromMs, Number(end) * SECOND_MS) + SECOND_MS }
  }
  const [, seconds, fraction] = UNIX.exec(text) ?? []
  if (seconds !== undefined) return stretch(Number(seconds) * SECOND_MS, fraction)
  const [, ms] = UNIX_MS.exec(text) ?? []
  return ms === undefined ? undefined : { fromMs: Number(ms), untilMs: Number(ms) + 1 }
}

function isoTime(text: string, { zoneMs }: Stamps): Window | undefined {
  const [, year, month, day, hour, minute, second, fraction, utc, sign, zoneHours, zoneMinutes] = ISO.exec(text) ?? []
  const localMs = year && Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (!localMs) return undefined
  // Date.parse turns 30 February into 2 March.
  if (new Date(localMs).getUTCDate() !== Number(day)) return undefined
  const aheadMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000
  const offsetMs = utc !== undefined ? 0 : sign === undefined ? zoneMs : sign === '-' ? -aheadMs : aheadMs
  return stretch(localMs - offsetMs, fraction)
}

function syslogTime(text: string, { nowMs, zoneMs }: Stamps): Window | undefined {
  const [, month = '', day, hour, minute, second, fraction] = SYSLOG.exec(text) ?? []
  if (day === undefined) return undefined
  const clock = [Number(hour), Number(minute), Number(second)] as const
  if (clock[0] > 23 || clock[1] > 59 || clock[2] > 59) return undefined
  const inYear = (year: number) => Date.UTC(year, MONTHS.indexOf(month), Number(day), ...clock) - zoneMs
  const year = new Date(nowMs).getUTCFullYear()
  // A day ahead is somebody's clock, more is last year's.
  for (const one of [year + 1, year, year - 1, year - 2, year - 3, year - 4]) {
    const atMs = inYear(one)
    if (atMs <= nowMs + DAY_MS && new Date(atMs + zoneMs).getUTCDate() === Number(day)) return stretch(atMs, fraction)
  }
  return undefined
}

/** A stamp without a fraction is as good as its second, one with a fraction as its last digit, at best a millisecond. */
function stretch(secondMs: Millis, fraction: string | undefined): Window {
  if (fraction === undefined) return { fromMs: secondMs, untilMs: secondMs + SECOND_MS }
  const fromMs = secondMs + Number(fraction.slice(0, 3).padEnd(3, '0'))
  return { fromMs, untilMs: fromMs + 10 ** Math.max(0, 3 - fraction.length) }
}
