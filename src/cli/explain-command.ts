import type { Static } from 'typebox'
import { type ExplanationSchema, explainRoute } from '../api/explain-route.ts'
import { parseQuestion } from '../api/question.ts'
import { systemClock } from '../runtime/clock.ts'
import { asKnownAt, STATE_COLOR, timeOf } from './answer-table.ts'
import { openAnswerer } from './answerer.ts'
import { colors } from './colors.ts'
import { exitCodeOf } from './exit-codes.ts'
import type { AskedPlace } from './known-index.ts'
import { printableWithin } from './printable.ts'
import { queryOf } from './query.ts'
import type { Settings } from './settings.ts'
import { tableFor } from './table.ts'
import { isTerminal, print } from './terminal.ts'

type ExplanationJson = Static<typeof ExplanationSchema>

/**
 * Prints why an answer is what it is: sentences and the claims on a terminal, one JSON object, as `GET /v1/explain` has it,
 * elsewhere. The exit code is that of the answer.
 */
export async function explainAnswer(
  text: string,
  settings: Settings,
  options: AskedPlace & { readonly asOf?: string | undefined; readonly json: boolean },
): Promise<number> {
  // What cannot be read is said before anything is opened.
  parseQuestion(text, systemClock.now())
  const answerer = await openAnswerer(settings, options, explainRoute)
  try {
    // Both ends of this are the same schema.
    const found = JSON.parse(
      await answerer.get(`/v1/explain${queryOf({ q: text, as_of: options.asOf })}`),
    ) as ExplanationJson
    print(isTerminal() && !options.json ? inWords(printableWithin(found)) : JSON.stringify(found))
    return exitCodeOf(found.answer.state)
  } finally {
    await answerer.close()
  }
}

function inWords({ answer, timeline, words }: ExplanationJson): string {
  const { question, state, reason } = answer
  const head = `${colors.bold(question.ip)} @ ${timeOf(question.from)} in ${question.domain}${asKnownAt(question.asOf)}`
  const verdict = `${STATE_COLOR[state](colors.bold(state))} ${colors.dim(`(${reason})`)}`
  const claims = timeline.length > 0 ? [colors.bold('Claims that may hold it then'), timelineTable(timeline)] : []
  return [`${head}\n${verdict}`, ...words, ...claims].join('\n')
}

function timelineTable(timeline: ExplanationJson['timeline']): string {
  const table = tableFor(process.stdout, [
    'role',
    'application',
    'possible from',
    'certain from',
    'certain until',
    'possible until',
  ])
  for (const { role, possible, certain, claim } of timeline) {
    const names = claim.owners.map(({ application }) => application ?? 'unnamed').join(' or ')
    const [sureFrom, sureUntil] = certain ? [timeOf(certain.from), timeOf(certain.until)] : ['never', '']
    table.push([role, names, timeOf(possible.from), sureFrom, sureUntil, timeOf(possible.until)])
  }
  return table.toString()
}
