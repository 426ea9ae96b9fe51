import { createRequire } from 'node:module'

type RequestQueue = { readonly pending: readonly unknown[]; scheduleCheckPendingRequests(): void }

const KNOWN_VERSION = '2.2.4'
let prevented = 0

/** How many checks of an empty request queue were not set, over all connections of the process. */
export const idleChecksPrevented = (): number => prevented

/**
 * kafkajs 2.2.4 sets a timer after every check of its request queue, also of an empty one: a loop of about 1 ms for each
 * connection, 3 to 5 % of a core while idle (tulios/kafkajs issue 1556). An empty queue needs no check: `push` asks for the
 * next one. Other versions are left as they are.
 *
 * @returns Whether the timer is quiet.
 */
export function quietTimer(): boolean {
  const require = createRequire(import.meta.url)
  const { version }: { version: string } = require('kafkajs/package.json')
  if (version !== KNOWN_VERSION) return false
  const { prototype }: { prototype: RequestQueue } = require('kafkajs/src/network/requestQueue')
  const { scheduleCheckPendingRequests } = prototype
  if (scheduleCheckPendingRequests.name === 'onlyWhilePending') return true
  prototype.scheduleCheckPendingRequests = function onlyWhilePending(this: RequestQueue) {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this)
    else prevented++
  }
  return true
}
