import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { readableSources } from './access.ts'
import { Annotator, type AnnotatorOptions } from './annotate/annotator.ts'
import { TextPieces } from './annotate/text-pieces.ts'
import { windowOf } from './asked.ts'
import { DecidedDomains } from './bulk/deciding.ts'
import { ManyLookUps } from './bulk/look-ups.ts'
import type { BulkDeps } from './bulk-route.ts'
import { questionErrors } from './errors.ts'
import { excerpt } from './excerpt.ts'
import { shortText } from './parameters.ts'
import { parseDomain } from './question.ts'
import { brokenOff } from './report.ts'
import { problemResponses } from './responses.ts'
import { noteLookUp } from './security/audit.ts'
import { Streams, withRawBodies } from './streaming.ts'
import { longAnswers } from './threads/long-answers.ts'
import { type LinesHere, longTextOf } from './threads/long-text.ts'

const MOST_AT_ONCE = 8

const QuerySchema = Type.Object(
  {
    at: shortText('time of lines that carry none; by default now'),
    domain: shortText('routing domain of every address; decided for each where it is left out'),
    zone: shortText('how far stamps without a zone are ahead of UTC, like +02:00; by default not at all'),
  },
  { additionalProperties: false },
)

/** `POST /v1/annotate`: any text, and the same text with owners. */
export function annotateRoute(app: FastifyInstance, deps: BulkDeps): void {
  const streams = new Streams({ most: MOST_AT_ONCE, onBroken: brokenOff(deps.report) })
  withRawBodies(app, scope =>
    scope.post<{ Querystring: Static<typeof QuerySchema> }>(
      '/v1/annotate',
      {
        schema: {
          operationId: 'annotate',
          summary: 'Any text, the same out with each address followed by its owner as of the time of its line',
          tags: ['questions'],
          consumes: ['text/plain'],
          querystring: QuerySchema,
          response: {
            200: { description: 'the text', content: { 'text/plain': { schema: Type.String() } } },
            ...problemResponses(400, 503),
          },
        },
      },
      (request, reply) => {
        const { at, domain, zone } = request.query
        const reader = deps.access.readerOf(request)
        const nowMs = deps.clock.now()
        const lookUps = new ManyLookUps(deps.generation(), reader, nowMs)
        noteLookUp(request, { domain: domain ?? null, addresses: () => lookUps.asked })
        const sources = readableSources(deps.index.sources(), reader)
        const options: AnnotatorOptions = {
          at: windowOf({ at }, nowMs),
          domain: domain === undefined ? undefined : parseDomain(domain),
          zoneMs: zone === undefined ? 0 : parseZone(zone),
        }
        const here = new Annotator(lookUps, new DecidedDomains(sources), options)
        const lines: LinesHere = { here, form: () => ({ kind: 'text', options }) }
        const text = longTextOf(lines, { reader, lookUps, sources, cutter: new TextPieces() })
        return streams.send(request, reply, 'text/plain; charset=utf-8', body => longAnswers(body, text, deps.threads))
      },
    ),
  )
}

/** @throws WHOHAD_ZONE_MALFORMED */
export function parseZone(text: string): number {
  const [, sign, hours, minutes = '00'] = /^\s*([+-]?)(\d\d):?(\d\d)?$/.exec(text) ?? []
  if (text.trim().toUpperCase() === 'Z') return 0
  if (hours === undefined || Number(hours) > 14 || Number(minutes) > 59) {
    throw questionErrors.zoneMalformed({ text: excerpt(text) })
  }
  const aheadMs = (Number(hours) * 60 + Number(minutes)) * 60_000
  return sign === '-' ? -aheadMs : aheadMs
}
