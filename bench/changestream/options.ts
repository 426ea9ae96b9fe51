import { parsedOptions, UsageError } from '../command.ts'

export const ADAPTERS = ['embedded', 'kafka'] as const
export type Adapter = (typeof ADAPTERS)[number]

export type BenchOptions = {
  readonly claims: number
  readonly claimsOfAPoll: number
  readonly adapters: readonly Adapter[]
  readonly compression: 'gzip' | 'none'
}

export const HELP = `npm run bench:changestream -- [options]

Writes the claims of a made-up estate to each adapter, reads them into an index, and checks what the index then answers.
Writer and reader are processes of their own. Progress on stderr; on stdout a table in Markdown and, as the last line,
one JSON object.

  --quick          200,000 claims, within a minute; to see that it works, not for figures
  --claims N       claims written, each revision counted (2000000); 10000000 takes some minutes and 6 GB of memory
  --poll N         claims of one poll, which are appended together (10000)
  --adapter NAME   embedded, kafka, or both, one after the other (both)
  --compression C  gzip or none, for Kafka (gzip)
  --help

  npm run bench:changestream
  npm run bench:changestream -- --quick
  npm run bench:changestream -- --claims 10000000 --adapter embedded
`

/** Undefined where help was asked for. @throws UsageError */
export function optionsOf(args: readonly string[]): BenchOptions | undefined {
  const values = parse(args)
  if (values.help) return undefined
  const number = (name: 'claims' | 'poll', otherwise: number): number => {
    const value = values[name] === undefined ? otherwise : Number(values[name])
    if (Number.isInteger(value) && value > 0 && value % 2 === 0) return value
    throw new UsageError(`--${name} ${values[name]}: an even number, as a claim begins and ends`)
  }
  const { adapter = 'both', compression = 'gzip' } = values
  if (adapter !== 'both' && adapter !== 'embedded' && adapter !== 'kafka') {
    throw new UsageError(`--adapter ${adapter}: embedded, kafka or both`)
  }
  if (compression !== 'gzip' && compression !== 'none')
    throw new UsageError(`--compression ${compression}: gzip or none`)
  return {
    claims: number('claims', values.quick ? 200_000 : 2_000_000),
    claimsOfAPoll: number('poll', 10_000),
    adapters: adapter === 'both' ? ADAPTERS : [adapter],
    compression,
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  return parsedOptions(args, {
    claims: text,
    poll: text,
    adapter: text,
    compression: text,
    quick: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  })
}
