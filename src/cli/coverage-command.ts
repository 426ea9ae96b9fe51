import { type CoverageDeps, coverageRoute, MOST_SPANS } from '../api/coverage-route.ts'
import { reasonOf, WhohadError } from '../runtime/errors.ts'
import type { Store } from '../store/port.ts'
import { openAnswerer } from './answerer.ts'
import { type CoverageJson, coverageTables } from './coverage-tables.ts'
import { cliErrors } from './errors.ts'
import { existingStore } from './existing-store.ts'
import { EXIT } from './exit-codes.ts'
import type { AskedPlace } from './known-index.ts'
import { printableWithin } from './printable.ts'
import { queryOf } from './query.ts'
import type { Settings } from './settings.ts'
import { isTerminal, print, printSlowly, say } from './terminal.ts'

export type CoverageOptions = AskedPlace & {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly domain?: string | undefined
  readonly source?: string | undefined
  readonly nodata: boolean
  readonly json: boolean
  readonly threadPoolSize: number
}

/**
 * Prints what was watched, and where nobody looked or flow logs have no records: tables on a terminal, elsewhere one JSON object
 * for each source and each such gap of a flow log, as `GET /v1/coverage` has them, with `record` to tell them apart. Exit code 0, or
 * 5 where there is a store that cannot tell of flow logs now, or where a list was cut.
 */
export async function coverage(settings: Settings, options: CoverageOptions): Promise<number> {
  const { from, to, domain, source, nodata, json } = options
  const flowLogs = flowLogsIn(settings, options)
  const answerer = await openAnswerer(settings, options, (app, deps) =>
    coverageRoute(app, { ...deps, store: flowLogs.store }),
  )
  try {
    const body = await answerer.get(`/v1/coverage${queryOf({ from, to, domain, source, nodata })}`)
    // Both ends of this are the same schema.
    const found = JSON.parse(body) as CoverageJson
    if (isTerminal() && !json) print(coverageTables(printableWithin(found)))
    else for (const line of linesOf(found)) await printSlowly(`${JSON.stringify(line)}\n`)
    // Of one source alone nothing is said of flow logs.
    const isSilent = found.captureGaps === null && source === undefined
    if (isSilent) say(`Gaps of flow logs are not known here. ${flowLogs.why()}`)
    const isCut = listsOf(found).some(({ length }) => length >= MOST_SPANS)
    if (isCut) say(`Of each list the newest ${MOST_SPANS} are shown: name a shorter span with --from and --to.`)
    return isCut || (isSilent && !flowLogs.areNone()) ? EXIT.partial : EXIT.done
  } finally {
    await answerer.close()
    await flowLogs.close()
  }
}

const linesOf = ({ sources, captureGaps }: CoverageJson) => [
  ...sources.map(source => ({ record: 'source', ...source })),
  ...(captureGaps ?? []).map(gap => ({ record: 'capture-gap', ...gap })),
]

const listsOf = ({ sources, captureGaps }: CoverageJson): readonly (readonly unknown[])[] => [
  captureGaps ?? [],
  ...sources.flatMap(({ intervals, gaps }) => [intervals, gaps]),
]

/** What the store of the place tells of flow logs. It is opened when it is asked. */
function flowLogsIn(settings: Settings, { claims, threadPoolSize }: CoverageOptions) {
  let opened: Promise<Store> | undefined
  let failure: unknown
  const open = async (): Promise<Store> => {
    // A bundle never has one.
    const found = claims === undefined ? await existingStore(settings, threadPoolSize) : undefined
    if (found === undefined) throw cliErrors.noFlows({ path: claims ?? settings.data.path })
    return found
  }
  const store: CoverageDeps['store'] = {
    async captureGaps(query) {
      try {
        opened ??= open()
        return await (await opened).captureGaps(query)
      } catch (error) {
        failure = error
        throw error
      }
    },
  }
  return {
    store,
    why: () => (failure === undefined ? 'The server cannot read its store now.' : reasonOf(failure)),
    areNone: () => failure instanceof WhohadError && failure.code === cliErrors.noFlows.code,
    async close() {
      // Where it could not be opened, that was told.
      await (await opened?.catch(() => undefined))?.close()
    },
  }
}
