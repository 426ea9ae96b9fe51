import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Ip } from '../ownership/address.ts'
import type { Answer } from '../ownership/answer.ts'
import type { Claim } from '../ownership/claim.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import { isHost } from '../ownership/prefix.ts'
import type { Window } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Access } from './access.ts'
import { windowJson } from './answer-json.ts'
import { ReasonSchema, StateSchema, WindowSchema } from './answer-schema.ts'
import { type Answering, type AnsweringDeps, answeringFor } from './answering.ts'
import { windowOf } from './asked.ts'
import { ClaimSchema, claimJson } from './claim-json.ts'
import { shortText, wholeOf, wholeText } from './parameters.ts'
import { parseDomain } from './question.ts'
import { problemResponses } from './responses.ts'
import { noteLookUp } from './security/audit.ts'

const MOST_ADDRESSES = 10_000

const QuerySchema = Type.Object(
  {
    at: shortText('an instant, by default now'),
    from: shortText('first instant of a span, instead of "at"'),
    to: shortText('first instant after the span'),
    domain: shortText('only this routing domain'),
    limit: wholeText(`most addresses in the reply, by default 1000, at most ${MOST_ADDRESSES}`),
    after: shortText('the "next" of the page before'),
  },
  { additionalProperties: false },
)
const ParamsSchema = Type.Object({ app: Type.String({ minLength: 1, maxLength: 128, description: 'application' }) })

const AddressSchema = Type.Object(
  {
    claim: ClaimSchema,
    state: Type.Union([StateSchema, Type.Null()], {
      description:
        'how a question about the address and the time is answered; null for a block, and for some ports only',
    }),
    reason: Type.Union([ReasonSchema, Type.Null()]),
    owned: Type.Boolean({ description: 'the application surely had it over all of the time' }),
  },
  { additionalProperties: false },
)
export const AppAddressesSchema = Type.Object(
  {
    application: Type.String(),
    during: WindowSchema,
    addresses: Type.Array(AddressSchema),
    next: Type.Union([Type.String(), Type.Null()], { description: 'for "after"; null at the end' }),
  },
  { additionalProperties: false },
)

export type AppAddressesDeps = Omit<AnsweringDeps, 'index'> & {
  readonly index: Pick<OwnershipIndex, 'sources' | 'claimsOfApplication'>
  readonly clock: Pick<Clock, 'now'>
  readonly access: Access
}

/** `GET /v1/apps/{app}/addresses`: what an application held, or may have held, at a time or over a span. */
export function appAddressesRoute(app: FastifyInstance, deps: AppAddressesDeps): void {
  app.get<{ Querystring: Static<typeof QuerySchema>; Params: Static<typeof ParamsSchema> }>(
    '/v1/apps/:app/addresses',
    {
      schema: {
        operationId: 'addressesOfApplication',
        summary: 'Which addresses an application had, or may have had',
        tags: ['history'],
        params: ParamsSchema,
        querystring: QuerySchema,
        response: { 200: AppAddressesSchema, ...problemResponses(400, 503) },
      },
    },
    async (request, reply) => {
      deps.refuseWhileReplaying()
      const { domain: named, limit, after, ...time } = request.query
      const nowMs = deps.clock.now()
      const window = windowOf(time, nowMs)
      const domain = named === undefined ? undefined : parseDomain(named)
      const reader = deps.access.readerOf(request)
      const answering = answeringFor(reader, deps)
      const most = wholeOf(limit, 1000, MOST_ADDRESSES)
      const found: Claim[] = []
      let isBehind = after === undefined
      for (const claim of deps.index.claimsOfApplication(request.params.app)) {
        if (claim === undefined) await setImmediate()
        else if (!isBehind) isBehind = claim.id === after && reader.readable(claim.domain)
        else if ((domain ?? claim.domain) === claim.domain && reader.readable(claim.domain) && touches(claim, window)) {
          found.push(claim)
          if (found.length > most) break
        }
      }
      const shown = found.slice(0, most)
      noteLookUp(request, { domain: domain ?? null, addresses: () => shown.length })
      reply.header('cache-control', 'no-store')
      return {
        application: request.params.app,
        during: windowJson(window),
        addresses: await Promise.all(
          shown.map(claim => addressJson(claim, window, answering, nowMs, request.params.app)),
        ),
        next: found.length > most ? (shown.at(-1)?.id ?? null) : null,
      }
    },
  )
}

const touches = ({ start, end }: Claim, { fromMs, untilMs }: Window): boolean =>
  start.earliestMs < untilMs && end.latestMs > fromMs

async function addressJson(claim: Claim, window: Window, answering: Answering, nowMs: number, application: string) {
  const answer = await answerAbout(claim, window, answering, nowMs)
  return {
    claim: claimJson(claim),
    state: answer?.state ?? null,
    reason: answer?.reason ?? null,
    owned: answer?.holding?.owner.application === application,
  }
}

function answerAbout(
  { domain, prefix, ports }: Claim,
  window: Window,
  answering: Answering,
  nowMs: number,
): Answer | Promise<Answer> | undefined {
  if (!isHost(prefix) || ports !== null) return undefined
  // A host prefix is an address and its length.
  return answering.ask({ domain, ip: prefix.slice(0, prefix.indexOf('/')) as Ip, ...window, nowMs })
}
