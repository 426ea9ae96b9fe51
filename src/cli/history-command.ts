import type { Static } from 'typebox'
import { type HistorySchema, historyRoute } from '../api/history-route.ts'
import { parseQuestion } from '../api/question.ts'
import { systemClock } from '../runtime/clock.ts'
import { asKnownAt, between, partsTable, timeOf, titled } from './answer-table.ts'
import { openAnswerer } from './answerer.ts'
import { colors } from './colors.ts'
import { cliErrors } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import type { AskedPlace } from './known-index.ts'
import { printableWithin } from './printable.ts'
import { queryOf } from './query.ts'
import type { Settings } from './settings.ts'
import { tableFor } from './table.ts'
import { isTerminal, print, say } from './terminal.ts'

type HistoryJson = Static<typeof HistorySchema>

export type HistoryOptions = AskedPlace & {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly asOf?: string | undefined
  readonly limit?: number | undefined
  readonly json: boolean
}

/**
 * Prints an address's life: tables on a terminal, one JSON object, as `GET /v1/ips/{ip}/history` has it, elsewhere. `words`
 * are the address and perhaps its domain. Exit code 0, or 5 where more is known than was shown.
 */
export async function history(words: string, settings: Settings, options: HistoryOptions): Promise<number> {
  const { ip, domain } = placeIn(words)
  const { from, to, asOf, limit, json } = options
  const answerer = await openAnswerer(settings, options, historyRoute)
  try {
    const isOpen = from !== undefined && to === undefined
    const span = { from: to !== undefined ? (from ?? '0') : from, to: isOpen ? 'now' : to }
    const query = queryOf({ domain, ...span, limit, as_of: asOf })
    const body = await answerer.get(`/v1/ips/${encodeURIComponent(ip)}/history${query}`)
    // Both ends of this are the same schema.
    const found = JSON.parse(body) as HistoryJson
    print(isTerminal() && !json ? historyTable(printableWithin(found)) : JSON.stringify(found))
    return isWhole(found) ? EXIT.done : EXIT.partial
  } finally {
    await answerer.close()
  }
}

function placeIn(words: string): { readonly ip: string; readonly domain: string | undefined } {
  const nowMs = systemClock.now()
  const { ip, domain, atMs, port } = parseQuestion(words, nowMs)
  if (atMs === nowMs && port === undefined) return { ip, domain }
  throw cliErrors.usage({ message: 'A history is of an address; give --from and --to for a part of it.' })
}

function isWhole({ life, claims, claimsTotal }: HistoryJson): boolean {
  if (life.parts.length === life.total && claims.length === claimsTotal) return true
  const ofLife = `the first ${life.parts.length} of ${life.total} parts`
  say(`Shown are ${ofLife} and the last ${claims.length} of ${claimsTotal} claims: give --limit, --from and --to.`)
  return false
}

function historyTable(found: HistoryJson): string {
  const { ip, domain, during, asOf, life, claims, claimsTotal, watermark, final } = found
  const span = `from ${timeOf(during.from)} until ${timeOf(during.until)}`
  const head = `${colors.bold(ip)} in ${domain}, ${span}${asKnownAt(asOf)}`
  const known = watermark ? `Known up to ${watermark.iso}.` : 'No source watches this address.'
  return [
    head,
    titled('Who had it', partsTable(life.parts), life.parts, life.total),
    titled('What the sources say', claimsTable(claims), claims, claimsTotal),
    colors.dim(`${known} ${final ? 'This is final.' : 'The end of it may still change.'}`),
  ].join('\n')
}

function claimsTable(claims: HistoryJson['claims']): string {
  const table = tableFor(process.stdout, ['source, held as', 'owner', 'since', 'until', 'state'])
  for (const { source, layer, prefix, ports, owners, start, end, state } of claims) {
    const held = `${prefix}${ports ? ` ports ${ports.first}-${ports.last}` : ''} at layer ${layer}`
    const names = owners.map(owner => `${owner.application ?? 'unnamed'}\n${owner.kind} ${owner.resourceId}`)
    table.push([`${source}\n${held}`, names.join('\n'), onLines(between(start)), onLines(between(end)), state])
  }
  return table.toString()
}

const onLines = (bounds: string): string => bounds.replace(' and ', '\nand ')
