import { storeErrors } from './errors.ts'

/**
 * The only engine settings that a statement may carry. They are written into the statement itself: given to the client
 * apart, the embedded engine would keep them for every later statement, and would take SQL in their values.
 */
export type StatementSettings = {
  readonly max_execution_time: number
  readonly output_format_json_quote_64bit_integers?: 1
  readonly max_partitions_per_insert_block?: number
  readonly optimize_on_insert?: 0
  /** See `safeToken`. */
  readonly insert_deduplication_token?: string
}

const ALLOWED: ReadonlySet<string> = new Set<keyof StatementSettings>([
  'max_execution_time',
  'output_format_json_quote_64bit_integers',
  'max_partitions_per_insert_block',
  'optimize_on_insert',
  'insert_deduplication_token',
])

/** A token may have 1 to 200 letters, digits, ":", "_", "." and "-"; anything else could end its quotes. */
export const safeToken = (text: string): boolean => /^[A-Za-z0-9:_.-]{1,200}$/.test(text)

/** The SETTINGS clause. Throws WHOHAD_STORE_STATEMENT_REFUSED for a name or a value outside the closed list. */
export function settingsClause(settings: StatementSettings): string {
  const parts = Object.entries(settings).map(([name, value]) => {
    const text = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? String(value) : quoted(value)
    if (!ALLOWED.has(name) || text === undefined)
      throw storeErrors.statementRefused({ statement: name, reason: 'a setting outside the closed list' })
    return `${name} = ${text}`
  })
  return `SETTINGS ${parts.join(', ')}`
}

const quoted = (value: unknown): string | undefined =>
  typeof value === 'string' && safeToken(value) ? `'${value}'` : undefined
