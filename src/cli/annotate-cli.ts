import { availableParallelism } from 'node:os'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { SinkForm } from '../enricher/sinks/port.ts'
import type { CommandParts } from './changes-cli.ts'

type AnnotateFlags = {
  readonly config?: string
  readonly data?: string
  readonly as: SinkForm
  readonly gzip?: boolean
  readonly out: string
  readonly again?: boolean
  readonly sightings?: boolean
  readonly claims?: string
  readonly from?: string
  readonly to?: string
  readonly at?: string
  readonly format?: string
  readonly slack: number
  readonly jobs?: number
  readonly region?: string
  readonly endpoint?: string
}

const FORMS: readonly SinkForm[] = ['ndjson', 'text', 'csv', 'parquet']

/** `whohad annotate`. */
export const annotateCommand = ({ withPlaces, settingsOf, untilStopped, time }: CommandParts): Command =>
  withPlaces(new Command('annotate'))
    .description(
      'attribute VPC Flow Logs: files, folders, patterns in quotes, s3://BUCKET/PREFIX, or "-" for standard input',
    )
    .argument('<inputs...>')
    .option('--out <folder>', 'one output for each input, with a manifest beside it; "-" is standard output', '-')
    .addOption(new Option('--as <form>', 'form of the output').choices(FORMS).default('ndjson'))
    .option('--gzip', 'compress the output; within the file for Parquet')
    .option('--claims <folder>', 'answer from this ownership bundle instead of the change stream')
    .option('--from <time>', 'only objects that may have records which end from then on', time)
    .option('--to <time>', 'only objects that may have records which end before', time)
    .option('--at <time>', 'time of records that carry none', time)
    .option('--format <fields>', 'field names of files without a header line')
    .option('--slack <seconds>', 'how much earlier than its start a record’s packets may be', seconds, 60)
    .option('--jobs <n>', 'with --out FOLDER: inputs at a time (default: one for each core)', jobs)
    .option('--sightings', 'read all inputs twice: first for what they show of interfaces (decision 19)')
    .option('--again', 'with --out FOLDER: also what is finished')
    .option('--region <region>', 'region of the buckets (default: as configured, or AWS_REGION)')
    .option('--endpoint <url>', 'S3 endpoint of the buckets (default: as configured, or the region’s own)')
    .addHelpText('after', HELP)
    .action(async (inputs: string[], _options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<AnnotateFlags>()
      const {
        gzip = false,
        again = false,
        sightings = false,
        jobs = availableParallelism(),
        slack: slackSeconds,
      } = flags
      const options = { ...flags, gzip, again, sightings, jobs, slackSeconds, untilStopped }
      const { annotate } = await import('./annotate-command.ts')
      process.exitCode = await annotate(inputs, settingsOf(flags), options)
    })

const HELP = `
With --out FOLDER a run that was killed is started again by the same command: it does what is left. Names are those of
the inputs below the folder, pattern or prefix that was given.

Examples:
  whohad annotate flows.log.gz --as text | less
  whohad annotate 'logs/2026/11/**/*.log.gz' --out annotated --as parquet
  whohad annotate s3://flow-logs/AWSLogs/ --from 2026-11-20T00:00Z --to 2026-11-21T00:00Z --out day --as parquet
  whohad annotate logs --out annotated --claims owners       from the bundle that "whohad claims export" wrote`

function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number of seconds.')
  return value
}

function jobs(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1 to 999.')
  return Number(text)
}
