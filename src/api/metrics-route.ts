import type { FastifyInstance } from 'fastify'

/** Version 0.0.4 of Prometheus' text exposition format, which every scraper takes. */
const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** `GET /metrics`, in whatever words the registry of the process gives. */
export function metricsRoute(app: FastifyInstance, deps: { readonly metricsText: () => Promise<string> }): void {
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(EXPOSITION_TYPE).send(await deps.metricsText()),
  )
}
