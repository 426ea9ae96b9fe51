import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { parseTime } from '../api/time.ts'
import { systemClock } from '../runtime/clock.ts'
import { reasonOf, WhohadError } from '../runtime/errors.ts'
import { annotateCommand } from './annotate-cli.ts'
import { changesCommand } from './changes-cli.ts'
import { claimsCommand } from './claims-cli.ts'
import { EXIT, exitCodeFor } from './exit-codes.ts'
import { keysCommand } from './keys-cli.ts'
import { loadSettings, type Settings } from './settings.ts'
import { doctorCommand, pollCommand, sourcesCommand } from './source-cli.ts'
import { endWithReader, say } from './terminal.ts'
import { VERSION } from './version.ts'

type CommonOptions = {
  readonly config?: string
  readonly data?: string
  readonly host?: string
  readonly port?: number
}

/**
 * Runs one command; the process's exit code is its result. Each command is loaded when it is called for: a question must
 * not wait for the AWS SDK and the embedded engine.
 */
export async function main(argv: readonly string[]): Promise<void> {
  endWithReader()
  try {
    await program().parseAsync(argv)
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage
      return
    }
    say(error instanceof WhohadError ? `${error.code}: ${error.message}` : `A defect in whohad: ${stackOf(error)}`)
    process.exitCode = exitCodeFor(error)
  }
}

const stackOf = (error: unknown) => (error instanceof Error && error.stack ? error.stack : reasonOf(error))

const settingsOf = ({ config, data, host, port }: CommonOptions): Settings =>
  loadSettings(process.env, { config, overrides: { data: { path: data }, api: { host, port } } })

const threadPoolSize = () => Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)

/** Aborts at the first SIGINT or SIGTERM; the second ends the process at once. */
function untilStopped(): AbortSignal {
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      say('Stopping; once more ends it at once.')
      stopping.abort()
      process.once(name, () => process.exit(EXIT.failure))
    })
  }
  return stopping.signal
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

/** Checked here, so that a bad one fails before anything is opened. */
function time(text: string): string {
  parseTime(text, systemClock.now())
  return text
}

const withPlaces = (command: Command): Command =>
  command
    .option('--config <file>', 'configuration file (default: WHOHAD_CONFIG, or ./whohad.yaml)')
    .option('--data <folder>', 'folder of the embedded change stream and store')

function program(): Command {
  const whohad = new Command('whohad')
    .description('What application had this IP, at this time, in this routing domain?')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('Run "whohad --help" for the commands and examples.')
    .argument('[question...]', 'ADDRESS [@ TIME] [in DOMAIN]')
    .option('--url <url>', 'ask the whohad server there (default: WHOHAD_URL)')
    .option('--json', 'one JSON object, also on a terminal')
    .addHelpText('after', EXAMPLES)
  withPlaces(whohad).action(
    async (words: readonly string[], options: CommonOptions & { url?: string; json?: boolean }) => {
      if (words.length === 0) return whohad.help({ error: true })
      const { url = process.env['WHOHAD_URL'], json = false } = options
      const token = process.env['WHOHAD_TOKEN']
      const { ask } = await import('./ask-command.ts')
      process.exitCode = await ask(words.join(' '), settingsOf(options), { url, token, json })
    },
  )
  const parts = { withPlaces, settingsOf, untilStopped, time }
  whohad
    .addCommand(annotateCommand(parts))
    .addCommand(upCommand())
    .addCommand(enrichCommand())
    .addCommand(demoCommand())
  whohad.addCommand(changesCommand(parts)).addCommand(claimsCommand(parts)).addCommand(keysCommand(parts))
  whohad.addCommand(pollCommand(parts)).addCommand(sourcesCommand(parts)).addCommand(doctorCommand(parts))
  for (const command of whohad.commands) command.exitOverride().showHelpAfterError()
  return whohad
}

const upCommand = (): Command =>
  withPlaces(new Command('up'))
    .description('run everything that is configured: pollers, enrichers, the API and the page')
    .option('--host <address>', 'address to listen on')
    .option('--port <port>', 'port to listen on', wholeNumber)
    .action(async (_options: unknown, command: Command) => {
      const settings = settingsOf(command.optsWithGlobals<CommonOptions>())
      const { up } = await import('./up-command.ts')
      await up(settings, { threadPoolSize: threadPoolSize(), signal: untilStopped() })
    })

const enrichCommand = (): Command =>
  withPlaces(new Command('enrich'))
    .description('only enrich flow logs: follow the change stream that others write, as one of several processes')
    .option('--host <address>', 'address to listen on, for probes and metrics')
    .option('--port <port>', 'port to listen on', wholeNumber)
    .action(async (_options: unknown, command: Command) => {
      const settings = settingsOf(command.optsWithGlobals<CommonOptions>())
      const { enrich } = await import('./up-command.ts')
      await enrich(settings, { threadPoolSize: threadPoolSize(), signal: untilStopped() })
    })

type DemoFlags = CommonOptions & {
  readonly seed: number
  readonly minutes?: number
  readonly once?: boolean
  readonly json?: boolean
}

const demoCommand = (): Command =>
  withPlaces(new Command('demo'))
    .description('run everything against a simulated cloud that knows the truth')
    .option('--seed <n>', 'which world', wholeNumber, 1)
    .option('--minutes <n>', 'simulated minutes before the first question (default: 20, with --once 60)', wholeNumber)
    .option('--once', 'live them, compare every answer with the truth, print a summary, end')
    .option('--json', 'with --once: one JSON object as the last line on stdout')
    .option('--host <address>', 'address to listen on')
    .option('--port <port>', 'port to listen on', wholeNumber)
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<DemoFlags>()
      const { seed, once = false, json = false, minutes = once ? 60 : 20 } = options
      const settings = settingsOf(options)
      const run = { seed, minutes, json, threadPoolSize: threadPoolSize(), signal: untilStopped() }
      const { demoLive, demoOnce } = await import('./demo-command.ts')
      process.exitCode = once ? await demoOnce(settings, options.data, run) : await demoLive(settings, run)
    })

const EXAMPLES = `
Examples:
  whohad "52.11.120.97 @ 1495670748 in inet.0"
  whohad 10.0.3.7 at 2026-11-20T14:05Z in prod
  whohad 10.0.3.7 5 min ago in prod --json
  whohad demo                                   a simulated cloud, the page and the API
  whohad up --config whohad.yaml                the real thing
  whohad changes --follow                       what the pollers see, as they see it
  whohad doctor                                 what is wrong with the sources, and how to mend it

Exit codes: 0 owned, external or done; 1 failure; 2 usage; 3 answered but not owned; 4 something unreachable; 5 partial.`
