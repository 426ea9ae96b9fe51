import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { parseTime } from '../api/time.ts'
import { systemClock } from '../runtime/clock.ts'
import { reasonOf, WhohadError } from '../runtime/errors.ts'
import { annotateCommand } from './annotate-cli.ts'
import { apiKeyOf } from './api-key.ts'
import { AS_OF, appsCommand, explainCommand, graphCommand, historyCommand } from './asking-cli.ts'
import { type CommandParts, changesCommand, type PlaceFlags } from './changes-cli.ts'
import { claimsCommand } from './claims-cli.ts'
import { completionCommand, manCommand } from './completion-cli.ts'
import { configCommand } from './config-cli.ts'
import { coverageCommand } from './coverage-cli.ts'
import { defaultSettings } from './default-settings.ts'
import { cliErrors } from './errors.ts'
import { EXIT, exitCodeFor } from './exit-codes.ts'
import { keysCommand } from './keys-cli.ts'
import type { AskedPlace } from './known-index.ts'
import { demoCommand, enrichCommand, upCommand } from './running-cli.ts'
import type { Settings } from './settings.ts'
import { layersOf } from './settings-layers.ts'
import { doctorCommand, pollCommand, sourcesCommand } from './source-cli.ts'
import { endWithReader, say } from './terminal.ts'
import { VERSION } from './version.ts'

type CommonOptions = PlaceFlags & { readonly host?: string; readonly port?: number }
type QuestionOptions = CommonOptions & { readonly asOf?: string; readonly json?: boolean }

/** Runs one command; the process's exit code is its result. */
export function main(argv: readonly string[]): Promise<void> {
  endWithReader()
  return run(argv)
}

/**
 * The same, for whoever looks after the streams. Each command is loaded when it is called for: a question must not wait for
 * the AWS SDK and the embedded engine.
 */
export async function run(argv: readonly string[]): Promise<void> {
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

const given = ({ config, data, host, port }: CommonOptions) => ({
  config,
  overrides: { data: { path: data }, api: { host, port } },
})

async function settingsOf(options: CommonOptions): Promise<Settings> {
  const defaults = defaultSettings(layersOf(process.env, given(options)))
  if (defaults !== undefined) return defaults
  const { loadSettings } = await import('./settings.ts')
  return loadSettings(process.env, given(options))
}

/** What is named on the command line goes before WHOHAD_URL. */
function askedPlaceOf({ url, claims, data }: PlaceFlags): AskedPlace {
  if (url !== undefined && claims !== undefined) {
    throw cliErrors.usage({ message: '--url and --claims name two that could answer; give one of them.' })
  }
  const named = url ?? (claims === undefined && data === undefined ? process.env['WHOHAD_URL'] : undefined)
  return { claims, server: named ? { url: named, token: apiKeyOf(process.env) } : undefined }
}

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

const withAnswerers = (command: Command): Command =>
  withPlaces(command)
    .option('--url <url>', 'ask the whohad server there (default: WHOHAD_URL)')
    .option('--claims <folder>', 'answer from the ownership bundle there, which "whohad claims export" wrote')

const PARTS: CommandParts = {
  withPlaces,
  withAnswerers,
  settingsOf,
  layersOf: options => layersOf(process.env, given(options)),
  askedPlaceOf,
  untilStopped,
  time,
  wholeNumber,
}

const COMMANDS = [
  [annotateCommand, historyCommand, explainCommand, appsCommand, graphCommand, coverageCommand, changesCommand],
  [claimsCommand, upCommand, enrichCommand, demoCommand, pollCommand, sourcesCommand, doctorCommand, keysCommand],
  [configCommand, completionCommand, manCommand],
].flat()

/** The whole command line. */
export function program(): Command {
  const whohad = new Command('whohad')
    .description('What application had this IP, at this time, in this routing domain?')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('Run "whohad --help" for the commands and examples.')
    .argument('[question...]', 'ADDRESS [@ TIME] [in DOMAIN]')
    .option('--as-of <time>', AS_OF, time)
    .option('--json', 'one JSON object, also on a terminal')
    .addHelpText('after', EXAMPLES)
  withAnswerers(whohad).action(async (words: readonly string[], options: QuestionOptions) => {
    if (words.length === 0) return whohad.help({ error: true })
    const { ask } = await import('./ask-command.ts')
    const { asOf, json = false } = options
    process.exitCode = await ask(words.join(' '), await settingsOf(options), { ...askedPlaceOf(options), asOf, json })
  })
  for (const command of COMMANDS) whohad.addCommand(command(PARTS).exitOverride().showHelpAfterError())
  return whohad
}

const EXAMPLES = `
Examples:
  whohad "52.11.120.97 @ 1495670748 in inet.0"
  whohad 10.0.3.7 at 2026-11-20T14:05Z in prod
  whohad 10.0.3.7 5 min ago in prod --json
  whohad explain 10.0.3.7 5 min ago in prod     why the answer is what it is
  whohad 10.0.3.7 at 2026-11-20T14:05Z in prod --as-of 2026-11-20T14:06Z     as it was known then
  netstat -tn | whohad annotate                 each address followed by its owner
  whohad --url http://127.0.0.1:7788 10.0.3.7   ask a server; with a login: WHOHAD_API_KEY or WHOHAD_API_KEY_FILE
  whohad demo                                   a simulated cloud, the page and the API
  whohad up --config whohad.yaml                the real thing
  whohad changes --follow                       what the pollers see, as they see it
  whohad doctor                                 what is wrong with the sources, and how to mend it

Exit codes: 0 owned, external or done; 1 failure; 2 usage; 3 answered but not owned; 4 something unreachable; 5 partial.`
