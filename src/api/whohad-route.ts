import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Clock } from '../runtime/clock.ts'
import type { Access } from './access.ts'
import { answerJson } from './answer-json.ts'
import { type AnswerJson, AnswerSchema } from './answer-schema.ts'
import { type AnsweringDeps, answeringFor } from './answering.ts'
import { asOfMsOf, questionOf } from './asked.ts'
import { QuestionQuerySchema, shortText } from './parameters.ts'
import { problemResponses } from './responses.ts'
import { noteLookUp } from './security/audit.ts'

const QuerySchema = Type.Object(
  {
    ...QuestionQuerySchema.properties,
    as_of: shortText(
      'answer with what was known at that moment, by the clock of the change stream; "now" is then that moment',
    ),
  },
  { additionalProperties: false },
)
type Query = Static<typeof QuerySchema>

export type WhohadDeps = AnsweringDeps & { readonly clock: Pick<Clock, 'now'>; readonly access: Access }

/** `GET /v1/whohad`: 200 whatever the answer's state; an unreadable question is 400. */
export function whohadRoute(app: FastifyInstance, deps: WhohadDeps): void {
  app.get<{ Querystring: Query; Reply: AnswerJson }>(
    '/v1/whohad',
    {
      schema: {
        operationId: 'whohad',
        summary: 'What application had this IP, at this time, in this routing domain?',
        tags: ['questions'],
        querystring: QuerySchema,
        response: { 200: AnswerSchema, ...problemResponses(400, 503) },
      },
    },
    async (request, reply) => {
      const { as_of, ...asked } = request.query
      const answering = answeringFor(deps.access.readerOf(request), deps)
      const nowMs = deps.clock.now()
      reply.header('cache-control', 'no-store')
      const asOfMs = as_of === undefined ? undefined : asOfMsOf(as_of, nowMs)
      const { nowMs: askedMs, ...question } = questionOf(asked, asOfMs ?? nowMs, answering.decide)
      noteLookUp(request, { domain: question.domain, addresses: () => 1 })
      if (asOfMs === undefined) return answerJson(await answering.ask({ ...question, nowMs: askedMs }))
      return answerJson(await answering.askAsOf(question, asOfMs), asOfMs)
    },
  )
}
