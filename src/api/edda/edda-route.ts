import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import type { OwnershipIndex } from '../../ownership/ownership-index.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Access } from '../access.ts'
import { type AnsweringDeps, answeringFor } from '../answering.ts'
import { parseAddressText } from '../question.ts'
import { problemResponses } from '../responses.ts'
import { noteLookUp } from '../security/audit.ts'
import { addressAt, addressRevisions } from './addresses.ts'
import { linesOf, type Revision } from './documents.ts'
import { eddaErrors } from './errors.ts'
import { type MatrixArguments, matrixArguments } from './matrix.ts'
import { claimsHeldBy, documentOfOwner, revisionsOfOwner } from './owners.ts'
import { unifiedDiff } from './unified-diff.ts'

const ParamsSchema = Type.Object({
  collection: Type.Enum(['addresses', 'owners']),
  id: Type.String({
    minLength: 1,
    maxLength: 128,
    description: 'an address or an application, and behind it arguments parted by ";": 10.1.2.3;_since=0;_all;_diff=2',
  }),
})

const RevisionSchema = Type.Object(
  {
    id: Type.String(),
    stime: Type.Integer({ description: 'Unix milliseconds' }),
    ltime: Type.Union([Type.Integer(), Type.Null()]),
    data: Type.Object({}, { additionalProperties: true }),
  },
  { additionalProperties: false, description: 'with _meta; without, its data alone' },
)
const Document = Type.Union([RevisionSchema, Type.Object({}, { additionalProperties: true })])

export type EddaDeps = Omit<AnsweringDeps, 'index'> & {
  readonly index: Pick<OwnershipIndex, 'sources' | 'claimsOfApplication'>
  readonly clock: Pick<Clock, 'now'>
  readonly access: Access
}

type Params = Static<typeof ParamsSchema>

/** `GET /api/v2/view/addresses/{ip}` and `…/owners/{application}`, asked as Edda was asked. */
export function eddaRoute(app: FastifyInstance, deps: EddaDeps): void {
  app.get<{ Params: Params }>(
    '/api/v2/view/:collection/:id',
    {
      schema: {
        operationId: 'eddaView',
        summary: 'An address or an application over time, with the arguments of Netflix Edda',
        tags: ['history'],
        params: ParamsSchema,
        response: {
          200: {
            description: 'the document, its revisions, or their differences',
            content: {
              'application/json': { schema: Type.Union([Document, Type.Array(Document)]) },
              'text/plain': { schema: Type.String() },
            },
          },
          ...problemResponses(400, 404, 410, 503),
        },
      },
    },
    async (request, reply) => {
      deps.refuseWhileReplaying()
      const asked = matrixArguments(request.params.id)
      reply.header('cache-control', 'no-store')
      return request.params.collection === 'addresses'
        ? aboutAddress(asked, request, reply, deps)
        : aboutOwner(asked, request, reply, deps)
    },
  )
}

async function aboutAddress(asked: MatrixArguments, request: FastifyRequest, reply: FastifyReply, deps: EddaDeps) {
  const answering = answeringFor(deps.access.readerOf(request), deps)
  const ip = parseAddressText(asked.id)
  const domain = asked.domain ?? answering.decide(ip)
  noteLookUp(request, { domain, addresses: () => 1 })
  const place = { ip, domain, nowMs: deps.clock.now() }
  if (asked.sinceMs === undefined && !asked.all)
    return one(reply, asked, await addressAt(place, asked.atMs, question => answering.ask(question)))
  const revisions = await addressRevisions(place, asked, question => answering.ask(question))
  return several(reply, asked, request, revisions)
}

async function aboutOwner(asked: MatrixArguments, request: FastifyRequest, reply: FastifyReply, deps: EddaDeps) {
  const reader = deps.access.readerOf(request)
  const nowMs = deps.clock.now()
  const isWanted = (domain: string) => reader.readable(domain) && (asked.domain ?? domain) === domain
  const claims = await claimsHeldBy(deps.index, asked.id, isWanted)
  noteLookUp(request, { domain: asked.domain ?? null, addresses: () => claims.length })
  if (claims.length === 0) throw eddaErrors.notFound({ id: asked.id, reason: 'no source has named it' })
  if (asked.sinceMs === undefined && !asked.all)
    return one(reply, asked, documentOfOwner(claims, asked.id, asked.atMs ?? nowMs))
  const { sinceMs = 0, untilMs = nowMs } = asked
  if (asked.diffContext === null) return several(reply, asked, request, revisionsOfOwner(claims, asked, nowMs))
  const ends = [untilMs, sinceMs].map(atMs => documentOfOwner(claims, asked.id, atMs, true))
  return several(reply, asked, request, ends)
}

const shown = <Document>(revision: Revision<Document>, { meta }: MatrixArguments) => (meta ? revision : revision.data)

function one<Document>(reply: FastifyReply, asked: MatrixArguments, revision: Revision<Document>) {
  if (asked.diffContext !== null) throw needsTwo()
  return json(reply, asked, shown(revision, asked))
}

/** Newest first. */
function several<Document>(
  reply: FastifyReply,
  asked: MatrixArguments,
  request: FastifyRequest,
  revisions: readonly Revision<Document>[],
) {
  const kept = revisions.slice(0, asked.limit)
  const { diffContext } = asked
  if (diffContext === null)
    return json(
      reply,
      asked,
      kept.map(revision => shown(revision, asked)),
    )
  if (kept.length < 2) throw needsTwo()
  const path = (request.url.split('?')[0] ?? '').split(';')[0] ?? ''
  const named = (revision: Revision<Document>) => ({
    name: `${path};_at=${revision.stime}`,
    lines: linesOf(shown(revision, asked)),
  })
  const differences = kept.flatMap((newer, at) => {
    const older = kept[at + 1]
    return older === undefined ? [] : [unifiedDiff(named(older), named(newer), diffContext)]
  })
  return reply.type('text/plain; charset=utf-8').send(differences.join(''))
}

const needsTwo = () =>
  eddaErrors.argumentRefused({ argument: '_diff', reason: 'it takes two revisions, with _since or _all' })

/** As text, past the serialiser: documents are of several kinds. */
const json = (reply: FastifyReply, { pretty }: MatrixArguments, value: unknown) =>
  reply.type('application/json; charset=utf-8').send(pretty ? JSON.stringify(value, dated, 2) : JSON.stringify(value))

const TIMES = new Set(['stime', 'ltime'])
const dated = (name: string, value: unknown): unknown =>
  TIMES.has(name) && typeof value === 'number' ? new Date(value).toISOString() : value
