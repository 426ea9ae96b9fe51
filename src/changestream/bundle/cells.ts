/** A row as a Parquet reader gives it. */
export type Row = Readonly<Record<string, unknown>>

/** Reads cells by name. All throw RangeError where the cell is something else, as in a table that others wrote. */
export type CellReader = {
  text(name: string): string
  textOrNull(name: string): string | null
  whole(name: string): number
  wholeOrNull(name: string): number | null
  flag(name: string): boolean
  json(name: string): unknown
}

export function cellReader(row: Row): CellReader {
  const found = <T>(name: string, value: T | null): T => {
    if (value === null) throw new RangeError(`column ${name} has nothing where it must have something`)
    return value
  }
  const textOrNull = (name: string): string | null => {
    const value = row[name] ?? null
    if (value === null || typeof value === 'string') return value
    throw new RangeError(`column ${name} is no text`)
  }
  const wholeOrNull = (name: string): number | null => {
    const value = row[name] ?? null
    if (value === null) return null
    const number = typeof value === 'bigint' ? Number(value) : value
    if (typeof number === 'number' && Number.isSafeInteger(number)) return number
    throw new RangeError(`column ${name} has ${String(value)}, which is no whole number`)
  }
  return {
    textOrNull,
    wholeOrNull,
    text: name => found(name, textOrNull(name)),
    whole: name => found(name, wholeOrNull(name)),
    flag(name) {
      const value = row[name]
      if (typeof value === 'boolean') return value
      throw new RangeError(`column ${name} is neither true nor false`)
    },
    json(name) {
      try {
        return JSON.parse(found(name, textOrNull(name)))
      } catch (error) {
        throw new RangeError(`column ${name} is no JSON`, { cause: error })
      }
    },
  }
}
