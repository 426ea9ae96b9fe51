import { parsedOptions, UsageError } from '../command.ts'

export type Mix = 'ipv4' | 'half-ipv6'

export type BenchOptions = {
  readonly versions: number
  readonly mixes: readonly Mix[]
  readonly probes: number
  readonly rounds: number
  readonly seed: number
  readonly claims: number
  readonly straddling: number
  readonly hasPeers: boolean
  /** Whether the C library asks Linux for huge pages, for every engine alike. */
  readonly hugePages: boolean
  /** Seconds after which nothing more is begun; Infinity where it takes what it takes. */
  readonly budgetSeconds: number
}

export const HELP = `npm run bench:index -- [options]

Builds the look-up index of a made-up estate, asks it, checks every answer against the truth, and asks DuckDB and
ClickHouse the same. Progress on stderr; on stdout a table in Markdown and, as the last line, one JSON object.

  --quick          a million versions, few probes, ends within a minute; to see that it works, not for figures
  --versions N     claim versions, ten to an address (10000000); above ten million the peers are left out
  --mix MIX        ipv4, half-ipv6, or both, one after the other (both)
  --probes N       look-ups of each kind (2000000)
  --rounds N       times that each is timed; the best counts (5)
  --claims N       whole claims that the ledger is measured with, 0 for none (1000000)
  --peers, --no-peers
                   ask DuckDB and ClickHouse too, which takes longer than all the rest, or not
  --no-huge-pages  do not ask Linux for huge pages, which every engine is given otherwise
  --seed N         another estate (1)
  --help

  npm run bench:index
  npm run bench:index -- --quick
  npm run bench:index -- --versions 100000000 --mix ipv4       about 7 GB of memory
  npm run bench:index -- --mix ipv4 --no-peers --rounds 9
`

const FULL = { versions: 10_000_000, probes: 2_000_000, rounds: 5, claims: 1_000_000 }
const QUICK = { versions: 1_000_000, probes: 100_000, rounds: 3, claims: 20_000 }
const QUICK_SECONDS = 50
const MOST_FOR_PEERS = 10_000_000
const MOST_TO_STRADDLE = 10_000_000

/** Undefined where help was asked for. @throws UsageError */
export function optionsOf(args: readonly string[]): BenchOptions | undefined {
  const values = parse(args)
  if (values.help) return undefined
  const defaults = values.quick ? QUICK : FULL
  const number = (name: 'versions' | 'probes' | 'rounds' | 'claims' | 'seed', otherwise: number, least = 1): number => {
    const value = values[name] === undefined ? otherwise : Number(values[name])
    if (Number.isInteger(value) && value >= least) return value
    throw new UsageError(`--${name} ${values[name]}: a whole number, ${least} or more`)
  }
  const versions = number('versions', defaults.versions)
  if (versions % 10 !== 0) throw new UsageError(`--versions ${versions}: a multiple of ten, as each address has ten`)
  const mix = values.mix ?? 'both'
  if (mix !== 'ipv4' && mix !== 'half-ipv6' && mix !== 'both') {
    throw new UsageError(`--mix ${mix}: ipv4, half-ipv6 or both`)
  }
  if (values.peers && values['no-peers']) throw new UsageError('--peers and --no-peers: one of them')
  if (values.peers && mix === 'half-ipv6')
    throw new UsageError('--peers: they are asked about IPv4, with --mix ipv4 or both')
  return {
    versions,
    mixes: mix === 'both' ? ['ipv4', 'half-ipv6'] : [mix],
    probes: number('probes', defaults.probes),
    rounds: number('rounds', defaults.rounds),
    seed: number('seed', 1),
    claims: number('claims', defaults.claims, 0),
    straddling: Math.min(versions, MOST_TO_STRADDLE),
    hasPeers: values.peers ?? (!values['no-peers'] && versions <= MOST_FOR_PEERS),
    hugePages: !values['no-huge-pages'],
    budgetSeconds: values.quick ? QUICK_SECONDS : Number.POSITIVE_INFINITY,
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  return parsedOptions(args, {
    versions: text,
    mix: text,
    probes: text,
    rounds: text,
    claims: text,
    seed: text,
    quick: flag,
    peers: flag,
    'no-peers': flag,
    'no-huge-pages': flag,
    help: { ...flag, short: 'h' },
  })
}
