import { Command } from 'commander'
import type { AskedPlace } from './known-index.ts'
import type { Settings } from './settings.ts'
import type { SettingsLayers } from './settings-layers.ts'

type CommonOptions = { readonly config?: string; readonly data?: string }

/** Where answers come from. */
export type PlaceFlags = CommonOptions & { readonly url?: string; readonly claims?: string }

/** What every command line shares (main.ts). */
export type CommandParts = {
  readonly withPlaces: (command: Command) => Command
  /** The same, and a server or an ownership bundle instead. */
  readonly withAnswerers: (command: Command) => Command
  readonly settingsOf: (options: CommonOptions) => Promise<Settings>
  /** The same before it is checked. */
  readonly layersOf: (options: CommonOptions) => SettingsLayers
  readonly askedPlaceOf: (options: PlaceFlags) => AskedPlace
  readonly untilStopped: () => AbortSignal
  /** Refuses what is no time. */
  readonly time: (text: string) => string
  /** Refuses what is no whole number. */
  readonly wholeNumber: (text: string) => number
}

type ChangesFlags = PlaceFlags & {
  readonly follow?: boolean
  readonly since?: string
  readonly domain?: string
  readonly source?: string
  readonly json?: boolean
}

/** `whohad changes`, `whohad changes export` and `whohad changes import`. */
export function changesCommand(parts: CommandParts): Command {
  const { withPlaces, settingsOf, askedPlaceOf, untilStopped, time } = parts
  const changes = withPlaces(new Command('changes'))
    .description('print the change stream: what pollers saw, in the order in which it was logged')
    .option('--follow', 'go on as it grows, until Ctrl-C; also beside a running "whohad up"')
    .option('--since <time>', 'only what was logged from then on, by the log’s clock', time)
    .option('--domain <domain>', 'only this routing domain, with the polls of the sources that watch it')
    .option('--source <source>', 'only this source')
    .option('--url <url>', 'of the whohad server there (default: WHOHAD_URL)')
    .option('--json', 'one JSON object a line, also on a terminal')
    .addHelpText('after', CHANGES_HELP)
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ChangesFlags>()
      const { changes: print } = await import('./changes-command.ts')
      const { server, claims } = askedPlaceOf(options)
      if (claims !== undefined) return command.error('error: an ownership bundle has no change stream in it')
      process.exitCode = await print(await settingsOf(options), { ...options, server, signal: untilStopped() })
    })
  changes.addCommand(exportCommand(parts)).addCommand(importCommand(parts))
  for (const command of changes.commands) command.exitOverride().showHelpAfterError()
  return changes
}

const exportCommand = ({ withPlaces, settingsOf, untilStopped }: CommandParts): Command =>
  withPlaces(new Command('export'))
    .description('write the change stream, up to its present end, into one Avro file')
    .option('--out <file>', 'a file that is not there yet; "-" is standard output', '-')
    .option('--state', 'instead: what the stream comes to, as sorted NDJSON, to compare two streams byte for byte')
    .addHelpText('after', EXPORT_HELP)
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { out: string; state?: boolean }>()
      const { exportChanges } = await import('./export-command.ts')
      const { out, state = false } = options
      process.exitCode = await exportChanges(await settingsOf(options), { out, state, signal: untilStopped() })
    })

const importCommand = ({ withPlaces, settingsOf, untilStopped }: CommandParts): Command =>
  withPlaces(new Command('import'))
    .description('append an exported change stream to the configured one, embedded or Kafka')
    .argument('<file>', 'what "whohad changes export" wrote; "-" is standard input')
    .option('--append', 'also where the target has records already: to go on with an import that broke off')
    .addHelpText('after', IMPORT_HELP)
    .action(async (file: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { append?: boolean }>()
      const { importChanges } = await import('./import-command.ts')
      const { append = false } = options
      process.exitCode = await importChanges(file, await settingsOf(options), { append, signal: untilStopped() })
    })

const CHANGES_HELP = `
A table on a terminal, NDJSON in a pipe: every field as the Avro schemas have it (null where no bound is known), with
partition, offset, loggedAt, and fencedBy: the epoch of the successor that keeps a record from counting, or null.

Examples:
  whohad changes --since "5 min ago"
  whohad changes --follow --domain prod
  whohad changes --source ec2/123456789012/us-east-1 --since 2026-11-20T14:00Z
  whohad changes | jq -c 'select(.record == "progress" and .refused != null)'
  whohad changes --follow --url http://127.0.0.1:7788
  whohad changes export --out changes.avro      move it elsewhere: "whohad changes export --help"

Exit codes: 0 done; 1 failure; 2 usage; 4 the brokers are unreachable; 5 a record could not be read, or stopped half way.`

const EXPORT_HELP = `
Every record is in it, fenced and superseded ones too, in the order of its partition, with its log time and place; any Avro
tool opens it. It runs beside a "whohad up". A file appears only once it is whole.

Examples:
  whohad changes export --out changes.avro
  whohad changes export --state | sha256sum
  whohad changes export | WHOHAD_KAFKA__BROKERS=127.0.0.1:9092 whohad changes import -

Exit codes: 0 done; 1 failure; 2 usage; 4 the brokers are unreachable; 5 something of the stream is not in it.`

const IMPORT_HELP = `
Records keep their order per source, and every field. Not carried over: log times and places. The target's clock stamps the
records anew, so that as_of questions see the time of the import; offsets are the target's own. So do not point a store or a
checkpoint of the old stream at the new one: give the new one an empty data folder and database, which it fills by itself.
Stop the pollers of these sources first: records of a higher epoch would fence off what they write.
To repeat an import, whole or in part, changes no answer: of the same claim the same revision counts.

Examples:
  whohad changes import changes.avro --data new-folder
  WHOHAD_KAFKA__BROKERS=127.0.0.1:9092 whohad changes import changes.avro
  whohad changes import changes.avro --append   after it broke off

Exit codes: 0 done; 1 failure; 2 usage, or the target has records; 4 the brokers are unreachable; 5 not all was imported.`
