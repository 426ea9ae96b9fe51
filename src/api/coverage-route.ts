import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { LAYERS } from '../ownership/claim.ts'
import type { OwnershipIndex, SourceView } from '../ownership/ownership-index.ts'
import type { Millis, Window } from '../ownership/window.ts'
import type { Clock } from '../runtime/clock.ts'
import { WhohadError } from '../runtime/errors.ts'
import type { CaptureGap, GapQuery, Store } from '../store/port.ts'
import { type Access, type Reader, readableSources } from './access.ts'
import { instantJson, windowJson } from './answer-json.ts'
import { InstantOrNull, WindowSchema } from './answer-schema.ts'
import type { AnsweringDeps } from './answering.ts'
import { windowOf } from './asked.ts'
import { coveredWithin } from './coverage.ts'
import { shortText } from './parameters.ts'
import { parseDomain } from './question.ts'
import { problemResponses } from './responses.ts'

/** So many intervals and gaps of each source are listed, the newest. */
export const MOST_SPANS = 1000
const DAY_MS = 86_400_000
/** The last second that a flow log can name. */
const LATEST_MS = 2 ** 32 * 1000

const QuerySchema = Type.Object(
  {
    from: shortText('first instant, by default a day ago'),
    to: shortText('first instant after, by default now'),
    domain: shortText('only sources that watch this routing domain'),
    source: shortText('only this source'),
    nodata: Type.Optional(
      Type.Enum(['true', 'false'], {
        description: 'capture gaps also of interfaces without traffic; by default only of records that AWS lost',
      }),
    ),
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
const CaptureGapSchema = Type.Object(
  {
    status: Type.Enum(['NODATA', 'SKIPDATA'], { description: 'NODATA: no traffic; SKIPDATA: AWS lost records' }),
    interface: Type.String({ description: 'or what else recorded; empty where the log does not tell' }),
    account: Type.String(),
    domains: Type.Array(Type.String(), { description: 'in which the interface may have been' }),
    during: WindowSchema,
    lines: Type.Integer({ minimum: 1 }),
  },
  closed,
)
export const CoverageSchema = Type.Object(
  {
    during: WindowSchema,
    sources: Type.Array(SourceSchema),
    captureGaps: Type.Union([Type.Array(CaptureGapSchema, { maxItems: MOST_SPANS }), Type.Null()], {
      description:
        'where flow logs say that they have no records of an interface, the newest; null where the store cannot tell now, and where one source is asked for',
    }),
  },
  closed,
)

export type CoverageDeps = Pick<AnsweringDeps, 'refuseWhileReplaying'> & {
  readonly index: Pick<OwnershipIndex, 'sources' | 'before'>
  readonly store: Pick<Store, 'captureGaps'>
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
      const { from, to, domain: named, source, nodata = 'false' } = request.query
      const nowMs = clock.now()
      const window =
        from === undefined && to === undefined
          ? { fromMs: nowMs - DAY_MS, untilMs: nowMs }
          : windowOf({ from: from ?? String(nowMs - DAY_MS), to: to ?? 'now' }, nowMs)
      const domain = named === undefined ? undefined : parseDomain(named)
      const reader = access.readerOf(request)
      const wanted = readableSources(index.sources(), reader).filter(
        view =>
          (source === undefined || view.source.source === source) &&
          (domain === undefined || view.source.scope.some(scope => scope.domain === domain)),
      )
      reply.header('cache-control', 'no-store')
      const asked = { window, domain, reader, withNoData: nodata === 'true' }
      return {
        during: windowJson(window),
        sources: wanted.map(view => sourceJson(view, window, nowMs, index)),
        captureGaps: source === undefined ? await captureGaps(deps.store, asked) : null,
      }
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

type AskedGaps = Pick<GapQuery, 'domain'> & {
  readonly window: Window
  readonly reader: Reader
  readonly withNoData: boolean
}

/** What AWS lost first. Null where the store fails: what the sources cover is known without it. */
async function captureGaps(store: CoverageDeps['store'], { window, domain, reader, withNoData }: AskedGaps) {
  const whose = { domain, domains: reader.domains }
  const statuses = withNoData ? (['SKIPDATA', 'NODATA'] as const) : (['SKIPDATA'] as const)
  const found: CaptureGap[] = []
  try {
    for (const status of statuses) {
      const most = MOST_SPANS - found.length
      if (most > 0) found.push(...(await store.captureGaps({ ...wholeMillis(window), ...whose, status, most })))
    }
  } catch (error) {
    if (!(error instanceof WhohadError)) throw error
    return null
  }
  const readable = found.filter(({ domains }) => domains.every(one => reader.readable(one)))
  return readable.map(({ status, recorder, account, domains, lines, ...span }) => ({
    status,
    interface: recorder,
    account,
    domains: [...domains],
    during: windowJson(span),
    lines,
  }))
}

/** The store has no word for a window without bound. */
const wholeMillis = ({ fromMs, untilMs }: Window): Window => ({
  fromMs: Math.max(fromMs, 0),
  untilMs: Math.min(untilMs, LATEST_MS),
})

const finite = (ms: Millis): number | null => (Number.isFinite(ms) ? ms : null)
