import { enricherErrors } from '../errors.ts'
import type { EndFields } from './end-parts.ts'
import type { EndText } from './end-texts.ts'

type EndField = { readonly name: string; readonly field: EndText | 'candidates' }

/** What is said of an end, in the order of the columns; empty where there is nothing to say. */
export const END_FIELDS: readonly EndField[] = [
  { name: 'state', field: 'state' },
  { name: 'reason', field: 'reason' },
  { name: 'application', field: 'application' },
  { name: 'resource_id', field: 'resourceId' },
  { name: 'cluster', field: 'cluster' },
  { name: 'account', field: 'account' },
  { name: 'region', field: 'region' },
  { name: 'zone', field: 'zone' },
  { name: 'layer', field: 'layer' },
  { name: 'claim_id', field: 'claimId' },
  { name: 'domain', field: 'domain' },
  { name: 'candidates', field: 'candidates' },
  { name: 'service', field: 'service' },
]

/** A list in one field: no resource id can be taken for two, whatever stands in it. */
export const textOfList = (candidates: readonly string[]): string =>
  candidates.length === 0 ? '' : JSON.stringify(candidates)

/** One of these of an end; empty where there is nothing to say. */
export const textOfField = (end: EndFields, { field }: EndField): string =>
  field === 'candidates' ? textOfList(end.candidates) : end[field]

/** Names of the columns that an output has beyond those of its input. */
export const ADDED_COLUMNS: readonly string[] = ['src', 'dst'].flatMap(side =>
  END_FIELDS.map(({ name }) => `${side}_${name}`),
)

/** The name of a flow log field where columns are named for SQL. */
export const inSql = (name: string): string => name.replaceAll('-', '_')

/**
 * Names of all columns of an output with columns that are fixed. @throws WHOHAD_ALREADY_ANNOTATED where the input has one
 * of the added ones.
 */
export function allColumns(columns: readonly string[]): readonly string[] {
  refuseAnnotated(columns)
  return [...columns.map(inSql), ...ADDED_COLUMNS]
}

/** Two columns of one name would be told apart by nobody. @throws WHOHAD_ALREADY_ANNOTATED */
export function refuseAnnotated(columns: readonly string[], added = ADDED_COLUMNS): void {
  const twice = columns.find(name => added.includes(inSql(name)))
  if (twice !== undefined) throw enricherErrors.alreadyAnnotated({ column: twice })
}

export const areSame = (one: readonly string[], other: readonly string[]): boolean =>
  one === other || (one.length === other.length && one.every((name, i) => name === other[i]))

/** @throws WHOHAD_OUTPUT_COLUMNS_CHANGED unless these are the columns that the output began with */
export function requireSameColumns(first: readonly string[], columns: readonly string[]): void {
  if (areSame(first, columns)) return
  throw enricherErrors.outputColumnsChanged({ column: columns.find((name, i) => name !== first[i]) ?? '' })
}
