import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'

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

/** `GET /readyz` and its alias `/healthz`: 200 or 503, with each check by name. */
export function readyzRoute(app: FastifyInstance, { ready }: { readonly ready: () => Promise<Readiness> }): void {
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
      async (_request, reply) => {
        const readiness = await ready()
        return reply
          .code(readiness.ready ? 200 : 503)
          .header('cache-control', 'no-store')
          .send(readiness)
      },
    )
  }
}
