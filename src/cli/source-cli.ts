import { Command, InvalidArgumentError } from 'commander'
import { apiKeyOf } from './api-key.ts'
import type { CommandParts } from './changes-cli.ts'

type CommonFlags = { readonly config?: string; readonly data?: string; readonly json?: boolean }

/** `whohad poll` and `whohad poll accept`. */
export function pollCommand(parts: CommandParts): Command {
  const { withPlaces, settingsOf, untilStopped } = parts
  const poll = withPlaces(new Command('poll'))
    .description('poll the configured sources once, print what changed, and end; "whohad up" polls all the time')
    .option('--once', 'poll and publish')
    .option('--dry-run', 'poll and compare, and write nothing; also beside a running "whohad up"')
    .option('--source <source...>', 'only these, like ec2/123456789012/us-east-1')
    .option('--json', 'one JSON object a change, also on a terminal')
    .addHelpText('after', POLL_HELP)
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonFlags & { once?: boolean; dryRun?: boolean; source?: string[] }>()
      const { once = false, dryRun = false, source = [], json = false } = options
      if (once === false && dryRun === false) return command.help({ error: true })
      const { poll: pollNow } = await import('./poll-command.ts')
      process.exitCode = await pollNow(await settingsOf(options), {
        sources: source,
        isDry: dryRun,
        json,
        signal: untilStopped(),
      })
    })
  poll.addCommand(acceptCommand(parts))
  for (const command of poll.commands) command.exitOverride().showHelpAfterError()
  return poll
}

const acceptCommand = ({ withPlaces, settingsOf, untilStopped }: CommandParts): Command =>
  withPlaces(new Command('accept'))
    .description('look at a mass change that was not believed, and accept it')
    .option('--source <source>', 'whose newest poll was refused: empty-snapshot, size-drop or tags-vanished')
    .option('--yes', 'ask nobody')
    .option('--json', 'one JSON object a change, also on a terminal')
    .addHelpText('after', ACCEPT_HELP)
    .action(async (_options: unknown, command: Command) => {
      // "poll" has a --source of its own, for several, which takes what is meant for this one.
      const options = command.optsWithGlobals<CommonFlags & { source?: string | string[]; yes?: boolean }>()
      const [source, ...others] = [options.source ?? []].flat()
      if (source === undefined || others.length > 0) return command.error('error: accept needs one --source <source>')
      const { yes = false, json = false } = options
      const { acceptPoll } = await import('./accept-command.ts')
      process.exitCode = await acceptPoll(await settingsOf(options), { source, yes, json, signal: untilStopped() })
    })

/** `whohad sources list` and `whohad sources remove`. */
export function sourcesCommand({ withPlaces, settingsOf, untilStopped, time }: CommandParts): Command {
  const sources = new Command('sources')
    .description('the sources of the change stream')
    .addHelpText('after', SOURCES_HELP)
  sources
    .addCommand(
      withPlaces(new Command('list'))
        .description('print them: since when, how far, and whether they are configured here')
        .option('--json', 'one JSON object a line, also on a terminal')
        .addHelpText('after', SOURCES_HELP)
        .action(async (_options: unknown, command: Command) => {
          const options = command.optsWithGlobals<CommonFlags>()
          const { listSources } = await import('./sources-command.ts')
          process.exitCode = await listSources(await settingsOf(options), {
            json: options.json ?? false,
            signal: untilStopped(),
          })
        }),
    )
    .addCommand(
      withPlaces(new Command('remove'))
        .description('record that a source is gone for good: it holds nothing up any more, and its past stays')
        .argument('<source>')
        .option('--at <time>', 'as of when; not before its last complete poll (default: now)', time)
        .option('--yes', 'ask nobody')
        .addHelpText('after', REMOVE_HELP)
        .action(async (source: string, _options: unknown, command: Command) => {
          const options = command.optsWithGlobals<CommonFlags & { at?: string; yes?: boolean }>()
          const { removeSource } = await import('./sources-command.ts')
          const { at, yes = false } = options
          process.exitCode = await removeSource(await settingsOf(options), { source, at, yes, signal: untilStopped() })
        }),
    )
  for (const command of sources.commands) command.exitOverride().showHelpAfterError()
  return sources
}

/** `whohad doctor`. */
export const doctorCommand = ({ withPlaces, settingsOf, untilStopped }: CommandParts): Command =>
  withPlaces(new Command('doctor'))
    .description('say what is wrong here, with what is configured and with the sources, and how to mend it')
    .option('--url <url>', 'ask the whohad server there how it fares, and look at nothing here')
    .option('--timeout <seconds>', 'for each check (default: 10)', seconds, 10)
    .option('--json', 'one JSON object a finding, also on a terminal')
    .addHelpText('after', DOCTOR_HELP)
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonFlags & { url?: string; timeout: number }>()
      const { url, json = false, timeout: timeoutSeconds } = options
      const { doctor } = await import('./doctor-command.ts')
      process.exitCode = await doctor(await settingsOf(options), {
        url,
        token: apiKeyOf(process.env),
        json,
        timeoutSeconds,
        signal: untilStopped(),
      })
    })

function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 3600)) throw new InvalidArgumentError('It must be a number of seconds, up to 3600.')
  return value
}

const POLL_HELP = `
A line a change on a terminal (+ opened, - on its way out or closed, ~ otherwise), NDJSON in a pipe. --once takes the source over
for one poll; a poller that is running stands aside for it and takes over again. A folder has one writer: beside a "whohad up"
without Kafka only --dry-run is possible.

Examples:
  whohad poll --once                                            all sources, as for cron
  whohad poll --dry-run --source ec2/123456789012/us-east-1     what would change
  whohad poll accept --source ec2/123456789012/us-east-1        a mass change that is real

Exit codes: 0 every poll counts; 1 none does; 2 usage; 4 nothing could be reached; 5 some count, or called off.`

const ACCEPT_HELP = `
It lists, prints what would change and what is doubted, asks, lists again and publishes. What is worse than what was shown is
refused again, and nothing is accepted for later. Without Kafka stop "whohad up" first, and start it again behind it.

Example:
  whohad poll accept --source ec2/123456789012/us-east-1

Exit codes: 0 accepted, or not doubted any more; 1 not accepted, or nothing to accept; 2 usage; 4 unreachable; 5 called off.`

const DOCTOR_HELP = `
Looked at, side by side: the data folder, room on the disk, the API's port, files that the configuration names; for each account and
region whose the credentials are, until when, each permission (by dry runs) and EC2's clock; buckets and queues; Titus; brokers, topics
and their settings; the schema registry; the store, its migrations, rights and disks; the polls of every source. Nothing is changed.

Examples:
  whohad doctor
  whohad doctor --json | jq 'select(.status == "fail")'
  whohad doctor --url http://127.0.0.1:7788

Exit codes: 0 nothing failed; 1 something did; 2 usage; 4 something could not be reached; 5 called off.`

const SOURCES_HELP = `
Examples:
  whohad sources list
  whohad sources list | jq -r 'select(.isConfigured | not) | .source'
  whohad sources remove ec2/123456789012/us-east-1

Exit codes: 0 done; 1 failure; 2 usage; 4 the brokers are unreachable; 5 a record could not be read, or called off.`

const REMOVE_HELP = `
Stop its poller and take it out of the configuration first. The name is not used again.

Example:
  whohad sources remove ec2/123456789012/us-east-1 --at 2026-11-20T14:05Z

Exit codes: 0 removed; 1 failure, or not removed; 2 usage; 4 the brokers are unreachable; 5 called off.`
