import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import type { Clock } from '../runtime/clock.ts'
import type { Access } from './access.ts'
import { AnswerSchema } from './answer-schema.ts'
import { answerText } from './answer-text.ts'
import { type AnsweringDeps, answeringFor } from './answering.ts'
import { asOfMsOf, questionOf } from './asked.ts'
import { QuestionQuerySchema } from './parameters.ts'
import { problemResponses } from './responses.ts'
import { noteLookUp } from './security/audit.ts'
import { endOfTurn } from './turn.ts'

type Query = Static<typeof QuestionQuerySchema>

export type WhohadDeps = AnsweringDeps & { readonly clock: Pick<Clock, 'now'>; readonly access: Access }

/** `GET /v1/whohad`: 200 whatever the answer's state; an unreadable question is 400. */
export function whohadRoute(app: FastifyInstance, deps: WhohadDeps): void {
  app.get<{ Querystring: Query; Reply: string }>(
    '/v1/whohad',
    {
      schema: {
        operationId: 'whohad',
        summary: 'What application had this IP, at this time, in this routing domain?',
        tags: ['questions'],
        querystring: QuestionQuerySchema,
        response: { 200: AnswerSchema, ...problemResponses(400, 503) },
      },
    },
    async (request, reply) => {
      const { as_of, ...asked } = request.query
      const answering = answeringFor(deps.access.readerOf(request), deps)
      const nowMs = deps.clock.now()
      reply.header('cache-control', 'no-store').type('application/json; charset=utf-8')
      const asOfMs = as_of === undefined ? undefined : asOfMsOf(as_of, nowMs)
      const question = questionOf(asked, asOfMs ?? nowMs, answering.decide)
      noteLookUp(request, { domain: question.domain, addresses: () => 1 })
      if (asOfMs === undefined) {
        await endOfTurn()
        return answerText(await answering.ask(question))
      }
      const then = await answering.knowAsOf(question.domain, [question.ip], asOfMs)
      return answerText(then.ask(question), asOfMs)
    },
  )
}
