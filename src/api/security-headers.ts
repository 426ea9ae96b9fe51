import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/**
 * The page needs its own script and style and its own API, nothing else; answers hold names that others chose (tags, task
 * labels), so nothing inline may run.
 */
export function securityHeaders(app: FastifyInstance): void {
  app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // Whoever terminates TLS decides about HTTPS; on plain loopback the header would lock people out of other servers there.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  })
}
