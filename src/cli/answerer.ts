import { EVERY_CALLER_READS_EVERY_DOMAIN } from '../api/access.ts'
import type { KnowAsOf } from '../api/answering.ts'
import { routesWithin } from '../api/without-socket.ts'
import type { OwnershipIndex } from '../ownership/ownership-index.ts'
import { systemClock } from '../runtime/clock.ts'
import { WhohadError } from '../runtime/errors.ts'
import { knowAsOfIn } from './known-as-of.ts'
import { type AskedPlace, knownIndex } from './known-index.ts'
import { bodyFrom, refusalOf, type Server } from './server.ts'
import type { Settings } from './settings.ts'

/** Answers what the HTTP API does, in the same words. */
export type Answerer = {
  /** The body that a GET of this path has. @throws what the API refuses it with, and what reaching a server throws */
  get(path: string): Promise<string>
  close(): Promise<void>
}

type App = Parameters<Parameters<typeof routesWithin>[0]>[0]
export type ClaimsDeps = ReturnType<typeof depsOf>

/**
 * Opens who answers about claims. Without a server that is the API itself in this process, over what is known here: the
 * route is added by `addRoute`.
 * @throws what reading the claims throws
 */
export async function openAnswerer(
  settings: Settings,
  { server, claims }: AskedPlace,
  addRoute: (app: App, deps: ClaimsDeps) => void,
): Promise<Answerer> {
  if (server) return answererAt(server)
  const index = await knownIndex(settings, claims)
  return answererWithin(app => addRoute(app, depsOf(index, knowAsOfIn(settings, claims))))
}

export const answererAt = (server: Server): Answerer => ({
  get: path => bodyFrom(server, path),
  close: async () => {},
})

/** The API within this process. */
export async function answererWithin(addRoutes: Parameters<typeof routesWithin>[0]): Promise<Answerer> {
  const routes = await routesWithin(addRoutes)
  return {
    async get(path) {
      const reply = await routes.get(path)
      if (reply.status < 300) return reply.body
      // Problems are for callers far away: here what was thrown is at hand, and tells which exit code is right.
      if (reply.thrown instanceof WhohadError || reply.status >= 500) throw reply.thrown
      throw refusalOf('this process', reply, reply.body)
    },
    close: routes.close,
  }
}

const depsOf = (index: OwnershipIndex, knowAsOf: KnowAsOf) => ({
  index,
  ask: index.ask.bind(index),
  knowAsOf,
  refuseWhileReplaying: () => {},
  clock: systemClock,
  access: EVERY_CALLER_READS_EVERY_DOMAIN,
})
