import type { FastifyInstance } from 'fastify'
import Type from 'typebox'

const LiveSchema = Type.Object({ status: Type.Literal('ok'), version: Type.String() })

/** `GET /livez`: the process turns its event loop. It asks nothing else, or a broker's outage would restart every replica. */
export function livezRoute(app: FastifyInstance, { version }: { readonly version: string }): void {
  app.get(
    '/livez',
    { schema: { summary: 'the process turns', tags: ['service'], response: { 200: LiveSchema } } },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store')
      return { status: 'ok' as const, version }
    },
  )
}
