import type { Static } from 'typebox'
import type { AnswerSchema } from '../api/answer-schema.ts'
import { colors } from './colors.ts'
import { tableFor } from './table.ts'

export type AnswerJson = Static<typeof AnswerSchema>

type HoldingJson = NonNullable<AnswerJson['holding']>

/** How a state is shown. */
export const STATE_COLOR: Readonly<Record<AnswerJson['state'], (text: string) => string>> = {
  owned: colors.green,
  ambiguous: colors.yellow,
  unowned: colors.cyan,
  unknown: colors.magenta,
  external: colors.blue,
}

/** An answer for a person at a terminal: the sentence first, then who, when and what else was possible. */
export function answerTable(answer: AnswerJson): string {
  const { question, state, reason, holding } = answer
  const head = `${colors.bold(question.ip)} @ ${timeOf(question.from)} in ${question.domain}${asKnownAt(question.asOf)}`
  const verdict = `${STATE_COLOR[state](colors.bold(state))} ${colors.dim(`(${reason})`)}`
  const blocks = [`${head}\n${verdict}  ${answer.summary}`]
  if (holding) blocks.push(holdingTable(holding))
  const { split, candidates, under } = answer
  if (split) blocks.push(titled('Parts', partsTable(split.parts), split.parts, split.total))
  if (candidates.length > 0) {
    blocks.push(titled('Candidates', candidatesTable(candidates), candidates, answer.candidatesTotal))
  }
  if (under.length > 0) blocks.push(titled('Beneath', underTable(under), under, answer.underTotal))
  const watermark = answer.watermark ? `Known up to ${answer.watermark.iso}.` : 'No source watches this address.'
  blocks.push(colors.dim(`${watermark} ${answer.final ? 'This answer is final.' : 'This answer may still change.'}`))
  return blocks.join('\n')
}

/** A table under its name, and how many rows it leaves out where the list was cut. */
export function titled(title: string, rows: string, shown: readonly unknown[], total: number): string {
  const rest = total - shown.length
  return [colors.bold(title), rows, ...(rest > 0 ? [colors.dim(`and ${rest} more`)] : [])].join('\n')
}

const table = (...head: readonly string[]) => tableFor(process.stdout, head)

function holdingTable({ owner, layer, prefix, evidence, source, start, end, lastSighting }: HoldingJson): string {
  const { placement } = owner
  const rows: readonly (readonly [string, string | null])[] = [
    ['application', owner.application],
    ['cluster', owner.cluster],
    ['team', owner.team],
    ['resource', `${owner.kind} ${owner.resourceId}`],
    ['placement', [placement.account, placement.region, placement.zone, placement.vpc].filter(Boolean).join(' ')],
    ['interface', placement.eni],
    ['host', placement.host],
    ['held as', `${prefix} at layer ${layer}`],
    ['since', between(start)],
    ['until', between(end)],
    ['evidence', `${evidence}, last sighting ${timeOf(lastSighting)}, source ${source}`],
    ['named by', owner.namedBy],
  ]
  const shown = table()
  for (const [name, value] of rows) if (value) shown.push([colors.dim(name), value])
  return shown.toString()
}

/** Stretches of time, one after another, each with its answer. */
export function partsTable(parts: NonNullable<AnswerJson['split']>['parts']): string {
  const shown = table('from', 'until', 'answer', 'application', 'resource')
  for (const { during, state, reason, holding } of parts) {
    const owner = holding?.owner
    shown.push([
      timeOf(during.from),
      timeOf(during.until),
      `${STATE_COLOR[state](state)} (${reason})`,
      owner ? (owner.application ?? 'unnamed') : '-',
      owner ? `${owner.kind} ${owner.resourceId}` : '-',
    ])
  }
  return shown.toString()
}

function candidatesTable(candidates: AnswerJson['candidates']): string {
  const shown = table('application', 'resource', 'possible from', 'until')
  for (const { holding, during } of candidates) {
    const owner = holding?.owner
    const resource = owner ? `${owner.kind} ${owner.resourceId}` : '-'
    shown.push([
      owner ? (owner.application ?? 'unnamed') : 'nobody',
      resource,
      timeOf(during.from),
      timeOf(during.until),
    ])
  }
  return shown.toString()
}

function underTable(under: AnswerJson['under']): string {
  const shown = table('layer', 'prefix', 'resource', 'application')
  for (const { layer, prefix, owner } of under) {
    shown.push([layer, prefix, `${owner.kind} ${owner.resourceId}`, owner.application ?? ''])
  }
  return shown.toString()
}

export const timeOf = (instant: AnswerJson['watermark']): string => instant?.iso ?? 'unbounded'

/** Behind what is told, where it is what was known at an earlier moment. */
export const asKnownAt = (asOf: AnswerJson['question']['asOf']): string =>
  asOf === null ? '' : `, as known at ${asOf.iso}`

type BoundsJson = HoldingJson['start']

/** A bound in words: when something began, or ended. */
export function between({ earliest, latest }: BoundsJson): string {
  if (earliest === null) return latest === null ? 'not known' : `before ${latest.iso}`
  if (latest === null) return `after ${earliest.iso}`
  return earliest.iso === latest.iso ? earliest.iso : `between ${earliest.iso} and ${latest.iso}`
}
