import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Answer, Question } from '../ownership/answer.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import type { Clock } from '../runtime/clock.ts'
import { answerJson } from './answer-json.ts'
import { type AnswerJson, AnswerSchema } from './answer-schema.ts'
import { decideDomain } from './domain.ts'
import { questionErrors } from './errors.ts'
import { LONGEST_QUESTION, parseAddressText, parseDomain, parsePort, parseQuestion } from './question.ts'
import { parseTime } from './time.ts'

const shortText = (description: string) => Type.Optional(Type.String({ maxLength: 128, description }))

const QuerySchema = Type.Object(
  {
    q: Type.Optional(Type.String({ maxLength: LONGEST_QUESTION, description: 'the question as people write it' })),
    ip: shortText('IPv4 or IPv6 address'),
    at: shortText('Unix seconds or milliseconds, ISO 8601 with a zone, "now", "5 min ago"; now where it is left out'),
    domain: shortText('routing domain; decided from the address where only one is possible'),
    port: shortText('local port, for addresses that several share'),
    from: shortText('first instant of a span, written like "at"'),
    to: shortText('first instant after the span'),
  },
  { additionalProperties: false },
)
type Query = Static<typeof QuerySchema>

/** Answers from the index; throws what is declared where it may not answer yet (`WHOHAD_STILL_REPLAYING`). */
export type Ask = (question: Question) => Answer | Promise<Answer>

export type WhohadDeps = {
  readonly ask: Ask
  readonly index: Pick<OwnershipIndex, 'sources'>
  readonly clock: Pick<Clock, 'now'>
}

/** `GET /v1/whohad`: 200 whatever the answer's state; an unreadable question is 400. */
export function whohadRoute(app: FastifyInstance, { ask, index, clock }: WhohadDeps): void {
  app.get<{ Querystring: Query; Reply: AnswerJson }>(
    '/v1/whohad',
    { schema: { querystring: QuerySchema, response: { 200: AnswerSchema } } },
    async (request, reply) => {
      const question = questionOf(request.query, clock.now(), index)
      reply.header('cache-control', 'no-store')
      return answerJson(await ask(question))
    },
  )
}

function questionOf(query: Query, nowMs: number, index: Pick<OwnershipIndex, 'sources'>): Question {
  const { ip, domain, fromMs, untilMs } = query.q === undefined ? partsOf(query, nowMs) : writtenParts(query, nowMs)
  return {
    ip,
    fromMs,
    untilMs,
    domain: domain ?? decideDomain(ip, index.sources()),
    ...(query.port === undefined ? {} : { port: parsePort(query.port) }),
    nowMs,
  }
}

type Parts = Pick<Question, 'ip' | 'fromMs' | 'untilMs'> & { readonly domain: string | undefined }

function writtenParts({ q = '', ...query }: Query, nowMs: number): Parts {
  const parameters = (['ip', 'at', 'domain', 'from', 'to'] as const).filter(name => query[name] !== undefined)
  if (parameters.length > 0) throw questionErrors.formsMixed({ parameters })
  const { ip, atMs, domain } = parseQuestion(q, nowMs)
  return { ip, domain, ...instant(atMs) }
}

function partsOf(query: Query, nowMs: number): Parts {
  if (query.ip === undefined) throw questionErrors.questionMalformed({ text: '' })
  return {
    ip: parseAddressText(query.ip),
    domain: query.domain === undefined ? undefined : parseDomain(query.domain),
    ...spanOf(query, nowMs),
  }
}

function spanOf({ at, from, to }: Query, nowMs: number): { fromMs: number; untilMs: number } {
  if (from === undefined && to === undefined) return instant(at === undefined ? nowMs : parseTime(at, nowMs))
  if (at !== undefined) throw questionErrors.windowMalformed({ reason: '"at" stands beside "from" or "to"' })
  if (from === undefined || to === undefined) {
    throw questionErrors.windowMalformed({ reason: `"${from === undefined ? 'from' : 'to'}" is missing` })
  }
  const fromMs = parseTime(from, nowMs)
  const untilMs = parseTime(to, nowMs)
  if (fromMs >= untilMs) throw questionErrors.windowMalformed({ reason: '"from" is not before "to"' })
  return { fromMs, untilMs }
}

/** A point in time is one millisecond long (`Question`). */
const instant = (atMs: number) => ({ fromMs: atMs, untilMs: atMs + 1 })
