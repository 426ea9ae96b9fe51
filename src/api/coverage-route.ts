import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { LAYERS } from '../ownership/claim.ts'
import type { OwnershipIndex, SourceView } from '../ownership/ownership-index.ts'
import type { Millis, Window } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import { type Access, readableSources } from './access.ts'
import { instantJson, windowJson } from './answer-json.ts'
import { InstantOrNull, WindowSchema } from './answer-schema.ts'
import type { AnsweringDeps } from './answering.ts'
import { windowOf } from './asked.ts'
import { coveredWithin } from './coverage.ts'
import { shortText } from './parameters.ts'
import { parseDomain } from './question.ts'
import { problemResponses } from './responses.ts'

/** So many intervals and gaps of each source are listed, the newest. */
const MOST_SPANS = 1000
const DAY_MS = 86_400_000

const QuerySchema = Type.Object(
  {
    from: shortText('first instant, by default a day ago'),
    to: shortText('first instant after, by default now'),
    domain: shortText('only sources that watch this routing domain'),
    source: shortText('only this source'),
  },
  { additionalProperties: false },
)
const closed = { additionalProperties: false } as const
const MillisOrNull = Type.Union([Type.Integer(), Type.Null()])

const SourceSchema = Type.Object(
  {
    source: Type.String(),
    kind: Type.String(),
    scope: Type.Array(
      Type.Object(
        {
          domain: Type.String(),
          prefix: Type.String(),
          layers: Type.Array(Type.Enum([...LAYERS])),
          from: InstantOrNull,
        },
        closed,
      ),
    ),
    bounds: Type.Object(
      {
        lagMs: Type.Integer(),
        clockErrorMs: Type.Integer(),
        bridgeMs: MillisOrNull,
        briefestHoldingMs: Type.Integer(),
        longestGapMs: MillisOrNull,
      },
      { ...closed, description: 'what the source declares; null is without bound' },
    ),
    validity: WindowSchema,
    watermark: Type.Union([InstantOrNull], { description: 'everything before it is in the claims' }),
    late: Type.Boolean({ description: 'silent for longer than its polls may stand apart, or removed' }),
    refused: Type.Union([Type.Object({ reason: Type.String(), detail: Type.String() }, closed), Type.Null()]),
    polls: Type.Integer({ description: 'complete ones in the span' }),
    intervals: Type.Array(WindowSchema, { maxItems: MOST_SPANS, description: 'where absence from its polls counts' }),
    gaps: Type.Array(WindowSchema, { maxItems: MOST_SPANS, description: 'where it does not' }),
  },
  closed,
)
const CoverageSchema = Type.Object({ during: WindowSchema, sources: Type.Array(SourceSchema) }, closed)

export type CoverageDeps = Pick<AnsweringDeps, 'refuseWhileReplaying'> & {
  readonly index: Pick<OwnershipIndex, 'sources' | 'before'>
  readonly clock: Pick<Clock, 'now'>
  readonly access: Access
}

/** `GET /v1/coverage`: what was watched, by whom, and where nobody looked. */
export function coverageRoute(app: FastifyInstance, deps: CoverageDeps): void {
  const { index, clock, access } = deps
  app.get<{ Querystring: Static<typeof QuerySchema> }>(
    '/v1/coverage',
    {
      schema: {
        operationId: 'coverage',
        summary: 'Sources, how far they are, and over which times their polls were complete',
        tags: ['coverage'],
        querystring: QuerySchema,
        response: { 200: CoverageSchema, ...problemResponses(400, 503) },
      },
    },
    async (request, reply) => {
      deps.refuseWhileReplaying()
      const { from, to, domain: named, source } = request.query
      const nowMs = clock.now()
      const window =
        from === undefined && to === undefined
          ? { fromMs: nowMs - DAY_MS, untilMs: nowMs }
          : windowOf({ from: from ?? String(nowMs - DAY_MS), to: to ?? 'now' }, nowMs)
      const domain = named === undefined ? undefined : parseDomain(named)
      const wanted = readableSources(index.sources(), access.readerOf(request)).filter(
        view =>
          (source === undefined || view.source.source === source) &&
          (domain === undefined || view.source.scope.some(scope => scope.domain === domain)),
      )
      reply.header('cache-control', 'no-store')
      return { during: windowJson(window), sources: wanted.map(view => sourceJson(view, window, nowMs, index)) }
    },
  )
}

function sourceJson(view: SourceView, window: Window, nowMs: Millis, index: CoverageDeps['index']) {
  const { source, kind, scope, bounds, validity } = view.source
  const history = index.before().historyOf(source)
  const marks = history?.columns().marks ?? new Float64Array()
  const { intervals, gaps, polls } = coveredWithin(marks, bounds.longestGapMs, window)
  return {
    source,
    kind,
    scope: scope.map(({ fromMs, layers, ...space }) => ({ ...space, layers: [...layers], from: instantJson(fromMs) })),
    bounds: {
      ...bounds,
      bridgeMs: finite(bounds.bridgeMs),
      longestGapMs: finite(bounds.longestGapMs),
    },
    validity: windowJson(validity),
    watermark: view.completeUpToMs === undefined ? null : instantJson(view.completeUpToMs),
    late: history?.isLate(nowMs) ?? true,
    refused: view.refused && { ...view.refused },
    polls,
    intervals: intervals.slice(-MOST_SPANS).map(windowJson),
    gaps: gaps.slice(-MOST_SPANS).map(windowJson),
  }
}

const finite = (ms: Millis): number | null => (Number.isFinite(ms) ? ms : null)
