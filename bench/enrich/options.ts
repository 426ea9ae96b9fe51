import { parsedOptions, UsageError } from '../command.ts'

export type BenchOptions = {
  readonly versions: number
  readonly records: number
  readonly recordsOfAnObject: number
  /** The stretch of the estate's time that the records of one kind of traffic are spread over. */
  readonly hours: number
  readonly rounds: number
  readonly seed: number
  readonly hasPeers: boolean
}

export const HELP = `npm run bench:enrich -- [options]

Makes flow logs of a made-up estate, has their records answered, and the answers counted, written into chDB and into files of
each form by one worker and by two, and has DuckDB, ClickHouse and plain gunzip read the same files. Every count is compared with the truth. Progress on stderr; on stdout
a table in Markdown and, as the last line, one JSON object.

  --quick          a million versions, 100,000 records, within a minute; to see that it works, not for figures
  --versions N     claim versions, ten to an address (10000000)
  --records N      records of each kind of traffic, a multiple of those of an object (10000000)
  --object N       records of one object (50000)
  --hours N        over how much of the estate's 25 days the records are spread: the fewer, the denser (599; quick 6)
  --rounds N       times that each is timed; the median counts (3)
  --no-peers       leave DuckDB and ClickHouse out
  --seed N         another estate, other traffic (1)
  --help

  npm run bench:enrich
  npm run bench:enrich -- --quick
  npm run bench:enrich -- --versions 1000000 --records 1000000 --rounds 5
`

/** Of the estate's 600; records keep from its edges. */
const MOST_HOURS = 599

const FULL = { versions: 10_000_000, records: 10_000_000, rounds: 3, hours: MOST_HOURS }
/** As dense as the full ones are by the day: a store has a part for each day of an insert. */
const QUICK = { versions: 1_000_000, records: 100_000, rounds: 1, hours: 6 }

/** Undefined where help was asked for. @throws UsageError */
export function optionsOf(args: readonly string[]): BenchOptions | undefined {
  const values = parse(args)
  if (values.help) return undefined
  const defaults = values.quick ? QUICK : FULL
  const number = (name: 'versions' | 'records' | 'object' | 'hours' | 'rounds' | 'seed', otherwise: number): number => {
    const value = values[name] === undefined ? otherwise : Number(values[name])
    if (Number.isInteger(value) && value > 0) return value
    throw new UsageError(`--${name} ${values[name]}: a whole number above 0`)
  }
  const versions = number('versions', defaults.versions)
  if (versions % 10 !== 0) throw new UsageError(`--versions ${versions}: a multiple of ten, as each address has ten`)
  const records = number('records', defaults.records)
  const recordsOfAnObject = number('object', 50_000)
  if (records % recordsOfAnObject !== 0 || records < 2 * recordsOfAnObject) {
    throw new UsageError(`--records ${records}: at least twice ${recordsOfAnObject} (--object), and a multiple of it`)
  }
  const hours = number('hours', defaults.hours)
  if (hours > MOST_HOURS) throw new UsageError(`--hours ${hours}: ${MOST_HOURS} at most`)
  return {
    versions,
    records,
    recordsOfAnObject,
    hours,
    rounds: number('rounds', defaults.rounds),
    seed: number('seed', 1),
    hasPeers: !values['no-peers'],
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  return parsedOptions(args, {
    versions: text,
    records: text,
    object: text,
    hours: text,
    rounds: text,
    seed: text,
    quick: flag,
    'no-peers': flag,
    help: { ...flag, short: 'h' },
  })
}
