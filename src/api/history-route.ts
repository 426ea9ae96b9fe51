import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import type { Millis, Window } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Access } from './access.ts'
import { instantJson, partJson, windowJson } from './answer-json.ts'
import { InstantOrNull, PartSchema, WindowSchema } from './answer-schema.ts'
import { type AnsweringDeps, answeringFor } from './answering.ts'
import { asOfMsOf, windowOf } from './asked.ts'
import { ClaimSchema, claimJson } from './claim-json.ts'
import { claimsOn } from './claims-on.ts'
import { asOfText, shortText, wholeOf, wholeText } from './parameters.ts'
import { parseAddressText, parseDomain } from './question.ts'
import { problemResponses } from './responses.ts'
import { noteLookUp } from './security/audit.ts'

const MOST_CLAIMS = 1000

const QuerySchema = Type.Object(
  {
    domain: shortText('routing domain; decided from the address where only one is possible'),
    from: shortText('first instant; by default the beginning of what is known of the address'),
    to: shortText('first instant after; by default now'),
    limit: wholeText(`most claims, by default 100, at most ${MOST_CLAIMS}; the newest are kept`),
    as_of: asOfText,
  },
  { additionalProperties: false },
)
const ParamsSchema = Type.Object({ ip: Type.String({ maxLength: 64, description: 'IPv4 or IPv6 address' }) })

export const HistorySchema = Type.Object(
  {
    ip: Type.String(),
    domain: Type.String(),
    during: WindowSchema,
    asOf: InstantOrNull,
    life: Type.Object(
      { parts: Type.Array(PartSchema), total: Type.Integer() },
      { additionalProperties: false, description: 'who had it, one after the other; the first hundred parts' },
    ),
    claims: Type.Array(ClaimSchema, { description: 'what the sources say, by when it begins' }),
    claimsTotal: Type.Integer(),
    watermark: InstantOrNull,
    final: Type.Boolean(),
  },
  { additionalProperties: false },
)

export type HistoryDeps = Omit<AnsweringDeps, 'index'> & {
  readonly index: Pick<OwnershipIndex, 'sources' | 'before'>
  readonly clock: Pick<Clock, 'now'>
  readonly access: Access
}

/** `GET /v1/ips/{ip}/history`: an address's life, with every window as a window. */
export function historyRoute(app: FastifyInstance, deps: HistoryDeps): void {
  app.get<{ Querystring: Static<typeof QuerySchema>; Params: Static<typeof ParamsSchema> }>(
    '/v1/ips/:ip/history',
    {
      schema: {
        operationId: 'addressHistory',
        summary: 'Who had an address, one after the other, and the claims that say so',
        tags: ['history'],
        params: ParamsSchema,
        querystring: QuerySchema,
        response: { 200: HistorySchema, ...problemResponses(400, 503) },
      },
    },
    async (request, reply) => {
      const reader = deps.access.readerOf(request)
      const answering = answeringFor(reader, deps)
      const clockMs = deps.clock.now()
      const ip = parseAddressText(request.params.ip)
      const { domain: named, from, to, limit, as_of } = request.query
      const asOfMs = as_of === undefined ? undefined : asOfMsOf(as_of, clockMs)
      const nowMs = asOfMs ?? clockMs
      const domain = named === undefined ? answering.decide(ip) : parseDomain(named)
      noteLookUp(request, { domain, addresses: () => 1 })
      const then = asOfMs === undefined ? undefined : await answering.knowAsOf(domain, [ip], asOfMs)
      const all = reader.readable(domain) ? claimsOn(then ?? deps.index, domain, ip, ALL_TIME) : []
      const window = from === undefined && to === undefined ? lifeOf(all, nowMs) : windowOf({ from, to }, nowMs)
      const claims = all.filter(({ start, end }) => start.earliestMs < window.untilMs && end.latestMs > window.fromMs)
      const answer = await (then ?? answering).ask({ ip, domain, ...window, nowMs })
      const { state, reason, holding, split } = answer
      const parts = split?.parts ?? [{ ...window, state, reason, holding } as Parameters<typeof partJson>[0]]
      reply.header('cache-control', 'no-store')
      return {
        ip,
        domain,
        during: windowJson(window),
        asOf: asOfMs === undefined ? null : instantJson(asOfMs),
        life: { parts: parts.map(partJson), total: split?.total ?? 1 },
        claims: claims.slice(-wholeOf(limit, 100, MOST_CLAIMS)).map(claimJson),
        claimsTotal: claims.length,
        watermark: answer.watermarkMs === null ? null : instantJson(answer.watermarkMs),
        final: answer.final,
      }
    },
  )
}

const ALL_TIME: Window = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY }
const DAY_MS = 86_400_000

/** From the first bound that is known of any claim until now; a day where nothing is known. */
function lifeOf(claims: ReturnType<typeof claimsOn>, nowMs: Millis): Window {
  const bounds = claims.flatMap(({ start, end }) => [start.earliestMs, start.latestMs, end.earliestMs, end.latestMs])
  const fromMs = Math.min(...bounds.filter(Number.isFinite))
  return { fromMs: fromMs < nowMs ? fromMs : nowMs - DAY_MS, untilMs: nowMs }
}
