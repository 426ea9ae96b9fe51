import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { isPublicDomain } from '../ownership/domains.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Store } from '../store/port.ts'
import type { Access } from './access.ts'
import { windowJson } from './answer-json.ts'
import { StateSchema, WindowSchema } from './answer-schema.ts'
import { windowOf } from './asked.ts'
import { collapsed, type Edge, type Graph, graphOf } from './graph/graph.ts'
import { csvOf, dotOf, mermaidOf, titleOf } from './graph/render.ts'
import { shortText, wholeOf, wholeText } from './parameters.ts'
import { problemResponses } from './responses.ts'

const MOST_EDGES = 10_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

const QuerySchema = Type.Object(
  {
    at: shortText('the minute that holds this instant'),
    from: shortText('first instant; by default an hour ago'),
    to: shortText('first instant after; by default now'),
    by: Type.Optional(
      Type.Enum(['app', 'cluster', 'account', 'zone'], { description: 'what a node is, by default app' }),
    ),
    direction: Type.Optional(
      Type.Enum(['ingress', 'egress'], {
        description:
          'only records of the interfaces that received, or sent; without it, what both ends recorded counts twice',
      }),
    ),
    collapse: Type.Optional(
      Type.Enum(['true', 'false'], { description: 'join those on both sides of NAT gateways and load balancers' }),
    ),
    format: Type.Optional(Type.Enum(['json', 'csv', 'dot', 'mermaid'])),
    limit: wholeText(`most edges, by default 1000, at most ${MOST_EDGES}; those with the most bytes are kept`),
  },
  { additionalProperties: false },
)
type Query = Static<typeof QuerySchema>

const closed = { additionalProperties: false } as const
const count = Type.Integer({ minimum: 0 })
const EdgeSchema = Type.Object(
  {
    source: Type.String(),
    destination: Type.String(),
    via: Type.Union([Type.String(), Type.Null()], {
      description: 'the gateway or balancer that was taken out; the sums are then the most that they may be',
    }),
    flows: count,
    bytes: count,
    packets: count,
    rejectedFlows: count,
    rejectedBytes: count,
  },
  closed,
)
export const GraphSchema = Type.Object(
  {
    during: WindowSchema,
    by: Type.Enum(['app', 'cluster', 'account', 'zone']),
    nodes: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          title: Type.String(),
          state: StateSchema,
          name: Type.Union([Type.String(), Type.Null()]),
          intermediary: Type.Boolean(),
        },
        closed,
      ),
    ),
    edges: Type.Array(EdgeSchema),
    hops: Type.Union([Type.Array(EdgeSchema), Type.Null()], {
      description: 'the edges as they were recorded, where they were collapsed',
    }),
    complete: Type.Boolean({ description: 'false where there are more edges than were asked for' }),
  },
  closed,
)

export type GraphDeps = {
  readonly store: Pick<Store, 'traffic'>
  readonly clock: Pick<Clock, 'now'>
  readonly access: Access
}

const TYPES = {
  csv: 'text/csv; charset=utf-8',
  dot: 'text/vnd.graphviz; charset=utf-8',
  mermaid: 'text/vnd.mermaid; charset=utf-8',
} as const

/** `GET /v1/graph`: who sends to whom, what nobody owns or knows included. */
export function graphRoute(app: FastifyInstance, { store, clock, access }: GraphDeps): void {
  app.get<{ Querystring: Query }>(
    '/v1/graph',
    {
      schema: {
        operationId: 'graph',
        summary: 'Who sends to whom at a time, from the flow logs',
        tags: ['flows'],
        querystring: QuerySchema,
        response: {
          200: {
            description: 'the graph',
            content: {
              'application/json': { schema: GraphSchema },
              ...Object.fromEntries(Object.values(TYPES).map(type => [type, { schema: Type.String() }])),
            },
          },
          ...problemResponses(400, 503),
        },
      },
    },
    async (request, reply) => {
      const { by = 'app', direction, format = 'json', collapse = 'false', limit } = request.query
      const window = minutesOf(request.query, clock.now())
      const most = wholeOf(limit, 1000, MOST_EDGES)
      const withMiddles = collapse === 'true'
      const reader = access.readerOf(request)
      // Asked of the store itself: what is hidden must neither take up the limit nor show in "complete".
      const domains = reader.domains?.filter(domain => !isPublicDomain(domain))
      const traffic = await store.traffic({ ...window, by, direction, withMiddles, domains, most: most + 1 })
      const raw = graphOf(traffic.slice(0, most), reader)
      const graph = withMiddles ? collapsed(raw) : raw
      reply.header('cache-control', 'no-store')
      if (format !== 'json') return reply.type(TYPES[format]).send(rendered(format, graph))
      return {
        during: windowJson(window),
        by,
        nodes: graph.nodes.map(node => ({
          id: node.id,
          title: titleOf(node),
          state: node.state,
          name: node.name || null,
          intermediary: node.isMiddle,
        })),
        edges: graph.edges.map(edgeJson),
        hops: withMiddles ? raw.edges.map(edgeJson) : null,
        complete: traffic.length <= most,
      }
    },
  )
}

const edgeJson = (edge: Edge) => ({ ...edge })

function minutesOf({ at, from, to }: Query, nowMs: number) {
  if (at !== undefined) {
    const { fromMs } = windowOf({ at, from, to }, nowMs)
    const minuteMs = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS
    return { fromMs: minuteMs, untilMs: minuteMs + MINUTE_MS }
  }
  if (from === undefined && to === undefined) return { fromMs: nowMs - HOUR_MS, untilMs: nowMs }
  return windowOf({ from, to: to ?? 'now' }, nowMs)
}

function rendered(format: keyof typeof TYPES, graph: Graph): string {
  switch (format) {
    case 'csv':
      return csvOf(graph)
    case 'dot':
      return dotOf(graph)
    case 'mermaid':
      return mermaidOf(graph)
  }
}
