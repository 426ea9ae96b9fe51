import { Argument, Command } from 'commander'
import { print } from './terminal.ts'

/** `whohad completion`. */
export const completionCommand = (): Command =>
  new Command('completion')
    .description('print the script that completes commands, options and their values in a shell')
    .addArgument(new Argument('<shell>', 'which').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', COMPLETION_HELP)
    .action(async (shell: 'bash' | 'zsh' | 'fish', _options: unknown, command: Command) => {
      const { completionFor } = await import('./completion-script.ts')
      print(completionFor(shell, rootOf(command)))
    })

/** `whohad man`. */
export const manCommand = (): Command =>
  new Command('man')
    .description('print the man page, in roff')
    .addHelpText('after', MAN_HELP)
    .action(async (_options: unknown, command: Command) => {
      const { manPage } = await import('./man-page.ts')
      print(manPage(rootOf(command)))
    })

const rootOf = (command: Command): Command => (command.parent ? rootOf(command.parent) : command)

const COMPLETION_HELP = `
Examples:
  whohad completion bash > ~/.local/share/bash-completion/completions/whohad
  whohad completion zsh > ~/.zfunc/_whohad          a folder that is in fpath
  whohad completion fish > ~/.config/fish/completions/whohad.fish

Exit codes: 0 done; 2 usage.`

const MAN_HELP = `
Examples:
  whohad man | man -l -
  whohad man > /usr/local/share/man/man1/whohad.1

Exit codes: 0 done; 2 usage.`
