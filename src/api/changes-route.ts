import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import type { ChangeLog, Position } from '../changestream/port.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Access } from './access.ts'
import { ChangeView, changeJson } from './changes/change-view.ts'
import { parsePosition, positionText } from './changes/position.ts'
import { follow, readPage } from './changes/read.ts'
import { apiErrors } from './errors.ts'
import { shortText, wholeOf, wholeText } from './parameters.ts'
import { problemResponses } from './responses.ts'
import { parseTime } from './time.ts'

const MOST_CHANGES = 10_000
const MOST_FOLLOWERS = 64
const BEAT_MS = 15_000
const EVENT_STREAM = 'text/event-stream'

const QuerySchema = Type.Object(
  {
    position: Type.Optional(
      Type.String({ maxLength: 1024, description: 'a "next" or an event id that was told before' }),
    ),
    since: shortText('only what was logged from then on, by the log’s clock'),
    domain: shortText('only this routing domain, with the polls of the sources that watch it'),
    source: shortText('only this source'),
    app: shortText('only claims with an owner of this application'),
    record: Type.Optional(Type.Enum(['claim', 'progress', 'source', 'horizon'])),
    limit: wholeText(`most changes of a page, by default 1000, at most ${MOST_CHANGES}`),
  },
  { additionalProperties: false },
)
type Query = Static<typeof QuerySchema>

const PageSchema = Type.Object(
  {
    changes: Type.Array(
      Type.Object(
        { partition: Type.Integer(), offset: Type.Integer(), loggedAt: Type.String(), record: Type.String() },
        { additionalProperties: true, description: 'with the fields of its Avro schema' },
      ),
    ),
    next: Type.String({ description: 'for "position", or as Last-Event-ID of a live reading' }),
    end: Type.Boolean({ description: 'all that the stream held was read' }),
  },
  { additionalProperties: false },
)

export type ChangesDeps = {
  readonly log: Pick<ChangeLog, 'read' | 'end' | 'partitions'>
  readonly index: Pick<OwnershipIndex, 'sources'>
  readonly clock: Clock
  readonly access: Access
}

/** `GET /v1/changes`: a page of the change stream, or what comes, as server-sent events. */
export function changesRoute(app: FastifyInstance, deps: ChangesDeps): void {
  const followers = new Set<AbortController>()
  app.addHook('preClose', async () => {
    for (const follower of followers) follower.abort()
  })
  app.get<{ Querystring: Query }>(
    '/v1/changes',
    {
      schema: {
        operationId: 'changes',
        summary: 'The change stream: a page of it, or live as server-sent events (Accept: text/event-stream)',
        tags: ['history'],
        querystring: QuerySchema,
        response: {
          200: {
            description: 'a page, or events',
            content: { 'application/json': { schema: PageSchema }, [EVENT_STREAM]: { schema: Type.String() } },
          },
          ...problemResponses(400, 503),
        },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      return wantsEvents(request) ? sendEvents(request, reply, deps, followers) : pageOf(request, deps)
    },
  )
}

const wantsEvents = ({ headers }: FastifyRequest): boolean => (headers.accept ?? '').includes(EVENT_STREAM)

function viewOf(request: FastifyRequest<{ Querystring: Query }>, { access, clock, index }: ChangesDeps): ChangeView {
  const { since, domain, source, app, record } = request.query
  const sinceMs = since === undefined ? undefined : parseTime(since, clock.now())
  return new ChangeView(access.readerOf(request), { sinceMs, domain, source, application: app, record }, () =>
    index.sources(),
  )
}

async function pageOf(request: FastifyRequest<{ Querystring: Query }>, deps: ChangesDeps) {
  const { position, limit } = request.query
  const end = await deps.log.end()
  const from = position === undefined ? end.map(() => 0) : parsePosition(position, end)
  const page = await readPage(deps.log, from, viewOf(request, deps), wholeOf(limit, 1000, MOST_CHANGES))
  return {
    changes: page.changes.map(({ change, logged }) => ({ ...changeJson(change, logged), record: change.record })),
    next: positionText(page.next),
    end: page.isEnd,
  }
}

async function sendEvents(
  request: FastifyRequest<{ Querystring: Query }>,
  reply: FastifyReply,
  deps: ChangesDeps,
  followers: Set<AbortController>,
): Promise<FastifyReply> {
  const view = viewOf(request, deps)
  const from = await startOf(request, deps)
  if (followers.size >= MOST_FOLLOWERS) throw apiErrors.tooManyStreams({ most: MOST_FOLLOWERS })
  const stopping = new AbortController()
  followers.add(stopping)
  reply.raw.once('close', () => {
    followers.delete(stopping)
    stopping.abort()
  })
  const { log, clock } = deps
  const events = eventsOf(follow(log, from, view, { clock, beatMs: BEAT_MS, signal: stopping.signal }), from)
  return reply.type(EVENT_STREAM).send(Readable.from(events, { objectMode: false }))
}

/** After what the client has, from the beginning where it wants what was since a time, else from now on. */
async function startOf(request: FastifyRequest<{ Querystring: Query }>, { log }: ChangesDeps): Promise<Position> {
  const end = await log.end()
  const last = request.headers['last-event-id']
  const told = (typeof last === 'string' && last !== '' ? last : undefined) ?? request.query.position
  if (told !== undefined) return parsePosition(told, end)
  return request.query.since === undefined ? end : end.map(() => 0)
}

async function* eventsOf(found: ReturnType<typeof follow>, from: Position): AsyncGenerator<string> {
  yield `retry: 2000\nid: ${positionText(from)}\n\n`
  for await (const { seen, position } of found) {
    // An id alone makes no event, and still is what a client resumes by.
    if (seen === undefined) yield `id: ${positionText(position)}\n\n`
    else {
      const { change, logged } = seen
      yield `id: ${positionText(position)}\nevent: ${change.record}\ndata: ${JSON.stringify(changeJson(change, logged))}\n\n`
    }
  }
}
