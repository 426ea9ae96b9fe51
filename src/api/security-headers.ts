import helmet from '@fastify/helmet'
import Fastify, { type FastifyInstance } from 'fastify'

const ONE_YEAR_SECONDS = 31_536_000

type HeaderOptions = { readonly hasTls: boolean }

/**
 * The page needs its own script and style and its own API, nothing else; answers hold names that others chose (tags, task
 * labels), so nothing inline may run.
 */
const optionsOf = ({ hasTls }: HeaderOptions) =>
  ({
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
    // Whoever speaks TLS decides about it; on plain loopback the header would lock people out of other servers there.
    strictTransportSecurity: hasTls && { maxAge: ONE_YEAR_SECONDS, includeSubDomains: false },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  }) as const

/** To be awaited before the first route. Every reply has the same headers, so helmet is asked for them once. */
export async function securityHeaders(app: FastifyInstance, options: HeaderOptions): Promise<void> {
  const headers = await headersOf(options)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}

async function headersOf(options: HeaderOptions): Promise<Readonly<Record<string, string>>> {
  const asked = Fastify({ logger: false })
  await asked.register(helmet, optionsOf(options))
  asked.get('/', (_request, reply) => reply.send(''))
  const { headers } = await asked.inject('/')
  await asked.close()
  const set = Object.entries(headers).filter(([name]) => !OF_ANY_REPLY.has(name))
  return Object.fromEntries(set.map(([name, value]) => [name, String(value)]))
}

const OF_ANY_REPLY = new Set(['content-length', 'content-type', 'date', 'connection', 'keep-alive'])
