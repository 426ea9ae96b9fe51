import { parsedOptions, UsageError } from '../command.ts'

export type BenchOptions = {
  readonly addresses: number
  /** Addresses of the estate in which a change becomes visible. */
  readonly visibleAmong: number
  readonly changes: number
  /** Minutes for which handoffs are polled, to see how many ends of flows are owned. */
  readonly minutes: number
}

export const HELP = `npm run bench:pollers -- [options]

Polls a made-up account and region whose interfaces hold so many addresses: the first poll, one that finds nothing new, and one
that finds one address in a hundred in other hands. Then measures, in the embedded pipeline, how long a change takes from the
reply that shows it to the look-up that names it; and what share of flow ends is owned where addresses change hands with a
median of ten minutes, by polls alone and with targeted looks. Progress on stderr; on stdout tables in Markdown and, as the
last line, one JSON object.

  --quick           100,000 addresses, within a minute; to see that it works, not for figures
  --addresses N     addresses of the estate that is polled (1000000)
  --visible-among N addresses of the estate in which changes become visible (20000)
  --changes N       polls with a change that is waited for (20)
  --help

  npm run bench:pollers
  npm run bench:pollers -- --quick
`

/** Undefined where help was asked for. @throws UsageError */
export function optionsOf(args: readonly string[]): BenchOptions | undefined {
  const values = parse(args)
  if (values.help) return undefined
  const number = (name: 'addresses' | 'visible-among' | 'changes', otherwise: number, least: number): number => {
    const value = values[name] === undefined ? otherwise : Number(values[name])
    if (Number.isInteger(value) && value >= least) return value
    throw new UsageError(`--${name} ${values[name]}: a whole number, at least ${least}`)
  }
  return {
    addresses: number('addresses', values.quick ? 100_000 : 1_000_000, 1000),
    visibleAmong: number('visible-among', values.quick ? 5000 : 20_000, 1000),
    changes: number('changes', values.quick ? 5 : 20, 1),
    minutes: values.quick ? 45 : 180,
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  return parsedOptions(args, {
    addresses: text,
    'visible-among': text,
    changes: text,
    quick: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  })
}
