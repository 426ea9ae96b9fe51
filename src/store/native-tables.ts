/** A table that files of Native blocks are inserted into, and the columns of those files with their types in the table. */
export type NativeTable = {
  readonly table: string
  readonly columns: readonly (readonly [name: string, type: string])[]
}

const LOW = 'LowCardinality(String)'

const endColumns = (side: 'src' | 'dst'): NativeTable['columns'] => [
  [`${side}_ip`, 'String'],
  [`${side}_port`, 'Int32'],
  [`${side}_domain`, LOW],
  [`${side}_state`, LOW],
  [`${side}_reason`, LOW],
  [`${side}_app`, LOW],
  [`${side}_resource`, 'String'],
  [`${side}_cluster`, LOW],
  [`${side}_account`, LOW],
  [`${side}_region`, LOW],
  [`${side}_zone`, LOW],
  [`${side}_layer`, LOW],
  [`${side}_claim`, 'String'],
  [`${side}_candidates`, 'Array(String)'],
  [`${side}_service`, LOW],
]

/** By these `flow_hours` tells ends apart. */
export const HOUR_END_COLUMNS = ['domain', 'state', 'app', 'cluster', 'account', 'zone', 'service'] as const

const groupColumns = (side: 'src' | 'dst'): NativeTable['columns'] =>
  HOUR_END_COLUMNS.map(column => [`${side}_${column}`, LOW])

/** As schemas/sql has them; a test compares the two. */
export const NATIVE_TABLES = {
  flows: {
    table: 'flows',
    columns: [
      ['object_id', 'String'],
      ['record', 'Int64'],
      ['generation', 'Int64'],
      ['start_seconds', 'Int64'],
      ['end_seconds', 'Int64'],
      ['account', LOW],
      ['interface_id', LOW],
      ['vpc', LOW],
      ['protocol', 'Int32'],
      ['packets', 'Int64'],
      ['bytes', 'Int64'],
      ['action', LOW],
      ['direction', LOW],
      ['interface_source', 'String'],
      ['interface_destination', 'String'],
      ...endColumns('src'),
      ...endColumns('dst'),
    ],
  },
  flow_hours: {
    table: 'flow_hours',
    columns: [
      ['object_id', 'String'],
      ['generation', 'Int64'],
      ['hour_seconds', 'Int64'],
      ['action', LOW],
      ['direction', LOW],
      ...groupColumns('src'),
      ...groupColumns('dst'),
      ['flows', 'Int64'],
      ['bytes', 'Int64'],
      ['packets', 'Int64'],
    ],
  },
  dead_letters: {
    table: 'dead_letters',
    columns: [
      ['origin', 'String'],
      ['place', 'String'],
      ['reason', LOW],
      ['sample', 'String'],
      ['at_ms', 'Int64'],
    ],
  },
} as const satisfies Readonly<Record<string, NativeTable>>

export type NativeTableName = keyof typeof NATIVE_TABLES
