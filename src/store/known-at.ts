import { covers } from '../ownership/prefix.ts'
import type { Millis } from '../ownership/window.ts'
import { CHANGE_ROWS, type ChangeRows } from './change-rows.ts'
import type { Executor, Parameter } from './executor.ts'
import { OwnersMemo } from './owners-memo.ts'
import type { AskedPlace, StoredChange } from './port.ts'

/** A reply is held in memory whole. */
const PAGE_ROWS = 50_000

/** `Store.changesAbout` */
export async function changesAbout(
  executor: Executor,
  place: AskedPlace,
  asOfMs: Millis,
): Promise<readonly StoredChange[]> {
  const reader = new Reader(executor, asOfMs)
  const { domain, ips } = place
  const ofPlace = 'domain = {domain:String} AND prefix IN {prefixes:Array(String)}'
  const claims = await reader.all('claims', ofPlace, { domain, prefixes: place.prefixes })
  // It makes the domain known.
  const another = claims.length > 0 ? [] : await reader.one('claims', 'domain = {domain:String}', { domain })
  const sources = await reader.all('sources', '1', {})
  const named = new Set(claims.map(({ change }) => (change.record === 'claim' ? change.source : '')))
  for (const { change } of sources) {
    if (change.record !== 'source') continue
    const { scope } = change
    if (scope.some(part => part.domain === domain && ips.some(ip => covers(part.prefix, ip)))) named.add(change.source)
  }
  const polls = await reader.all('coverage', 'source IN {sources:Array(String)}', { sources: [...named] })
  const horizons = await reader.all('horizons', 'domain = {domain:String}', { domain })
  return [...claims, ...another, ...sources, ...polls, ...horizons].sort(
    (a, b) => a.partition - b.partition || a.offset - b.offset,
  )
}

class Reader {
  private readonly executor: Executor
  private readonly asOfMs: Millis
  private readonly owners = new OwnersMemo()

  constructor(executor: Executor, asOfMs: Millis) {
    this.executor = executor
    this.asOfMs = asOfMs
  }

  async all(table: string, where: string, parameters: Parameters): Promise<readonly StoredChange[]> {
    const found: StoredChange[] = []
    for (let [partition, offset] = [-1, -1]; ; ) {
      const after = { after_partition: partition, after_offset: offset }
      const page = await this.page(table, where, { ...parameters, ...after }, PAGE_ROWS)
      found.push(...page)
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE_ROWS) return found
      partition = last.partition
      offset = last.offset
    }
  }

  one(table: string, where: string, parameters: Parameters): Promise<readonly StoredChange[]> {
    return this.page(table, where, { ...parameters, after_partition: -1, after_offset: -1 }, 1)
  }

  private async page(
    table: string,
    where: string,
    parameters: Parameters,
    most: number,
  ): Promise<readonly StoredChange[]> {
    const rows = rowsOf(table)
    const reply = await this.executor.reply(statement(rows, where), { ...parameters, as_of: this.asOfMs, most })
    const changes: StoredChange[] = []
    while (reply.next()) {
      const partition = reply.whole()
      const offset = reply.whole()
      const loggedAtMs = reply.whole()
      changes.push({ change: rows.changeOf(reply, this.owners), partition, offset, loggedAtMs })
    }
    return changes
  }
}

type Parameters = Readonly<Record<string, Parameter>>

function rowsOf(table: string): ChangeRows {
  const found = CHANGE_ROWS.find(rows => rows.table === table)
  if (found === undefined) throw new TypeError(`no table of changes is called ${table}`)
  return found
}

/** Each change once, however often it was inserted. */
const statement = ({ table, columns }: ChangeRows, where: string): string => `
  SELECT stream_partition, stream_offset, logged_at_ms, ${columns.join(', ')} FROM ${table}
  WHERE ${where} AND logged_at_ms <= {as_of:Int64}
    AND (stream_partition, stream_offset) > ({after_partition:Int32}, {after_offset:Int64})
  ORDER BY stream_partition, stream_offset LIMIT 1 BY stream_partition, stream_offset LIMIT {most:Int64}`
