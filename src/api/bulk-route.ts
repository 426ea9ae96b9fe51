import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Clock } from '../runtime/clock.ts'
import { type Access, readableSources } from './access.ts'
import { AnswerSchema } from './answer-schema.ts'
import { type AnsweringDeps, answeringFor } from './answering.ts'
import { asOfMsOf } from './asked.ts'
import { answersAsOf } from './bulk/as-of-answers.ts'
import { BriefSchema } from './bulk/brief.ts'
import { CsvAnswers } from './bulk/csv-answers.ts'
import { DecidedDomains } from './bulk/deciding.ts'
import { JsonAnswers } from './bulk/json-answers.ts'
import { JsonArray } from './bulk/json-array.ts'
import { ManyLookUps } from './bulk/look-ups.ts'
import { ndjsonTransform } from './bulk/ndjson.ts'
import type { Generate } from './bulk/shared-generation.ts'
import type { BulkTransform } from './bulk/transform.ts'
import { apiErrors } from './errors.ts'
import { excerpt } from './excerpt.ts'
import { asOfText, shortText } from './parameters.ts'
import { type ApiReport, brokenOff } from './report.ts'
import { problemResponses } from './responses.ts'
import { noteLookUp } from './security/audit.ts'
import { Streams, withRawBodies } from './streaming.ts'

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
}

const NDJSON = 'application/x-ndjson'
const JSON_TYPE = 'application/json'
const CSV = 'text/csv'
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
        const { as_of, ...defaults } = request.query
        const nowMs = deps.clock.now()
        const decided = new DecidedDomains(readableSources(deps.index.sources(), reader))
        const { type, transformOf } = formOf(request.headers['content-type'], decided, defaults)
        const { lookUps, transform } =
          as_of === undefined
            ? answersNow(new ManyLookUps(deps.generation(), reader, nowMs), transformOf)
            : answersAsOf({ ...answeringFor(reader, deps), reader, asOfMs: asOfMsOf(as_of, nowMs) }, transformOf)
        noteLookUp(request, { domain: defaults.domain ?? null, addresses: () => lookUps.asked })
        return streams.send(request, reply, type, transform)
      },
    ),
  )
}

const answersNow = (lookUps: ManyLookUps, transformOf: (lookUps: ManyLookUps) => BulkTransform) => ({
  lookUps,
  transform: transformOf(lookUps),
})

function formOf(
  contentType: string | undefined,
  decided: DecidedDomains,
  { view = 'full', ...given }: Omit<Query, 'as_of'>,
): { readonly type: string; readonly transformOf: (lookUps: ManyLookUps) => BulkTransform } {
  const [name = ''] = (contentType ?? '').split(';')
  const defaults = { ...given, view }
  const json = (lookUps: ManyLookUps) => new JsonAnswers(lookUps, decided, defaults)
  switch (name.trim().toLowerCase()) {
    case NDJSON:
    case 'application/ndjson':
    case 'application/jsonl':
      return { type: NDJSON, transformOf: lookUps => ndjsonTransform(json(lookUps)) }
    case JSON_TYPE:
      return { type: `${JSON_TYPE}; charset=utf-8`, transformOf: lookUps => new JsonArray(json(lookUps)) }
    case CSV:
      return { type: `${CSV}; charset=utf-8`, transformOf: lookUps => new CsvAnswers(lookUps, decided, defaults) }
    default:
      throw apiErrors.bulkInputMalformed({ reason: `its content type is "${excerpt(name)}"` })
  }
}
