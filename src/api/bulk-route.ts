import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { SourceView } from '../ownership/source-view.ts'
import type { Millis } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import { type Access, type Reader, readableSources } from './access.ts'
import { AnswerSchema } from './answer-schema.ts'
import { type AnsweringDeps, answeringFor } from './answering.ts'
import { asOfMsOf } from './asked.ts'
import { answersAsOf } from './bulk/as-of-answers.ts'
import { BriefSchema } from './bulk/brief.ts'
import { type BulkForm, bulkFormOf, CSV, JSON_TYPE, NDJSON } from './bulk/bulk-form.ts'
import { DecidedDomains } from './bulk/deciding.ts'
import { LinePieces } from './bulk/line-pieces.ts'
import { ManyLookUps } from './bulk/look-ups.ts'
import type { Generate } from './bulk/shared-generation.ts'
import { asOfText, shortText } from './parameters.ts'
import { type ApiReport, brokenOff } from './report.ts'
import { problemResponses } from './responses.ts'
import { noteLookUp } from './security/audit.ts'
import { type AnswersTo, inTurn, Streams, withRawBodies } from './streaming.ts'
import type { AnswerThreads } from './threads/answer-threads.ts'
import { longAnswers } from './threads/long-answers.ts'
import { longTextOf } from './threads/long-text.ts'

const QuerySchema = Type.Object(
  {
    at: shortText('time of questions that name none'),
    domain: shortText('routing domain of questions that name none'),
    as_of: asOfText,
    view: Type.Optional(
      Type.Enum(['full', 'brief'], { description: 'how much JSON answers say; CSV is always brief' }),
    ),
  },
  { additionalProperties: false },
)
type Query = Static<typeof QuerySchema>

export type BulkDeps = AnsweringDeps & {
  readonly generation: Generate
  readonly clock: Pick<Clock, 'now'>
  readonly access: Access
  readonly report: ApiReport
  /** For what is long, closed with the app; left out where the main thread answers all. */
  readonly threads?: AnswerThreads | undefined
}

const MOST_AT_ONCE = 8

const QuestionSchema = Type.Union([
  Type.String({ description: 'the question as people write it' }),
  Type.Object({
    q: Type.Optional(Type.String()),
    ip: Type.Optional(Type.String()),
    at: Type.Optional(Type.Union([Type.String(), Type.Number()])),
    domain: Type.Optional(Type.String()),
    port: Type.Optional(Type.Union([Type.String(), Type.Number()])),
    from: Type.Optional(Type.Union([Type.String(), Type.Number()])),
    to: Type.Optional(Type.Union([Type.String(), Type.Number()])),
  }),
])
const LineSchema = Type.Union([
  AnswerSchema,
  BriefSchema,
  Type.Object({ error: Type.Object({ code: Type.String(), detail: Type.String() }) }),
])

const content = (line: typeof LineSchema | typeof QuestionSchema) => ({
  [NDJSON]: { schema: line },
  [JSON_TYPE]: { schema: Type.Array(line) },
  [CSV]: { schema: Type.String() },
})

/** For the description of the API: the route reads its body itself. */
export const BULK_BODY = { required: true, content: content(QuestionSchema) }

/** `POST /v1/whohad`: any number of questions, answered in their order as they come, all as of one moment. */
export function bulkRoute(app: FastifyInstance, deps: BulkDeps): void {
  const streams = new Streams({ most: MOST_AT_ONCE, onBroken: brokenOff(deps.report) })
  withRawBodies(app, scope =>
    scope.post<{ Querystring: Query }>(
      '/v1/whohad',
      {
        schema: {
          operationId: 'whohadMany',
          summary: 'Many questions at once, as lines of JSON, a JSON array or CSV; answered in the same form and order',
          tags: ['questions'],
          consumes: [NDJSON, JSON_TYPE, CSV],
          querystring: QuerySchema,
          response: {
            200: { description: 'an answer or an error for each question', content: content(LineSchema) },
            ...problemResponses(400, 503),
          },
        },
      },
      (request, reply) => {
        const reader = deps.access.readerOf(request)
        const { as_of, view = 'full', ...given } = request.query
        const nowMs = deps.clock.now()
        const sources = readableSources(deps.index.sources(), reader)
        const form = bulkFormOf(request.headers['content-type'], new DecidedDomains(sources), { ...given, view })
        const { lookUps, answersTo } =
          as_of === undefined
            ? answersNow(form, { reader, sources, nowMs }, deps)
            : answersThen(form, { reader, asOfMs: asOfMsOf(as_of, nowMs) }, deps)
        noteLookUp(request, { domain: given.domain ?? null, addresses: () => lookUps.asked })
        return streams.send(request, reply, form.type, answersTo)
      },
    ),
  )
}

type Answering = { readonly lookUps: ManyLookUps; readonly answersTo: AnswersTo }

function answersNow(
  { linesOf, transformOf }: BulkForm,
  asked: { readonly reader: Reader; readonly sources: readonly SourceView[]; readonly nowMs: Millis },
  { generation, threads }: BulkDeps,
): Answering {
  const lookUps = new ManyLookUps(generation(), asked.reader, asked.nowMs)
  if (linesOf === undefined) return { lookUps, answersTo: inTurn(transformOf(lookUps)) }
  const text = longTextOf(linesOf(lookUps), { ...asked, lookUps, cutter: new LinePieces() })
  return { lookUps, answersTo: body => longAnswers(body, text, threads) }
}

/** In this thread alone: what was known then is looked out of the store, piece by piece. */
function answersThen(
  { transformOf }: BulkForm,
  asked: { readonly reader: Reader; readonly asOfMs: Millis },
  deps: BulkDeps,
): Answering {
  const { lookUps, transform } = answersAsOf({ ...answeringFor(asked.reader, deps), ...asked }, transformOf)
  return { lookUps, answersTo: inTurn(transform) }
}
