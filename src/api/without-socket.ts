import Fastify, { type FastifyInstance } from 'fastify'
import { handleErrors } from './error-handling.ts'

/** What a request got. `thrown` is what a route threw for it: the body is the problem that a client would be told. */
export type Reply = {
  readonly status: number
  readonly statusText: string
  readonly body: string
  readonly thrown: unknown
}

const LONGEST_PARAMETER = 128

/** Some routes, to be asked within this process: no socket, no headers, no login. One request at a time. */
export async function routesWithin(
  addRoutes: (app: FastifyInstance) => void,
): Promise<{ get(path: string): Promise<Reply>; close(): Promise<void> }> {
  const app = Fastify({
    logger: false,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  })
  let thrown: unknown
  app.addHook('onError', async (_request, _reply, error) => {
    thrown = error
  })
  handleErrors(app, { requestDone() {}, requestFailed() {}, answerThreadDied() {} })
  // To compile the schema of a reply takes longer than to make one of it; a server is there for many.
  app.setSerializerCompiler(() => JSON.stringify)
  addRoutes(app)
  await app.ready()
  return {
    async get(path) {
      thrown = undefined
      const { statusCode, statusMessage, body } = await app.inject(path)
      return { status: statusCode, statusText: statusMessage, body, thrown }
    },
    close: () => app.close(),
  }
}
