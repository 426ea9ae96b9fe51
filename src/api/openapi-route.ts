import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { BULK_BODY } from './bulk-route.ts'

/** Collects every route that is added after it; to be awaited before the first. */
export async function collectRoutes(app: FastifyInstance, { version }: { readonly version: string }): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'whohad',
        version,
        description:
          'What application had this IP, at this time, in this routing domain? Errors are problems (RFC 9457).',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      // Not where the server has no login.
      security: [{ bearer: [] }, {}],
      tags: [
        { name: 'questions', description: 'who had an address' },
        { name: 'history', description: 'addresses, applications and changes over time' },
        { name: 'flows', description: 'what was answered about flow logs' },
        { name: 'coverage', description: 'what is watched' },
        { name: 'service', description: 'the server itself' },
      ],
    },
    transformObject: document => withBodies('openapiObject' in document ? document.openapiObject : {}),
  })
}

/** What the routes read themselves and no schema validates, so that the collector knows nothing of it. */
const BODIES: Readonly<Record<string, object>> = {
  '/v1/whohad': BULK_BODY,
  '/v1/annotate': { required: true, content: { 'text/plain': { schema: { type: 'string' } } } },
}

type Document = {
  readonly paths?: Readonly<Record<string, { readonly post?: object | undefined } | undefined>> | undefined
}

function withBodies(document: Document): object {
  const paths = Object.entries(document.paths ?? {}).map(([path, item]) => {
    const requestBody = BODIES[path]
    return [path, item?.post && requestBody ? { ...item, post: { ...item.post, requestBody } } : item] as const
  })
  return { ...document, paths: Object.fromEntries(paths) }
}

/** `GET /openapi.json`, made of the schemas that validate, and `GET /docs`, a page that shows it. */
export function openapiRoute(app: FastifyInstance): void {
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply
      .type('application/json; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(JSON.stringify(app.swagger())),
  )
  app.get('/docs', { schema: { hide: true } }, (_request, reply) => reply.sendFile('docs.html'))
}
