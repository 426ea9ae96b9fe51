import type { Static } from 'typebox'
import { EVERY_CALLER_READS_EVERY_DOMAIN } from '../api/access.ts'
import { type GraphSchema, graphRoute } from '../api/graph-route.ts'
import { systemClock } from '../runtime/clock.ts'
import { type Answerer, answererAt, answererWithin } from './answerer.ts'
import { cliErrors } from './errors.ts'
import { existingStore } from './existing-store.ts'
import { EXIT } from './exit-codes.ts'
import type { AskedPlace } from './known-index.ts'
import { printableWithin } from './printable.ts'
import { queryOf } from './query.ts'
import type { Settings } from './settings.ts'
import { inUnits } from './states-table.ts'
import { tableFor } from './table.ts'
import { isTerminal, print, printSlowly, say } from './terminal.ts'

type GraphJson = Static<typeof GraphSchema>

export type GraphOptions = AskedPlace & {
  readonly at?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly by?: string | undefined
  readonly direction?: string | undefined
  readonly collapse: boolean
  readonly limit?: number | undefined
  readonly format?: 'json' | 'csv' | 'dot' | 'mermaid' | undefined
  readonly json: boolean
  readonly threadPoolSize: number
}

/**
 * Prints who sends to whom, from a server or from the store itself: a table on a terminal, one JSON object for each edge
 * elsewhere, or the form that is asked for, as `GET /v1/graph` has it. Exit code 0, or 5 where `limit` left edges out.
 */
export async function graph(settings: Settings, options: GraphOptions): Promise<number> {
  const { at, from, by, direction, collapse, limit, format, json } = options
  const to = from !== undefined && options.to === undefined ? 'now' : options.to
  const answerer = await openStoreAnswerer(settings, options)
  try {
    const get = (form: string | undefined) =>
      answerer.get(`/v1/graph${queryOf({ at, from, to, by, direction, collapse, limit, format: form })}`)
    if (format !== undefined && format !== 'json') {
      await printSlowly(await get(format))
      return EXIT.done
    }
    const body = await get(undefined)
    // Both ends of this are the same schema.
    const found = JSON.parse(body) as GraphJson
    if (format === 'json') await printSlowly(`${body}\n`)
    else if (isTerminal() && !json) print(edgesTable(printableWithin(found)))
    else for (const edge of edgesOf(found)) await printSlowly(`${JSON.stringify(edge)}\n`)
    if (!found.complete) say(`There are more edges than the ${found.edges.length} with the most bytes: give --limit.`)
    return found.complete ? EXIT.done : EXIT.partial
  } finally {
    await answerer.close()
  }
}

async function openStoreAnswerer(
  settings: Settings,
  { server, claims, threadPoolSize }: GraphOptions,
): Promise<Answerer> {
  if (server) return answererAt(server)
  if (claims !== undefined) throw cliErrors.usage({ message: 'An ownership bundle holds no flows to draw a graph of.' })
  const store = await existingStore(settings, threadPoolSize)
  if (store === undefined) throw cliErrors.noFlows({ path: settings.data.path })
  const deps = { store, clock: systemClock, access: EVERY_CALLER_READS_EVERY_DOMAIN }
  const { get, close } = await answererWithin(app => graphRoute(app, deps))
  return {
    get,
    async close() {
      await close()
      await store.close()
    },
  }
}

/** Edges with their ends by name, which alone tell something. */
function edgesOf({ nodes, edges }: GraphJson) {
  const known = new Map(nodes.map(node => [node.id, node]))
  return edges.map(({ source, destination, ...sums }) => ({
    source: known.get(source)?.title ?? source,
    sourceState: known.get(source)?.state ?? null,
    destination: known.get(destination)?.title ?? destination,
    destinationState: known.get(destination)?.state ?? null,
    ...sums,
  }))
}

function edgesTable(found: GraphJson): string {
  const head = ['from', 'to', 'via', 'bytes', 'packets', 'flows', 'rejected']
  const table = tableFor(process.stdout, head, ['left', 'left', 'left', 'right', 'right', 'right', 'right'])
  const counted = (count: number) => count.toLocaleString('en-US')
  for (const { source, destination, via, bytes, packets, flows, rejectedFlows } of edgesOf(found)) {
    const size = `${via === null ? '' : '≤ '}${inUnits(bytes)}`
    table.push([source, destination, via ?? '', size, counted(packets), counted(flows), counted(rejectedFlows)])
  }
  return table.toString()
}
