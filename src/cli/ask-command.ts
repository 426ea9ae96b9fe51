import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { answerJson } from '../api/answer-json.ts'
import { questionOf } from '../api/asked.ts'
import { decideDomain } from '../api/domain.ts'
import { parseQuestion } from '../api/question.ts'
import { openEmbeddedReader } from '../changestream/embedded/embedded-log.ts'
import { restoreIndex } from '../changestream/restore.ts'
import { replayedIndex } from '../enricher/view.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import { systemClock } from '../runtime/clock.ts'
import { type AnswerJson, answerTable } from './answer-table.ts'
import { whereabouts } from './change-stream.ts'
import { checkpointPath } from './checkpoints.ts'
import { cliErrors } from './errors.ts'
import { exitCodeOf } from './exit-codes.ts'
import { getJson } from './get-json.ts'
import { openTopic } from './readable-topic.ts'
import type { Settings } from './settings.ts'
import { isTerminal, print, say } from './terminal.ts'

/**
 * Answers one question: by the server at `url`, else from the change stream itself, also while a server writes it. Returns
 * the exit code.
 */
export async function ask(
  text: string,
  settings: Settings,
  options: { readonly url?: string | undefined; readonly token?: string | undefined; readonly json?: boolean },
): Promise<number> {
  // What cannot be read is said before anything is opened.
  parseQuestion(text, systemClock.now())
  const answer = options.url ? await askServer(options.url, text, options.token) : await askChangeStream(settings, text)
  print(isTerminal() && !options.json ? answerTable(answer) : JSON.stringify(answer))
  return exitCodeOf(answer.state)
}

async function askServer(url: string, text: string, token: string | undefined): Promise<AnswerJson> {
  const { body, status, statusText } = await getJson(url, `/v1/whohad?${new URLSearchParams({ q: text })}`, token)
  if (status < 300 && isAnswer(body)) return body
  if (typeof body !== 'object' || body === null || !('detail' in body)) {
    throw cliErrors.serverRefused({ url, detail: `${status} ${statusText}, and nothing that whohad would say` })
  }
  throw status < 500
    ? cliErrors.usage({ message: String(body.detail) })
    : cliErrors.serverRefused({ url, detail: `${status} ${body.detail}` })
}

const isAnswer = (body: unknown): body is AnswerJson =>
  typeof body === 'object' && body !== null && 'state' in body && 'question' in body

async function askChangeStream(settings: Settings, text: string): Promise<AnswerJson> {
  const index = await replayed(settings)
  const answer = index.ask(questionOf({ q: text }, systemClock.now(), ip => decideDomain(ip, index.sources())))
  return answerJson(answer)
}

/** An index of all that the configured change stream holds now. */
export async function replayed(settings: Settings): Promise<OwnershipIndex> {
  const embedded = settings.kafka.brokers.length === 0
  if (embedded && !existsSync(join(settings.data.path, 'changes'))) {
    throw cliErrors.nothingKnown({ path: settings.data.path })
  }
  // Reading beside a running whohad is welcome: it holds the folder's lock, and this needs none.
  const { log, missing } = embedded
    ? { log: await openEmbeddedReader(join(settings.data.path, 'changes')), missing: undefined }
    : await openTopic(settings)
  try {
    let unreadable = 0
    const restored = await restoreIndex(checkpointPath(settings.data.path), log, {
      checkpointUnusable: warnOfCheckpoint,
    })
    if (missing && !restored) throw cliErrors.historyOutOfReach({ where: whereabouts(settings), ...missing })
    const index = await replayedIndex(log, await log.end(), new AbortController().signal, {
      onDeadLetter: () => unreadable++,
      ...(restored && { restored }),
    })
    if (unreadable > 0) say(`${unreadable} records of the change stream could not be read, and were passed over.`)
    return index
  } finally {
    await log.close()
  }
}

const warnOfCheckpoint = ({ reason }: { readonly reason: string }): void =>
  say(`The checkpoint cannot be used, so the whole change stream is read: ${reason}`)
