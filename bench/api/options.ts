import { parsedOptions, UsageError } from '../command.ts'

export type BenchOptions = {
  readonly claims: number
  /** Of each of the two runs of single look-ups. */
  readonly seconds: number
  /** Lines of each CSV, and of the netstat text. */
  readonly lines: number
  readonly rounds: number
  readonly seed: number
  /** A data folder that is made where it is missing, and kept; undefined where it goes with the run. */
  readonly data: string | undefined
}

export const HELP = `npm run bench:api -- [options]

Starts whohad on a folder with a checkpoint of many claims, with API keys, rate limit and audit log on, and asks it on loopback from
other processes: single look-ups, CSV in bulk, netstat text. A sample of the answers is compared with the truth; a wrong
one ends the run with 1. Progress on stderr; on stdout a table in Markdown and, as the last line, one JSON object.

  --quick          200,000 claims, within a minute; to see that it works, not for figures
  --claims N       claim versions, ten to an address (10000000)
  --seconds N      how long single look-ups are asked, at full rate and again at half (20)
  --lines N        lines of each CSV and of the netstat text (2000000)
  --rounds N       times that each stream is sent; the median counts (3)
  --data FOLDER    make the claims there, or take those that are there already, and keep them
  --seed N         another estate (1)
  --help

  npm run bench:api
  npm run bench:api -- --quick
  npm run bench:api -- --claims 1000000 --data .cache/bench/api-1m
`

const FULL = { claims: 10_000_000, seconds: 20, lines: 2_000_000, rounds: 3 }
const QUICK = { claims: 200_000, seconds: 3, lines: 500_000, rounds: 1 }

/** Undefined where help was asked for. @throws UsageError */
export function optionsOf(args: readonly string[]): BenchOptions | undefined {
  const values = parse(args)
  if (values.help) return undefined
  const defaults = values.quick ? QUICK : FULL
  const number = (name: keyof typeof FULL | 'seed', otherwise: number): number => {
    const value = values[name] === undefined ? otherwise : Number(values[name])
    if (Number.isInteger(value) && value > 0) return value
    throw new UsageError(`--${name} ${values[name]}: a whole number above 0`)
  }
  const claims = number('claims', defaults.claims)
  if (claims % 10 !== 0) throw new UsageError(`--claims ${claims}: a multiple of ten, as each address has ten`)
  return {
    claims,
    seconds: number('seconds', defaults.seconds),
    lines: number('lines', defaults.lines),
    rounds: number('rounds', defaults.rounds),
    seed: number('seed', 1),
    data: values.data,
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  return parsedOptions(args, {
    claims: text,
    seconds: text,
    lines: text,
    rounds: text,
    data: text,
    seed: text,
    quick: flag,
    help: { ...flag, short: 'h' },
  })
}
