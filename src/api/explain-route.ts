import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Access } from './access.ts'
import { answerJson, instantJson, windowJson } from './answer-json.ts'
import { AnswerSchema, InstantOrNull, ReasonSchema, WindowSchema } from './answer-schema.ts'
import { type AnsweringDeps, answeringFor } from './answering.ts'
import { asOfMsOf, questionOf } from './asked.ts'
import { ClaimSchema, claimJson } from './claim-json.ts'
import { claimsOn } from './claims-on.ts'
import { explain } from './explain/explain.ts'
import { QuestionQuerySchema } from './parameters.ts'
import { problemResponses } from './responses.ts'
import { noteLookUp } from './security/audit.ts'

const closed = { additionalProperties: false } as const

/** So many competing claims are listed. */
const MOST_CLAIMS = 1000

export const ExplanationSchema = Type.Object(
  {
    answer: AnswerSchema,
    rule: Type.Object({ reason: ReasonSchema, text: Type.String() }, closed),
    timeline: Type.Array(
      Type.Object(
        {
          role: Type.Enum(['owner', 'candidate', 'under', 'service', 'no-say']),
          possible: WindowSchema,
          certain: Type.Union([WindowSchema, Type.Null()]),
          claim: ClaimSchema,
        },
        closed,
      ),
      { maxItems: MOST_CLAIMS, description: 'every claim that may hold the address at that time' },
    ),
    polls: Type.Array(
      Type.Object(
        {
          source: Type.String(),
          completeBefore: InstantOrNull,
          completeAfter: InstantOrNull,
          longestGapMs: Type.Union([Type.Integer(), Type.Null()]),
        },
        closed,
      ),
      { description: 'what the sources of these claims had polled around that time' },
    ),
    words: Type.Array(Type.String(), { description: 'the same in sentences' }),
  },
  closed,
)

export type ExplainDeps = Omit<AnsweringDeps, 'index'> & {
  readonly index: Pick<OwnershipIndex, 'sources' | 'before'>
  readonly clock: Pick<Clock, 'now'>
  readonly access: Access
}

/** `GET /v1/explain`: a question as `GET /v1/whohad` takes it, and why its answer is what it is. */
export function explainRoute(app: FastifyInstance, deps: ExplainDeps): void {
  app.get<{ Querystring: Static<typeof QuestionQuerySchema> }>(
    '/v1/explain',
    {
      schema: {
        operationId: 'explain',
        summary: 'Why an answer is what it is: the observations, the claims that compete, the rule',
        tags: ['questions'],
        querystring: QuestionQuerySchema,
        response: { 200: ExplanationSchema, ...problemResponses(400, 503) },
      },
    },
    async (request, reply) => {
      const reader = deps.access.readerOf(request)
      const answering = answeringFor(reader, deps)
      const { as_of, ...asked } = request.query
      const nowMs = deps.clock.now()
      const asOfMs = as_of === undefined ? undefined : asOfMsOf(as_of, nowMs)
      const question = questionOf(asked, asOfMs ?? nowMs, answering.decide)
      noteLookUp(request, { domain: question.domain, addresses: () => 1 })
      const then = asOfMs === undefined ? undefined : await answering.knowAsOf(question.domain, [question.ip], asOfMs)
      const answer = await (then ?? answering).ask(question)
      const index = then ?? deps.index
      const claims = reader.readable(question.domain)
        ? claimsOn(index, question.domain, question.ip, question).slice(0, MOST_CLAIMS)
        : []
      const known = index.before()
      const { timeline, polls, rule, words } = explain(answer, claims, source => known.historyOf(source))
      reply.header('cache-control', 'no-store')
      return {
        answer: answerJson(answer, asOfMs),
        rule,
        timeline: timeline.map(({ role, possible, certain, claim }) => ({
          role,
          possible: windowJson(possible),
          certain: certain && windowJson(certain),
          claim: claimJson(claim),
        })),
        polls: polls.map(({ source, beforeMs, afterMs, longestGapMs }) => ({
          source,
          completeBefore: beforeMs === null ? null : instantJson(beforeMs),
          completeAfter: afterMs === null ? null : instantJson(afterMs),
          longestGapMs: Number.isFinite(longestGapMs) ? longestGapMs : null,
        })),
        words: [...words],
      }
    },
  )
}
