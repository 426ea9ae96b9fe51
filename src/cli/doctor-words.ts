import type { ClockDifference } from '../runtime/clock-difference.ts'
import { type Finding, fail, ok } from './doctor-finding.ts'

/**
 * Whether another clock keeps within a bound of this one. Seconds in a header show no more than seconds: only what is surely
 * beyond the bound is wrong.
 */
export function clockFinding(whose: string, difference: ClockDifference, boundMs: number, key: string): Finding {
  const about = { check: 'clock', about: whose }
  const { leastMs, mostMs } = difference
  const aheadMs = leastMs > boundMs ? leastMs : mostMs < -boundMs ? mostMs : 0
  if (aheadMs === 0)
    return ok(
      about,
      `between ${secondsOf(leastMs)} and ${secondsOf(mostMs)} s ahead of this host, as far as its replies show`,
    )
  return fail(
    about,
    `at least ${secondsOf(Math.floor(Math.abs(aheadMs) / 100) * 100)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this host, and ${key} promises ${boundMs / 1000} s`,
    `Set this host’s clock by NTP (chronyc tracking, timedatectl); else answers near a change may be wrong. If the clocks cannot do better, raise ${key}.`,
  )
}

const secondsOf = (ms: number): string => (ms / 1000).toFixed(1)

export const sizeOf = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  return `${(bytes / 2 ** (10 * step)).toFixed(step > 1 ? 1 : 0)} ${units[step]}`
}

const GIB = 2 ** 30
/** A day of a large estate is far below the first; the second leaves time to make room. */
const LEAST_BYTES = GIB / 4
const ENOUGH_BYTES = 2 * GIB

/** Of a disk that is written to. */
export function roomFinding(about: string, freeBytes: number, totalBytes: number): Finding {
  const base = { check: 'free space', about }
  const detail = `${sizeOf(freeBytes)} of ${sizeOf(totalBytes)} free`
  if (freeBytes >= ENOUGH_BYTES) return ok(base, detail)
  const mend = 'Make room, or keep less history with retention.days.'
  return { ...base, status: freeBytes < LEAST_BYTES ? 'fail' : 'warn', detail, mend }
}
