import { type ParseArgsConfig, parseArgs } from 'node:util'

/** What was written on the command line is no such option, or no such value. */
export class UsageError extends Error {}

type OptionTypes = NonNullable<ParseArgsConfig['options']>

/** What was written on the command line. @throws UsageError */
export function parsedOptions<const Options extends OptionTypes>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** A benchmark of a command line: `optionsOf` gives undefined where help was asked for, and throws UsageError. */
export type BenchCommand<Options> = {
  /** As in `npm run bench:<name>`. */
  readonly name: string
  readonly help: string
  readonly optionsOf: (args: readonly string[]) => Options | undefined
  readonly measure: (options: Options) => Promise<void>
}

export async function runBench<Options>({ name, help, optionsOf, measure }: BenchCommand<Options>): Promise<void> {
  try {
    const options = optionsOf(process.argv.slice(2))
    if (options === undefined) console.log(help)
    else await measure(options)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\nnpm run bench:${name} -- --help tells of all options.`)
    process.exitCode = 2
  }
}
