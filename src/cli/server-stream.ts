import { setTimeout as sleep } from 'node:timers/promises'
import type { LoggedChange } from '../changestream/port.ts'
import { fromWire } from '../changestream/wire.ts'
import type { Change } from '../ownership/claim.ts'
import type { ReadableStream } from './change-stream.ts'
import { queryOf } from './query.ts'
import { bodyFrom, type Server } from './server.ts'

type LoggedJson = { readonly partition: number; readonly offset: number; readonly loggedAt: string } & {
  readonly record: Change['record']
}
type PageJson = { readonly changes: readonly LoggedJson[]; readonly next: string; readonly end: boolean }

/** Between two looks at the end of the stream, while it is followed. */
const LOOK_MS = 1000

/** The change stream of a server, page by page (`GET /v1/changes`): what the caller may read of it, of one source or of all. */
export function serverStream(
  server: Server,
  source: string | undefined,
): Pick<ReadableStream, 'read' | 'close' | 'where' | 'missing'> {
  async function* read({ follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal }) {
    let position: string | undefined
    while (!signal.aborted) {
      const query = queryOf({ source, position, limit: PAGE })
      // Both ends of this are ours: `changeJson` of the API.
      const page = JSON.parse(await bodyFrom(server, `/v1/changes${query}`)) as PageJson
      position = page.next
      if (page.changes.length > 0) yield page.changes.map(loggedOf)
      if (page.end && !follow) return
      // Rejects where it is called off.
      if (page.end) await sleep(LOOK_MS, undefined, { signal }).catch(() => {})
    }
  }
  return { read, close: async () => {}, where: server.url, missing: undefined }
}

const PAGE = 5000

function loggedOf({ partition, offset, loggedAt, record, ...fields }: LoggedJson): LoggedChange {
  return { partition, offset, loggedAtMs: Date.parse(loggedAt), change: fromWire(record, fields) }
}
