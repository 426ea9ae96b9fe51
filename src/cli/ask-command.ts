import { answerJson } from '../api/answer-json.ts'
import { questionOf } from '../api/asked.ts'
import { decideDomain } from '../api/domain.ts'
import { parseQuestion } from '../api/question.ts'
import { systemClock } from '../runtime/clock.ts'
import type { AnswerJson } from './answer-table.ts'
import { exitCodeOf } from './exit-codes.ts'
import { type AskedPlace, knownIndex } from './known-index.ts'
import { printableWithin } from './printable.ts'
import { queryOf } from './query.ts'
import { bodyFrom, notWhohad, type Server } from './server.ts'
import type { Settings } from './settings.ts'
import { isTerminal, print } from './terminal.ts'

/**
 * Answers one question: by a server, from an ownership bundle, or from the change stream itself, also while a server writes
 * it. Returns the exit code.
 */
export async function ask(
  text: string,
  settings: Settings,
  { server, claims, json }: AskedPlace & { readonly json: boolean },
): Promise<number> {
  // What cannot be read is said before anything is opened.
  parseQuestion(text, systemClock.now())
  const answer = server ? await askServer(server, text) : await askHere(settings, claims, text)
  print(isTerminal() && !json ? await tableOf(answer) : JSON.stringify(answer))
  return exitCodeOf(answer.state)
}

async function tableOf(answer: AnswerJson): Promise<string> {
  const { answerTable } = await import('./answer-table.ts')
  return answerTable(printableWithin(answer))
}

async function askServer(server: Server, text: string): Promise<AnswerJson> {
  const body = await bodyFrom(server, `/v1/whohad${queryOf({ q: text })}`)
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

async function askHere(settings: Settings, claims: string | undefined, text: string): Promise<AnswerJson> {
  const index = await knownIndex(settings, claims)
  return answerJson(index.ask(questionOf({ q: text }, systemClock.now(), ip => decideDomain(ip, index.sources()))))
}
