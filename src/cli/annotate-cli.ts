import { availableParallelism } from 'node:os'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { SinkForm } from '../enricher/sinks/port.ts'
import type { CommandParts } from './changes-cli.ts'
import { threadPoolSize } from './running-cli.ts'

type AnnotateFlags = {
  readonly config?: string
  readonly data?: string
  readonly as: SinkForm | typeof INTO_STORE
  readonly gzip?: boolean
  readonly out: string
  readonly again?: boolean
  readonly sightings?: boolean
  readonly claims?: string
  readonly domainRules?: string
  readonly deadLetters?: string
  readonly from?: string
  readonly to?: string
  readonly at?: string
  readonly domain?: string
  readonly zone?: string
  readonly url?: string
  readonly format?: string
  readonly slack: number
  readonly jobs?: number
  readonly region?: string
  readonly endpoint?: string
}

const FORMS: readonly SinkForm[] = ['ndjson', 'text', 'csv', 'parquet']
/** No form of an output: the rows go where the enricher's go. */
const INTO_STORE = 'clickhouse'

/** `whohad annotate`. */
export const annotateCommand = ({ withPlaces, settingsOf, askedPlaceOf, untilStopped, time }: CommandParts): Command =>
  withPlaces(new Command('annotate'))
    .description(
      'name the owners in VPC Flow Logs (files, folders, patterns in quotes, s3://BUCKET/PREFIX) or in any text',
    )
    .argument('[inputs...]', 'of flow logs, or files with any text; "-", or none, is standard input')
    .option('--out <folder>', 'one output for each input, with a manifest beside it; "-" is standard output', '-')
    .addOption(
      new Option('--as <form>', 'form of the output; clickhouse is the configured store')
        .choices([...FORMS, INTO_STORE])
        .default('ndjson'),
    )
    .option('--gzip', 'compress the output; within the file for Parquet')
    .option(
      '--claims <place>',
      'answer from this ownership bundle (a folder, https:// or s3://), not the change stream',
    )
    .option('--domain-rules <file|rules>', 'which VPC is in which routing domain, instead of the configured rules')
    .option('--dead-letters <file>', 'with --out -: keep what could not be read there, as NDJSON')
    .option('--from <time>', 'only objects that may have records which end from then on', time)
    .option('--to <time>', 'only objects that may have records which end before', time)
    .option('--at <time>', 'time of records that carry none, and of lines of a text (default there: now)', time)
    .option('--domain <domain>', 'of any text: routing domain of its addresses (default: decided for each)')
    .option('--zone <offset>', 'of any text: how far stamps without a zone are ahead of UTC, like +02:00')
    .option('--url <url>', 'of any text: ask the whohad server there (default: WHOHAD_URL)')
    .option('--format <fields>', 'field names of files without a header line')
    .option('--slack <seconds>', 'how much earlier than its start a record’s packets may be', seconds, 60)
    .option('--jobs <n>', 'with --out FOLDER: inputs at a time (default: one for each core)', jobs)
    .option('--sightings', 'read all inputs twice: first for what they show of interfaces (decision 19)')
    .option('--again', 'with --out FOLDER: also what is finished')
    .option('--region <region>', 'region of the buckets (default: as configured, or AWS_REGION)')
    .option('--endpoint <url>', 'S3 endpoint of the buckets (default: as configured, or the region’s own)')
    .addHelpText('after', HELP)
    .action(async (names: string[], _options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<AnnotateFlags>()
      const inputs = names.length > 0 ? names : ['-']
      if (names.length === 0 && process.stdin.isTTY) return command.help({ error: true })
      if (await areTexts(inputs, command)) {
        const { annotateTexts } = await import('./annotate-text-command.ts')
        const { at, domain, zone } = flags
        const options = { ...askedPlaceOf(flags), at, domain, zone }
        process.exitCode = await annotateTexts(inputs, await settingsOf(flags), options)
        return
      }
      const {
        gzip = false,
        again = false,
        sightings = false,
        jobs = availableParallelism(),
        slack: slackSeconds,
      } = flags
      const intoStore = { as: 'ndjson', isIntoStore: true, threadPoolSize: threadPoolSize() } as const
      const into = flags.as === INTO_STORE ? intoStore : { as: flags.as }
      const options = { ...flags, ...into, gzip, again, sightings, jobs, slackSeconds, untilStopped }
      const { annotate } = await import('./annotate-command.ts')
      process.exitCode = await annotate(inputs, await settingsOf(flags), options)
    })

/** What only flow logs can be asked for. */
const OF_FLOW_LOGS = ['out', 'as', 'gzip', 'domainRules', 'deadLetters', 'from', 'to', 'format', 'slack'].concat([
  'jobs',
  'sightings',
  'again',
  'region',
  'endpoint',
])
const OF_TEXTS = ['domain', 'zone', 'url']

/** Whether the inputs are any text: as the options say, else as the inputs look. */
async function areTexts(inputs: readonly string[], command: Command): Promise<boolean> {
  const isGiven = (name: string) => (command.getOptionValueSourceWithGlobals(name) ?? 'default') !== 'default'
  const [ofFlowLogs] = OF_FLOW_LOGS.filter(isGiven)
  const [ofTexts] = OF_TEXTS.filter(isGiven)
  if (ofFlowLogs !== undefined && ofTexts !== undefined) {
    return command.error(`error: --${ofTexts} is for any text, and --${dashed(ofFlowLogs)} for flow logs`)
  }
  if (ofFlowLogs !== undefined) return false
  if (ofTexts !== undefined) return true
  const { isPlainText } = await import('./plain-text.ts')
  for (const input of inputs) if (!(await isPlainText(input))) return false
  return true
}

const dashed = (name: string): string => name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

const HELP = `
Any text comes back as it was, each address with its owner behind it: {checkout}, {?checkout|search:handoff} where nobody is
certain, {-unowned}, {~internet}. Flow logs, known by their header line, --format or what they are (Parquet, CloudWatch's
envelope), come as one JSON object a record, or --as asks.

With --out FOLDER a run that was killed is started again by the same command: it does what is left. Names are those of
the inputs below the folder, pattern or prefix that was given.

Examples:
  netstat -tn | whohad annotate
  tcpdump -ttttnr x.pcap | whohad annotate --domain prod --zone +01:00
  ss -tn | whohad annotate --url http://127.0.0.1:7788
  whohad annotate flows.log.gz --as text | less
  whohad annotate 'logs/2026/11/**/*.log.gz' --out annotated --as parquet
  whohad annotate s3://flow-logs/AWSLogs/ --from 2026-11-20T00:00Z --to 2026-11-21T00:00Z --out day --as parquet
  whohad annotate logs --out annotated --domain-rules '[{domain: prod, account: "123456789012"}]'
  whohad annotate logs --out annotated --claims owners       from the bundle that "whohad claims export" wrote

Exit codes: 0 done; 1 failure, or stopped; 2 usage; 4 something unreachable; 5 something was left out.`

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
