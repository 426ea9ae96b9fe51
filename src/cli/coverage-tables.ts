import type { Static } from 'typebox'
import { type CoverageSchema, MOST_SPANS } from '../api/coverage-route.ts'
import { timeOf, titled } from './answer-table.ts'
import { colors } from './colors.ts'
import { tableFor } from './table.ts'

export type CoverageJson = Static<typeof CoverageSchema>

type SourceJson = CoverageJson['sources'][number]
type WindowJson = CoverageJson['during']

/** So many gaps of each kind fit on a screen: the newest. */
const MOST_SHOWN = 20

/** What was watched, for a person: sources first, then where they did not look, then where flow logs have no records. */
export function coverageTables({ during, sources, captureGaps }: CoverageJson): string {
  const gaps = sources
    .flatMap(({ source, gaps: ofSource }) => ofSource.map(gap => ({ source, gap })))
    .sort((a, b) => msOf(b.gap.until) - msOf(a.gap.until) || msOf(b.gap.from) - msOf(a.gap.from))
  const blocks = [
    colors.bold(`From ${timeOf(during.from)} until ${timeOf(during.until)}`),
    sources.length > 0 ? sourcesTable(sources, during) : 'No source watches anything here.',
  ]
  const shown = gaps.slice(0, MOST_SHOWN)
  if (shown.length > 0) blocks.push(titled('Where polls do not tell of absence', gapsTable(shown), shown, gaps.length))
  if (captureGaps !== null) blocks.push(captureBlock(captureGaps))
  return blocks.join('\n')
}

function sourcesTable(sources: readonly SourceJson[], during: WindowJson): string {
  const table = tableFor(process.stdout, ['source', 'watches', 'known up to', 'polls', 'covered', 'state'])
  for (const one of sources) {
    const domains = [...new Set(one.scope.map(({ domain }) => domain))]
    const known = one.watermark === null ? 'nothing yet' : one.watermark.iso
    table.push([one.source, domains.join('\n'), known, one.polls, share(one.intervals, during), stateOf(one)])
  }
  return table.toString()
}

function stateOf({ late, refused, validity }: SourceJson): string {
  if (validity.until !== null) return `removed as of ${validity.until.iso}`
  const why = refused ? `\nlast poll refused: ${refused.reason}` : ''
  return `${late ? colors.yellow('late') : colors.green('on time')}${why}`
}

/** Less than all of it is never shown as all of it; where the list was cut it is the least that it may be. */
function share(intervals: readonly WindowJson[], during: WindowJson): string {
  const coveredMs = intervals.reduce((sum, interval) => sum + lengthMs(interval), 0)
  const part = coveredMs / lengthMs(during)
  const least = intervals.length < MOST_SPANS ? '' : '≥ '
  return part < 1 ? `${least}${(Math.floor(part * 1000) / 10).toFixed(1)} %` : 'all'
}

function gapsTable(gaps: readonly { readonly source: string; readonly gap: WindowJson }[]): string {
  const table = tableFor(process.stdout, ['source', 'from', 'until', 'lasts'])
  for (const { source, gap } of gaps) table.push([source, timeOf(gap.from), timeOf(gap.until), lasting(gap)])
  return table.toString()
}

const STATUS = { SKIPDATA: 'records lost (SKIPDATA)', NODATA: 'no traffic (NODATA)' } as const

function captureBlock(gaps: NonNullable<CoverageJson['captureGaps']>): string {
  if (gaps.length === 0) return 'Flow logs tell of no records that are missing.'
  const shown = gaps.slice(0, MOST_SHOWN)
  const table = tableFor(process.stdout, ['interface', 'account', 'domains', 'from', 'until', 'lasts', 'what'])
  for (const { status, interface: recorder, account, domains, during } of shown) {
    const where = [recorder || 'not told', account, domains.join('\n') || 'not known']
    table.push([...where, timeOf(during.from), timeOf(during.until), lasting(during), STATUS[status]])
  }
  return titled('Where flow logs have no records', table.toString(), shown, gaps.length)
}

const msOf = (instant: WindowJson['from']): number => instant?.ms ?? Number.NaN

/** All windows here are cut to the span, which has two ends. */
const lengthMs = ({ from, until }: WindowJson): number => msOf(until) - msOf(from)

function lasting(window: WindowJson): string {
  const seconds = lengthMs(window) / 1000
  if (seconds < 120) return `${Math.round(seconds)} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
