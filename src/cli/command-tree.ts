import type { Argument, Command, Option } from 'commander'

/** A command as completion and the man page need it. */
export type Branch = {
  /** With those above it: "whohad changes export". */
  readonly path: string
  readonly command: Command
  readonly options: readonly Option[]
  readonly arguments: readonly Argument[]
  readonly subcommands: readonly Command[]
}

/** The command and all below it, each before its own. */
export function branchesOf(command: Command, above = ''): readonly Branch[] {
  const path = `${above}${command.name()}`
  const help = command.createHelp()
  const subcommands = command.commands
  const branch = {
    path,
    command,
    // With --help, which is no option that was added.
    options: help.visibleOptions(command),
    arguments: command.registeredArguments,
    subcommands,
  }
  return [branch, ...subcommands.flatMap(below => branchesOf(below, `${path} `))]
}

/** What stands for a value of the option: a file or folder of this machine, one of some words, or something else. */
export function takenBy(option: Option): 'none' | 'file' | 'other' | readonly string[] {
  if (!option.required && !option.optional) return 'none'
  if (option.argChoices) return option.argChoices
  return /<(file|folder|place|file\|rules)/.test(option.flags) ? 'file' : 'other'
}

/** What the command's help says behind its options: how it is meant, examples, exit codes. */
export function helpBehind(command: Command): string {
  let whole = ''
  const { writeOut } = command.configureOutput()
  command.configureOutput({
    writeOut(text) {
      whole += text
    },
  })
  command.outputHelp()
  const behind = whole.slice(command.helpInformation().length)
  command.configureOutput({ writeOut: writeOut ?? (text => process.stdout.write(text)) })
  return behind.trim()
}
