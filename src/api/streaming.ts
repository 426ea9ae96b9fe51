import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { PieceTransform } from './bulk/transform.ts'
import { apiErrors } from './errors.ts'

/** Bodies of any length are for the routes that this scope holds: they read the request themselves, piece by piece. */
export function withRawBodies(app: FastifyInstance, routes: (scope: FastifyInstance) => void): void {
  app.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    routes(scope)
  })
}

/** The answer to a body, piece by piece, in memory that nobody writes to again. */
export type AnswersTo = (body: AsyncIterable<Buffer>) => AsyncGenerator<Buffer>

export type StreamsOptions = {
  readonly most: number
  /** A defect that broke an answer off after its first byte. */
  readonly onBroken: (request: FastifyRequest, cause: unknown) => void
}

/** So many long requests at a time; each holds a little memory and takes its turns of the processor. */
export class Streams {
  private readonly options: StreamsOptions
  private running = 0

  constructor(options: StreamsOptions) {
    this.options = options
  }

  /**
   * Sends the answers to the request's body, as fast as the client reads. An error before the first byte is the
   * answer; after it the connection is cut, so that nobody takes a part for the whole.
   *
   * @throws WHOHAD_TOO_MANY_STREAMS, and what answering the beginning throws
   */
  async send(request: FastifyRequest, reply: FastifyReply, type: string, answersTo: AnswersTo): Promise<FastifyReply> {
    const { most } = this.options
    if (this.running >= most) throw apiErrors.tooManyStreams({ most })
    this.running++
    reply.raw.once('close', () => this.running--)
    const pieces = answersTo(request.raw)
    const first = await pieces.next()
    const whole = first.done ? [] : this.whole(request, first.value, pieces)
    return reply
      .type(type)
      .header('cache-control', 'no-store')
      .send(Readable.from(whole, { objectMode: false }))
  }

  private async *whole(request: FastifyRequest, first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
    yield first
    try {
      yield* rest
    } catch (error) {
      // Where the client has gone there is nobody to miss it.
      if (!request.raw.destroyed) this.options.onBroken(request, error)
      throw error
    }
  }
}

/** What the transform makes of the body, as it comes. Between two pieces others have their turn. */
export const inTurn = (transform: PieceTransform): AnswersTo =>
  async function* (body) {
    for await (const chunk of body) {
      const piece = await transform.take(chunk)
      if (piece.length > 0) yield piece
      await setImmediate()
    }
    const last = await transform.end()
    if (last.length > 0) yield last
  }
