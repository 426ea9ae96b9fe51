import type { FastifyInstance } from 'fastify'
import type { Clock } from '../runtime/clock.ts'

/** Less than the half minute that most who end processes wait. */
const DRAIN_MS = 20_000
const LOOK_EVERY_MS = 100

/**
 * Ends the server: nothing new is taken, what is being answered has some seconds to come to its end, then it is cut off.
 * Connections that callers keep for a next request are ended as soon as nothing is answered on them.
 */
export async function drain(app: FastifyInstance, clock: Clock, withinMs = DRAIN_MS): Promise<void> {
  const untilMs = clock.now() + withinMs
  const closed = new AbortController()
  const closing = app.close().finally(() => closed.abort())
  while (!closed.signal.aborted) {
    if (clock.now() < untilMs) app.server.closeIdleConnections()
    else app.server.closeAllConnections()
    await clock.sleep(LOOK_EVERY_MS, closed.signal).catch(() => {})
  }
  await closing
}
