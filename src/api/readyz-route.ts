import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'

const ReadinessSchema = Type.Object({
  ready: Type.Boolean(),
  checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), detail: Type.String() })),
})

/** Whether questions can be answered, and what stands in the way. */
export type Readiness = Static<typeof ReadinessSchema>

/** `GET /readyz` and its alias `/healthz`: 200 or 503, with each check by name. */
export function readyzRoute(app: FastifyInstance, { ready }: { readonly ready: () => Promise<Readiness> }): void {
  for (const path of ['/readyz', '/healthz']) {
    app.get(path, { schema: { response: { 200: ReadinessSchema, 503: ReadinessSchema } } }, async (_request, reply) => {
      const readiness = await ready()
      return reply
        .code(readiness.ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(readiness)
    })
  }
}
