import { createRequire } from 'node:module'

type RequestQueue = { readonly pending: readonly unknown[]; scheduleCheckPendingRequests(): void }

/**
 * kafkajs 2.2.4 sets a timer after every check of its request queue, also of an empty one: a loop of about 1 ms for each
 * connection, 3 to 5 % of a core while idle (tulios/kafkajs issue 1556). An empty queue needs no check: `push` asks for the
 * next one. Other versions are left as they are.
 */
export function quietTimer(): void {
  const require = createRequire(import.meta.url)
  const { version }: { version: string } = require('kafkajs/package.json')
  if (version !== '2.2.4') return
  const { prototype }: { prototype: RequestQueue } = require('kafkajs/src/network/requestQueue')
  const { scheduleCheckPendingRequests } = prototype
  if (scheduleCheckPendingRequests.name === 'onlyWhilePending') return
  prototype.scheduleCheckPendingRequests = function onlyWhilePending(this: RequestQueue) {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this)
  }
}
