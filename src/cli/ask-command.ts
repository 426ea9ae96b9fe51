import { answerJson } from '../api/answer-json.ts'
import { asOfMsOf, questionOf } from '../api/asked.ts'
import { decideDomain } from '../api/domain.ts'
import { parseQuestion } from '../api/question.ts'
import { systemClock } from '../runtime/clock.ts'
import type { AnswerJson } from './answer-table.ts'
import { exitCodeOf } from './exit-codes.ts'
import { knowAsOfIn } from './known-as-of.ts'
import { type AskedPlace, knownIndex } from './known-index.ts'
import { printableWithin } from './printable.ts'
import { queryOf } from './query.ts'
import { bodyFrom, notWhohad, type Server } from './server.ts'
import type { Settings } from './settings.ts'
import { isTerminal, print } from './terminal.ts'

export type AskOptions = AskedPlace & { readonly asOf?: string | undefined; readonly json: boolean }

/**
 * Answers one question: by a server, from an ownership bundle, or from the change stream itself, also while a server writes
 * it; with `asOf` by what was known at that moment. Returns the exit code.
 */
export async function ask(text: string, settings: Settings, options: AskOptions): Promise<number> {
  const { server, json } = options
  // What cannot be read is said before anything is opened.
  parseQuestion(text, systemClock.now())
  const answer = server ? await askServer(server, text, options) : await askHere(settings, text, options)
  print(isTerminal() && !json ? await tableOf(answer) : JSON.stringify(answer))
  return exitCodeOf(answer.state)
}

async function tableOf(answer: AnswerJson): Promise<string> {
  const { answerTable } = await import('./answer-table.ts')
  return answerTable(printableWithin(answer))
}

async function askServer(server: Server, text: string, { asOf }: AskOptions): Promise<AnswerJson> {
  const body = await bodyFrom(server, `/v1/whohad${queryOf({ q: text, as_of: asOf })}`)
  const answer = answerIn(body)
  if (answer === undefined) throw notWhohad(server.url, 200, 'OK')
  return answer
}

function answerIn(body: string): AnswerJson | undefined {
  let answer: unknown
  try {
    answer = JSON.parse(body)
  } catch {
    return undefined
  }
  const isAnswer = typeof answer === 'object' && answer !== null && 'state' in answer && 'question' in answer
  // Another server's JSON has no such fields; whohad's has all of them.
  return isAnswer ? (answer as AnswerJson) : undefined
}

async function askHere(settings: Settings, text: string, { claims, asOf }: AskOptions): Promise<AnswerJson> {
  const index = await knownIndex(settings, claims)
  const nowMs = systemClock.now()
  const asOfMs = asOf === undefined ? undefined : asOfMsOf(asOf, nowMs)
  const question = questionOf({ q: text }, asOfMs ?? nowMs, ip => decideDomain(ip, index.sources()))
  if (asOfMs === undefined) return answerJson(index.ask(question))
  const then = await knowAsOfIn(settings, claims)(question.domain, [question.ip], asOfMs)
  return answerJson(then.ask(question), asOfMs)
}
