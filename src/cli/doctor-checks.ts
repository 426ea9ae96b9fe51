import type { Readiness, SourceHealth } from '../api/readyz-route.ts'
import type { Millis } from '../ownership/window.ts'
import type { Finding } from './doctor-finding.ts'
import type { SourceLife } from './source-lives.ts'

/** What the checks look at. Only what was asked can be looked at: a server tells less than the change stream. */
export type Evidence = {
  readonly nowMs: Millis
  readonly sources: readonly (SourceHealth & { readonly life?: SourceLife })[]
  /** Names of the configured sources; undefined where the server's configuration is not known. */
  readonly configured?: readonly string[]
  readonly readiness?: Readiness
}

/** One kind of thing that may be wrong; it finds nothing where the evidence for it is not there. */
type Check = (evidence: Evidence) => readonly Finding[]

const HOUR_MS = 3600 * 1000
const DAY_MS = 24 * HOUR_MS
/** A restart now and then is none of a doctor's business. */
const MANY_TAKEOVERS = 4

const live = ({ sources }: Evidence) => sources.filter(({ removedAt }) => removedAt === null)

const progress: Check = evidence =>
  live(evidence).map(({ source, behindSeconds, staleAfterSeconds, stale, refused, life }) => {
    const base = { check: 'progress', about: source }
    const detail = behindSeconds === null ? 'no complete poll yet' : `complete up to ${behindSeconds} s ago`
    if (behindSeconds !== null && !stale) return { ...base, status: 'ok', detail, mend: null }
    const late = stale ? `${detail}; more than ${staleAfterSeconds} s are a hole in what it covers` : detail
    const mend = refused
      ? 'See its refused polls.'
      : life?.stoppedAtMs !== undefined
        ? `Its poller ended in good order at ${isoOf(life.stoppedAtMs)}, and none took over: start one, or "whohad sources remove ${source}".`
        : `See that a whohad polls it, and that lagSeconds is far below ${staleAfterSeconds} s. If it is gone for good: "whohad sources remove ${source}".`
    return { ...base, status: 'fail', detail: late, mend }
  })

const refusals: Check = evidence =>
  live(evidence).map(({ source, refused, life }) => {
    const base = { check: 'polls', about: source }
    if (refused === null) return { ...base, status: 'ok', detail: 'the newest poll counts', mend: null }
    const { polls, sinceMs } = life?.refused ?? {}
    const often = polls !== undefined && sinceMs !== undefined ? ` (${polls} in a row since ${isoOf(sinceMs)})` : ''
    return {
      ...base,
      status: 'fail',
      detail: `refused: ${refused.reason}${often}: ${refused.detail}`,
      mend: refused.mend,
    }
  })

const pollers: Check = ({ nowMs, sources }) =>
  sources.flatMap(({ source, removedAt, life }) => {
    if (life === undefined || removedAt !== null) return []
    const base = { check: 'pollers', about: source }
    const recent = life.takeoversMs.filter(ms => ms > nowMs - HOUR_MS).length
    const detail = `epoch ${life.epoch}, ${recent} superseded in the last hour`
    const late =
      life.fenced.lastMs > nowMs - DAY_MS
        ? `; ${life.fenced.records} late records of replaced pollers, the last at ${isoOf(life.fenced.lastMs)}`
        : ''
    if (recent < MANY_TAKEOVERS) return { ...base, status: 'ok', detail: detail + late, mend: null }
    const mend =
      'Pollers of this source keep taking over from each other: see that they do not restart, that their clocks agree, and that polls are shorter than takeOverAfterPolls.'
    return { ...base, status: 'fail', detail: detail + late, mend }
  })

const clocks: Check = ({ nowMs, sources, readiness }) => [
  ...sources.flatMap(({ source, removedAt, life }) => {
    const { record, complete, clockAheadMs = 0 } = life ?? {}
    if (record === undefined || complete === undefined || removedAt !== null) return []
    const base = { check: 'clock', about: source }
    // What is over is logged later, so any lead is one of the poller's clock, which may be off by its declared error.
    const excessMs = clockAheadMs - 2 * record.bounds.clockErrorMs
    if (excessMs <= 0) return { ...base, status: 'ok', detail: 'not ahead of the log', mend: null } as const
    const mend =
      'Set the clock of the poller’s host by NTP: times of its claims are wrong by more than clockErrorSeconds.'
    return { ...base, status: 'fail', detail: `at least ${excessMs} ms ahead of the log’s`, mend } as const
  }),
  ...(readiness ? [clockOf(Date.parse(readiness.now) - nowMs)] : []),
]

const FARTHEST_MS = 5_000

function clockOf(aheadMs: Millis): Finding {
  const base = { check: 'clock', about: 'the server' }
  const detail = `${Math.abs(aheadMs)} ms ${aheadMs >= 0 ? 'ahead of' : 'behind'} this one`
  if (Math.abs(aheadMs) <= FARTHEST_MS) return { ...base, status: 'ok', detail, mend: null }
  return { ...base, status: 'fail', detail, mend: 'Set both clocks by NTP.' }
}

const configuration: Check = ({ sources, configured }) => {
  if (configured === undefined) return []
  const check = 'configuration'
  if (sources.length === 0 && configured.length === 0) {
    const mend = 'Configure an inventory: ec2, titus or awsRanges (docs/configuration.md).'
    return [{ check, about: 'sources', status: 'warn', detail: 'none is known, and none is configured', mend }]
  }
  const known = new Map(sources.map(health => [health.source, health]))
  return [
    ...sources.flatMap(({ source, removedAt, stale, behindSeconds }): Finding[] => {
      if (removedAt !== null || configured.includes(source)) return []
      const polled = !stale && behindSeconds !== null
      const detail = polled
        ? 'polled by another process, and not configured here'
        : 'in the change stream, not configured, and not polled'
      const mend = polled ? null : `If it is gone for good: "whohad sources remove ${source}". Else configure it again.`
      return [{ check, about: source, status: polled ? 'ok' : 'warn', detail, mend }]
    }),
    ...configured.flatMap((source): Finding[] => {
      const removedAt = known.get(source)?.removedAt
      if (removedAt) {
        const mend = 'A name is not used again: take it out of the configuration.'
        return [{ check, about: source, status: 'fail', detail: `configured, and removed as of ${removedAt}`, mend }]
      }
      if (known.has(source)) return []
      return [
        { check, about: source, status: 'warn', detail: 'configured, and never polled', mend: 'Start "whohad up".' },
      ]
    }),
  ]
}

const server: Check = ({ readiness }) =>
  (readiness?.checks ?? [])
    .filter(({ name }) => !name.startsWith('source '))
    .map(({ name, ok, detail }) => ({
      check: 'server',
      about: name,
      status: ok ? 'ok' : 'fail',
      detail,
      mend: ok ? null : 'See the server’s log.',
    }))

const CHECKS: readonly Check[] = [server, configuration, progress, refusals, pollers, clocks]

export const examine = (evidence: Evidence): readonly Finding[] => CHECKS.flatMap(check => check(evidence))

const isoOf = (ms: Millis): string => new Date(ms).toISOString()
