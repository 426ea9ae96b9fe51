import type { Static } from 'typebox'
import { type AppAddressesSchema, appAddressesRoute } from '../api/app-addresses-route.ts'
import { between, STATE_COLOR } from './answer-table.ts'
import { type Answerer, openAnswerer } from './answerer.ts'
import { EXIT } from './exit-codes.ts'
import type { AskedPlace } from './known-index.ts'
import { printableWithin } from './printable.ts'
import { queryOf } from './query.ts'
import type { Settings } from './settings.ts'
import { tableFor } from './table.ts'
import { isTerminal, print, printSlowly, say } from './terminal.ts'

type Page = Static<typeof AppAddressesSchema>
type AddressJson = Page['addresses'][number]

export type AppsOptions = AskedPlace & {
  readonly at?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly domain?: string | undefined
  readonly limit?: number | undefined
  readonly json: boolean
}

/**
 * Prints what an application had, or may have had: a table on a terminal, one JSON object for each address, as
 * `GET /v1/apps/{app}/addresses` has it, elsewhere. Exit code 0 where it surely had one, 3 where it did not, 5 where `limit`
 * left some out.
 */
export async function appAddresses(app: string, settings: Settings, options: AppsOptions): Promise<number> {
  const answerer = await openAnswerer(settings, options, appAddressesRoute)
  try {
    const { addresses, isCut } = await allPages(answerer, app, options)
    if (isTerminal() && !options.json) print(addressesTable(printableWithin(addresses)))
    else for (const address of addresses) await printSlowly(`${JSON.stringify(address)}\n`)
    if (isCut) say(`There are more than ${addresses.length} addresses: give a higher --limit, or none.`)
    if (isCut) return EXIT.partial
    return addresses.some(({ owned }) => owned) ? EXIT.done : EXIT.notOwned
  } finally {
    await answerer.close()
  }
}

const PAGE = 1000

async function allPages(answerer: Answerer, app: string, { at, from, to, domain, limit }: AppsOptions) {
  const addresses: AddressJson[] = []
  // The same moment for all pages.
  const until = from !== undefined && to === undefined ? 'now' : to
  const most = limit ?? Number.POSITIVE_INFINITY
  let after: string | undefined
  do {
    const page = Math.min(PAGE, most - addresses.length)
    const query = queryOf({ at, from, to: until, domain, limit: page, after })
    // Both ends of this are the same schema.
    const found = JSON.parse(await answerer.get(`/v1/apps/${encodeURIComponent(app)}/addresses${query}`)) as Page
    addresses.push(...found.addresses)
    after = found.next ?? undefined
  } while (after !== undefined && addresses.length < most)
  return { addresses, isCut: after !== undefined }
}

function addressesTable(addresses: readonly AddressJson[]): string {
  const table = tableFor(process.stdout, ['address', 'domain', 'answer', 'resource', 'since', 'until', 'source'])
  for (const { claim, state, reason, owned } of addresses) {
    const { prefix, ports, domain, owners, start, end, source } = claim
    const [owner] = owners
    const place = `${prefix.replace(/\/(32|128)$/, '')}${ports ? ` ports ${ports.first}-${ports.last}` : ''}`
    const answer =
      state === null ? '-' : `${STATE_COLOR[state](owned || state !== 'owned' ? state : 'another’s')} (${reason})`
    const resource = owner ? `${owner.kind} ${owner.resourceId}` : '-'
    const [since, until] = [start, end].map(bounds => between(bounds).replace(' and ', '\nand '))
    table.push([place, domain, answer, resource, since, until, source])
  }
  return table.toString()
}
