import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'

/** `/` and the files of `web/` beside it, listed when the server starts: what is not there now is not served. */
export function pageRoute(app: FastifyInstance, { webFolder }: { readonly webFolder: string }): void {
  app.register(fastifyStatic, {
    root: webFolder,
    wildcard: false,
    index: 'index.html',
    dotfiles: 'ignore',
    // Revalidated by ETag each time: after an upgrade nobody runs yesterday's script against today's API.
    cacheControl: false,
    setHeaders: reply => {
      reply.header('cache-control', 'no-cache')
    },
  })
}
