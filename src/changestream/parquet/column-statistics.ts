import type { Statistics } from 'hyparquet'
import type { PlainType } from './plain-values.ts'

/** The least and the greatest of a column's values, and how many rows have none. Values that nobody compares may be none. */
export function statisticsOf(values: ArrayLike<string | number>, type: PlainType, nulls: number): Statistics {
  let [least, greatest] = [values[0], values[0]]
  for (let i = 1; i < values.length; i++) {
    const value = values[i] as string | number
    if (least === undefined || value < least) least = value
    if (greatest === undefined || value > greatest) greatest = value
  }
  if (least === undefined || greatest === undefined) return { null_count: BigInt(nulls) }
  const toPhysical = (value: string | number) => (type === 'INT64' ? BigInt(value) : value)
  return { min_value: toPhysical(least), max_value: toPhysical(greatest), null_count: BigInt(nulls) }
}
