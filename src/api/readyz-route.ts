import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import { type Access, type Reader, readableSources } from './access.ts'

const instant = Type.Union([Type.String({ description: 'ISO 8601, UTC' }), Type.Null()])

const SourceHealthSchema = Type.Object({
  source: Type.String(),
  kind: Type.String(),
  /** Of the last complete poll: all that happened before it is known. Null before the first. */
  completeUpTo: instant,
  behindSeconds: Type.Union([Type.Number(), Type.Null()]),
  /** From how far behind on its answers are unknown: source-stale. */
  staleAfterSeconds: Type.Number(),
  stale: Type.Boolean(),
  removedAt: instant,
  /** Why the newest poll does not count; null where it does. */
  refused: Type.Union([
    Type.Object({ reason: Type.String(), detail: Type.String(), mend: Type.String() }),
    Type.Null(),
  ]),
})
/** How one source of the change stream is doing. */
export type SourceHealth = Static<typeof SourceHealthSchema>

const ReadinessSchema = Type.Object({
  ready: Type.Boolean(),
  /** By the clock of this process. */
  now: Type.String({ description: 'ISO 8601, UTC' }),
  checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), detail: Type.String() })),
  sources: Type.Array(SourceHealthSchema),
})

/** Whether questions can be answered, what stands in the way, and how each source is doing. */
export type Readiness = Static<typeof ReadinessSchema>

export type ReadyzDeps = {
  readonly ready: () => Promise<Readiness>
  readonly access: Access
  readonly index: Pick<OwnershipIndex, 'sources'>
}

/** `GET /readyz` and its alias `/healthz`: 200 or 503, with each check by name. */
export function readyzRoute(app: FastifyInstance, { ready, access, index }: ReadyzDeps): void {
  for (const path of ['/readyz', '/healthz']) {
    app.get(
      path,
      {
        schema: {
          summary: 'whether questions can be answered, and how each source is doing',
          tags: ['service'],
          response: { 200: ReadinessSchema, 503: ReadinessSchema },
        },
      },
      async (request, reply) => {
        const readiness = readableReadiness(await ready(), access.readerOf(request), index)
        return reply
          .code(readiness.ready ? 200 : 503)
          .header('cache-control', 'no-store')
          .send(readiness)
      },
    )
  }
}

/** Probes are for everybody, and details for those who may read all: a source's name tells of its account and its domains. */
function readableReadiness(readiness: Readiness, reader: Reader, index: ReadyzDeps['index']): Readiness {
  if (reader.domains === undefined) return readiness
  const names = new Set(readableSources(index.sources(), reader).map(({ source }) => source.source))
  const sources = new Set(readiness.sources.map(({ source }) => `source ${source}`))
  return {
    ...readiness,
    checks: readiness.checks
      .filter(({ name }) => !sources.has(name))
      .map(({ name, ok }) => ({ name, ok, detail: ok ? 'well' : 'not well' })),
    sources: readiness.sources
      .filter(({ source }) => names.has(source))
      .map(health => ({ ...health, refused: health.refused && { ...health.refused, detail: health.refused.reason } })),
  }
}
