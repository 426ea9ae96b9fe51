import { Command } from 'commander'
import type { CommandParts } from './changes-cli.ts'

type KeysFlags = {
  readonly config?: string
  readonly data?: string
  readonly domains?: string
  readonly json?: boolean
}

/** `whohad keys add`, `list`, `remove`. */
export function keysCommand(parts: CommandParts): Command {
  const keys = new Command('keys')
    .description('who may ask a server: the API keys in api.keysFile')
    .addHelpText('after', KEYS_HELP)
  keys.addCommand(addCommand(parts)).addCommand(listCommand(parts)).addCommand(removeCommand(parts))
  for (const command of keys.commands) command.exitOverride().showHelpAfterError()
  return keys
}

const addCommand = ({ withPlaces, settingsOf }: CommandParts): Command =>
  withPlaces(new Command('add'))
    .description('make a key and print it, this once; a running server takes it within a second or two')
    .argument('<name>', 'who it is for')
    .option('--domains <names>', 'routing domains that it may read, with commas between; all where it is left out')
    .addHelpText('after', ADD_HELP)
    .action(async (name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<KeysFlags>()
      const { addKey } = await import('./keys-command.ts')
      process.exitCode = addKey(await settingsOf(options), { name, domains: options.domains })
    })

const listCommand = ({ withPlaces, settingsOf }: CommandParts): Command =>
  withPlaces(new Command('list'))
    .description('print the keys: ids, names, domains, since when')
    .option('--json', 'one JSON object a key, also on a terminal')
    .addHelpText('after', KEYS_HELP)
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<KeysFlags>()
      const { listKeys } = await import('./keys-command.ts')
      process.exitCode = listKeys(await settingsOf(options), { json: options.json ?? false })
    })

const removeCommand = ({ withPlaces, settingsOf }: CommandParts): Command =>
  withPlaces(new Command('remove'))
    .description('take a key back; a running server refuses it within a second or two')
    .argument('<id>', 'as "whohad keys list" prints it')
    .addHelpText('after', KEYS_HELP)
    .action(async (id: string, _options: unknown, command: Command) => {
      const { removeKey } = await import('./keys-command.ts')
      process.exitCode = removeKey(await settingsOf(command.optsWithGlobals<KeysFlags>()), { id })
    })

const ADD_HELP = `
To change a key, add a second one of the same name, hand it out, and remove the first. inet.0 and inet6.0 are domains too.

Examples:
  whohad keys add dashboards
  whohad keys add payments-team --domains prod,inet.0
  WHOHAD_API_KEY=whk_... whohad --url https://whohad.example.net 10.0.3.7 in prod

Exit codes: 0 done; 1 failure; 2 usage.`

const KEYS_HELP = `
Examples:
  whohad keys add dashboards
  whohad keys list
  whohad keys remove 7f3a

Exit codes: 0 done; 1 failure, or no such key; 2 usage.`
