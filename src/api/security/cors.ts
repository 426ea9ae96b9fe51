import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

const ONE_HOUR_SECONDS = 3600

/**
 * Lets scripts of these sites read answers, with a key that they hold themselves: cookies are never looked at. To be awaited
 * before the login, which a browser's first, empty-handed question cannot pass.
 */
export async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return
  await app.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'last-event-id'],
    exposedHeaders: ['x-request-id', 'retry-after'],
    credentials: false,
    maxAge: ONE_HOUR_SECONDS,
  })
}
