import type { Sighted, Sighting } from '../../ownership/snapshot.ts'
import { pollerErrors } from '../errors.ts'
import type { OnPage } from '../inventory.ts'
import type { Call } from './calls.ts'
import type { Ec2Requests } from './requests.ts'

/** What the calls of one look have in common. */
export type Walk = {
  readonly requests: Ec2Requests
  readonly pageSize: number
  readonly signal: AbortSignal
  /** The sighting of every page is added, of those without an item too. */
  readonly pages: Sighting[]
  readonly onPage?: OnPage | undefined
}

/** All pages of one call, one after the other; throws where any of them fails. */
export async function readPages<Reply extends object, Item>(
  call: Call<Reply, Item>,
  { requests, pageSize, signal, pages, onPage }: Walk,
): Promise<readonly Sighted<Item>[]> {
  const found: Sighted<Item>[] = []
  const tokens = new Set<string>()
  for (let token: string | undefined; ; ) {
    const { value: page, sighting } = await requests.ask(call, pageSize, token, signal)
    pages.push(sighting)
    const items = call.itemsOf(page)
    for (const value of items) found.push({ value, sighting })
    onPage?.(items.length)
    token = call.tokenOf(page)
    if (token === undefined) return found
    if (tokens.has(token)) throw pollerErrors.ec2ReplyMalformed({ what: 'a page token came twice in one listing' })
    tokens.add(token)
  }
}
