import type { Asked } from '../asked.ts'
import { endpointOf } from '../endpoint.ts'
import { apiErrors } from '../errors.ts'
import { excerpt } from '../excerpt.ts'
import type { Brief, briefOf } from './brief.ts'
import { csvField, csvFields } from './csv.ts'

const PARTS = ['q', 'ip', 'at', 'domain', 'port', 'from', 'to'] as const
type Part = (typeof PARTS)[number]

/** Which column holds which part of a question. */
export type CsvLayout = {
  readonly columns: ReadonlyMap<Part, number>
  /** False where the first line is a question already. */
  readonly hasHeader: boolean
}

/** Columns of a file without a header: as many of these as a line has. */
const WITHOUT_HEADER: readonly Part[] = ['ip', 'at', 'domain', 'port']

/** @throws WHOHAD_BULK_INPUT_MALFORMED */
export function layoutOf(line: string): CsvLayout {
  const names = fieldsOf(line)
  if (endpointOf((names[0] ?? '').trim()) !== undefined) {
    return { columns: new Map(WITHOUT_HEADER.map((part, i) => [part, i])), hasHeader: false }
  }
  const columns = new Map<Part, number>()
  for (const [i, name] of names.entries()) {
    const part = PARTS.find(one => one === name.trim().toLowerCase())
    if (part === undefined) continue
    if (columns.has(part)) throw apiErrors.bulkInputMalformed({ reason: `the column "${part}" comes twice` })
    columns.set(part, i)
  }
  if (!columns.has('ip') && !columns.has('q')) {
    throw apiErrors.bulkInputMalformed({ reason: `its first line names no column ip or q: "${excerpt(line)}"` })
  }
  return { columns, hasHeader: true }
}

function fieldsOf(line: string): readonly string[] {
  try {
    return csvFields(line.startsWith('\u{feff}') ? line.slice(1) : line)
  } catch (error) {
    throw apiErrors.bulkInputMalformed({ reason: `its first line is no CSV: "${excerpt(line)}"` }, error)
  }
}

/** The parts of one line; an empty field is one that is left out. */
export function askedIn(fields: readonly string[], { columns }: CsvLayout): Asked {
  const asked: { -readonly [Name in keyof Asked]: Asked[Name] } = {}
  for (const [part, column] of columns) {
    const text = fields[column]?.trim()
    if (text) asked[part] = text
  }
  return asked
}

type AnswerColumn = readonly [name: string, value: (brief: Brief) => string]

/** What is written behind the columns of the question. */
const ANSWER_COLUMNS: readonly AnswerColumn[] = [
  ['state', brief => brief.state],
  ['reason', brief => brief.reason],
  ['application', brief => brief.application ?? ''],
  ['cluster', brief => brief.cluster ?? ''],
  ['kind', brief => brief.kind ?? ''],
  ['resource_id', brief => brief.resourceId ?? ''],
  ['account', brief => brief.account ?? ''],
  ['region', brief => brief.region ?? ''],
  ['zone', brief => brief.zone ?? ''],
  ['vpc', brief => brief.vpc ?? ''],
  ['eni', brief => brief.eni ?? ''],
  ['team', brief => brief.team ?? ''],
  ['layer', brief => brief.layer ?? ''],
  ['source', brief => brief.source ?? ''],
  ['candidates', brief => brief.candidates.join('|')],
  ['service', brief => brief.service ?? ''],
]

/** Between the domain that was asked and the error. */
export const answerHeader = (): string =>
  ['asked_domain', ...ANSWER_COLUMNS.map(([name]) => name), 'error'].map(name => `,${name}`).join('')

/** All behind the domain that was asked, with the end of the line. */
export const answerTail = (brief: ReturnType<typeof briefOf>): string =>
  `${ANSWER_COLUMNS.map(([, value]) => `,${csvField(value(brief))}`).join('')},\n`

/** Instead of an answer. */
export const errorTail = ({ code, detail }: { readonly code: string; readonly detail: string }): string =>
  `,${','.repeat(ANSWER_COLUMNS.length)},${csvField(`${code}: ${detail}`)}\n`
