import { Command } from 'commander'
import type { CommandParts } from './changes-cli.ts'

type ConfigFlags = { readonly config?: string; readonly data?: string; readonly json?: boolean }

/** `whohad config check`, `show` and `init`. */
export function configCommand(parts: CommandParts): Command {
  const config = new Command('config')
    .description('the configuration: what is wrong with it, what is in force, a file to begin with')
    .addHelpText('after', CONFIG_HELP)
  config.addCommand(checkCommand(parts)).addCommand(showCommand(parts)).addCommand(initCommand())
  for (const command of config.commands) command.exitOverride().showHelpAfterError()
  return config
}

const checkCommand = ({ withPlaces, layersOf }: CommandParts): Command =>
  withPlaces(new Command('check'))
    .description('name each key that is wrong, with its line, and how to mend it')
    .option('--json', 'one JSON object a fault, also on a terminal')
    .addHelpText('after', CHECK_HELP)
    .action(async (_options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ConfigFlags>()
      const { checkConfig } = await import('./config-command.ts')
      process.exitCode = checkConfig(layersOf(flags), { json: flags.json ?? false })
    })

const showCommand = ({ withPlaces, layersOf }: CommandParts): Command =>
  withPlaces(new Command('show'))
    .description('print every key as it is in force, and where it comes from; no secrets')
    .option('--json', 'one JSON object a key, also on a terminal')
    .addHelpText('after', SHOW_HELP)
    .action(async (_options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ConfigFlags>()
      const { showConfig } = await import('./config-command.ts')
      process.exitCode = showConfig(layersOf(flags), { json: flags.json ?? false })
    })

const initCommand = (): Command =>
  new Command('init')
    .description('write a configuration file with every key, its meaning and its default')
    .argument('[file]', 'a file that is not there yet; "-" is standard output', 'whohad.yaml')
    .addHelpText('after', INIT_HELP)
    .action(async (file: string) => {
      const { initConfig } = await import('./config-command.ts')
      process.exitCode = initConfig(file)
    })

const CONFIG_HELP = `
Values come from, the later one winning: defaults; the file (--config, WHOHAD_CONFIG, or ./whohad.yaml); the environment, where
WHOHAD_SECTION__KEY is a key, as WHOHAD_KAFKA__BROKERS=a:9092,b:9092; the command line.

Examples:
  whohad config init
  whohad config check --config whohad.yaml
  WHOHAD_API__PORT=8080 whohad config show`

const CHECK_HELP = `
Examples:
  whohad config check
  whohad config check --config whohad.yaml --json | jq -r .key

Exit codes: 0 nothing is wrong; 2 something is, or the file cannot be read.`

const SHOW_HELP = `
Examples:
  whohad config show
  whohad config show | jq -c 'select(.from != "default")'

Exit codes: 0 done; 2 something is wrong with the configuration.`

const INIT_HELP = `
Examples:
  whohad config init
  whohad config init /etc/whohad.yaml
  whohad config init - | less

Exit codes: 0 done; 2 it cannot be written, or is there already.`
