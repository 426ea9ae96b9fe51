import type { FlowEnd } from '../../store/port.ts'
import { enricherErrors } from '../errors.ts'

type EndField = { readonly name: string; readonly of: (end: FlowEnd) => string }

/** What is said of an end, in the order of the columns; empty where there is nothing to say. */
const END_FIELDS: readonly EndField[] = [
  { name: 'state', of: ({ state }) => state },
  { name: 'reason', of: ({ reason }) => reason },
  { name: 'application', of: ({ application }) => application },
  { name: 'resource_id', of: ({ resourceId }) => resourceId },
  { name: 'cluster', of: ({ cluster }) => cluster },
  { name: 'account', of: ({ account }) => account },
  { name: 'region', of: ({ region }) => region },
  { name: 'zone', of: ({ zone }) => zone },
  { name: 'layer', of: ({ layer }) => layer },
  { name: 'claim_id', of: ({ claimId }) => claimId },
  { name: 'domain', of: ({ domain }) => domain },
  // A list in one field: no resource id can be taken for two, whatever stands in it.
  { name: 'candidates', of: ({ candidates }) => (candidates.length === 0 ? '' : JSON.stringify(candidates)) },
  { name: 'service', of: ({ service }) => service },
]

/** Names of the columns that an output has beyond those of its input. */
export const ADDED_COLUMNS: readonly string[] = ['src', 'dst'].flatMap(side =>
  END_FIELDS.map(({ name }) => `${side}_${name}`),
)

/** The added fields of a record, in the order of ADDED_COLUMNS. */
export const addedFields = (source: FlowEnd, destination: FlowEnd): readonly string[] => [
  ...END_FIELDS.map(({ of }) => of(source)),
  ...END_FIELDS.map(({ of }) => of(destination)),
]

/** Those of a record without an answer. */
export const NOTHING_ADDED: readonly string[] = ADDED_COLUMNS.map(() => '')

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
export function refuseAnnotated(columns: readonly string[]): void {
  const twice = columns.find(name => ADDED_COLUMNS.includes(inSql(name)))
  if (twice !== undefined) throw enricherErrors.alreadyAnnotated({ column: twice })
}

export const areSame = (one: readonly string[], other: readonly string[]): boolean =>
  one === other || (one.length === other.length && one.every((name, i) => name === other[i]))

/** @throws WHOHAD_OUTPUT_COLUMNS_CHANGED unless these are the columns that the output began with */
export function requireSameColumns(first: readonly string[], columns: readonly string[]): void {
  if (areSame(first, columns)) return
  throw enricherErrors.outputColumnsChanged({ column: columns.find((name, i) => name !== first[i]) ?? '' })
}
