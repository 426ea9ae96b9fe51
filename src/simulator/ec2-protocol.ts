import type { Reply } from './loopback.ts'
import { element, elements, items, type Xml, xmlDocument } from './xml.ts'

/** One thing that a Describe action lists. */
export type Entry = {
  readonly id: string
  /** What it has for a filter; undefined where there is no such filter. */
  readonly matches: (filter: string) => readonly string[] | undefined
  readonly xml: Xml
}

/** How a Describe action names and pages what it lists. */
export type Listing = {
  readonly set: string
  /** Names the ids in a request (`InstanceId.1`). */
  readonly idParameter: string
  readonly notFound: string
  /** The largest MaxResults; null where the action has no pages. */
  readonly longestPage: number | null
}

/** An error as AWS' query APIs answer it. */
export class ApiRefusal extends Error {
  readonly status: number
  readonly code: string
  constructor(code: string, message: string, status = 400) {
    super(message)
    this.status = status
    this.code = code
  }
}

const NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/'
/** As many values as one filter takes. */
const MOST_FILTER_VALUES = 200

export const xmlReply = (status: number, body: string): Reply => ({
  status,
  headers: { 'content-type': 'text/xml;charset=UTF-8' },
  body,
})

export const refusalReply = ({ status, code, message }: ApiRefusal): Reply =>
  xmlReply(
    status,
    xmlDocument(
      'Response',
      null,
      elements({ Errors: element('Error', elements({ Code: code, Message: message })), RequestID: 'simulated' }),
    ),
  )

/**
 * One page of `entries`, which are in the order of their ids. A token carries on after the last id, whatever has changed
 * in between.
 *
 * @throws ApiRefusal
 */
export function describePage(
  action: string,
  listing: Listing,
  entries: readonly Entry[],
  parameters: URLSearchParams,
): Reply {
  const size = pageSizeOf(listing, parameters)
  const after = afterOf(parameters)
  const found = selected(listing, entries, parameters).filter(({ id }) => after === null || id > after)
  const page = found.slice(0, size)
  const last = page.at(-1)
  const nextToken = found.length > page.length && last ? Buffer.from(last.id).toString('base64url') : null
  return xmlReply(
    200,
    xmlDocument(
      `${action}Response`,
      NAMESPACE,
      elements({ requestId: 'simulated', [listing.set]: items(page.map(({ xml }) => xml)), nextToken }),
    ),
  )
}

function pageSizeOf({ longestPage, idParameter }: Listing, parameters: URLSearchParams): number {
  const text = parameters.get('MaxResults')
  if (text === null) return Number.POSITIVE_INFINITY
  if (longestPage === null) throw new ApiRefusal('UnknownParameter', 'The parameter MaxResults is not recognized')
  if (numbered(parameters, idParameter).length > 0)
    throw new ApiRefusal('InvalidParameterCombination', `The parameter ${idParameter} cannot be used with MaxResults`)
  const size = Number(text)
  if (Number.isInteger(size) && size >= 5 && size <= longestPage) return size
  const message = `Value ( ${text} ) for parameter maxResults is invalid. Expecting 5 to ${longestPage}.`
  throw new ApiRefusal('InvalidParameterValue', message)
}

function afterOf(parameters: URLSearchParams): string | null {
  const token = parameters.get('NextToken')
  if (token === null) return null
  const id = Buffer.from(token, 'base64url').toString()
  if (/^[0-9a-z.-]+$/.test(id)) return id
  throw new ApiRefusal('InvalidNextToken', 'The token is not valid')
}

function selected(listing: Listing, entries: readonly Entry[], parameters: URLSearchParams): readonly Entry[] {
  const ids = new Set(numbered(parameters, listing.idParameter))
  const known = new Set(entries.map(({ id }) => id))
  const missing = [...ids].find(id => !known.has(id))
  if (missing !== undefined) throw new ApiRefusal(listing.notFound, `The ID '${missing}' does not exist`)
  const filters = filtersOf(parameters)
  return entries.filter(
    entry =>
      (ids.size === 0 || ids.has(entry.id)) &&
      filters.every(({ name, values }) => {
        const own = entry.matches(name)
        if (own === undefined) throw new ApiRefusal('InvalidParameterValue', `The filter '${name}' is invalid`)
        return own.some(value => values.has(value))
      }),
  )
}

/** `Name.1`, `Name.2`, … */
function numbered(parameters: URLSearchParams, name: string): string[] {
  const values: string[] = []
  for (let i = 1; ; i++) {
    const value = parameters.get(`${name}.${i}`)
    if (value === null) return values
    values.push(value)
  }
}

function filtersOf(parameters: URLSearchParams): { name: string; values: ReadonlySet<string> }[] {
  const filters = []
  for (let i = 1; ; i++) {
    const name = parameters.get(`Filter.${i}.Name`)
    if (name === null) return filters
    const values = numbered(parameters, `Filter.${i}.Value`)
    if (values.length > MOST_FILTER_VALUES)
      throw new ApiRefusal('FilterLimitExceeded', `The maximum number of filter values is ${MOST_FILTER_VALUES}`)
    filters.push({ name, values: new Set(values) })
  }
}
