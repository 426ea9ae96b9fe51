import type { Command, Option } from 'commander'
import { type Branch, branchesOf, takenBy } from './command-tree.ts'

/** A completion script, made of the program itself, so that it offers what there is. It starts no process of ours. */
export function completionFor(shell: 'bash' | 'zsh' | 'fish', program: Command): string {
  const branches = branchesOf(program)
  switch (shell) {
    case 'bash':
      return bash(branches)
    case 'zsh':
      return zsh(branches)
    case 'fish':
      return fish(branches)
  }
}

/** Words that a shell takes as one, whatever is in them. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
const namesOf = (option: Option): readonly string[] =>
  [option.short, option.long].filter((name): name is string => typeof name === 'string')

type Case = { readonly patterns: readonly string[]; readonly act: string }

/** Where a word leads: into a command below, or past the value of an option, which may be named like a command. */
function steps(branches: readonly Branch[], skip: string): readonly Case[] {
  return branches.flatMap(({ path, options, subcommands }) => {
    const into = subcommands.map(below => {
      const next = `${path} ${below.name()}`
      return { patterns: [next], act: `place=${quoted(next)}` }
    })
    const taking = options.filter(option => takenBy(option) !== 'none').flatMap(namesOf)
    return [...into, ...(taking.length > 0 ? [{ patterns: taking.map(name => `${path} ${name}`), act: skip }] : [])]
  })
}

/** What is offered for the value of an option. */
function values(
  branches: readonly Branch[],
  words: (choices: readonly string[]) => string,
  files: string,
  nothing: string,
): readonly Case[] {
  return branches.flatMap(({ path, options }) =>
    options.flatMap(option => {
      const value = takenBy(option)
      if (value === 'none') return []
      const act = value === 'file' ? files : value === 'other' ? nothing : words(value)
      return [{ patterns: namesOf(option).map(name => `${path} ${name}`), act }]
    }),
  )
}

const choicesOf = ({ arguments: args }: Branch): readonly string[] => args.flatMap(arg => arg.argChoices ?? [])

const casesText = (cases: readonly Case[], open: string, indent: string): string =>
  cases.map(({ patterns, act }) => `${indent}${open}${patterns.map(quoted).join('|')}) ${act} ;;`).join('\n')

function bash(branches: readonly Branch[]): string {
  const offers = branches.map(branch => ({
    patterns: [branch.path],
    act: `words=${quoted([...branch.subcommands.map(one => one.name()), ...choicesOf(branch), ...branch.options.flatMap(namesOf)].join(' '))}`,
  }))
  const words = (choices: readonly string[]) =>
    `COMPREPLY=($(compgen -W ${quoted(choices.join(' '))} -- "$cur")); return`
  return `# bash completion for whohad, by "whohad completion bash"
_whohad() {
  local cur=\${COMP_WORDS[COMP_CWORD]} place=whohad words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place \${COMP_WORDS[i]}" in
${casesText(steps(branches, '((++i))'), '', '      ')}
    esac
  done
  COMPREPLY=()
  case "$place \${COMP_WORDS[COMP_CWORD - 1]}" in
${casesText(values(branches, words, 'COMPREPLY=($(compgen -f -- "$cur")); return', 'return'), '', '    ')}
  esac
  case "$place" in
${casesText(offers, '', '    ')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _whohad whohad`
}

function zsh(branches: readonly Branch[]): string {
  const told = (name: string, description: string) => quoted(`${name.replaceAll(':', '\\:')}:${description}`)
  const offers = branches.map(branch => ({
    patterns: [branch.path],
    act: `offered=(${[
      ...branch.subcommands.map(one => told(one.name(), one.description())),
      ...choicesOf(branch).map(choice => told(choice, '')),
      ...branch.options.flatMap(option => namesOf(option).map(name => told(name, option.description))),
    ].join(' ')})`,
  }))
  const words = (choices: readonly string[]) => `compadd -- ${choices.map(quoted).join(' ')}; return`
  return `#compdef whohad
# zsh completion for whohad, by "whohad completion zsh"
_whohad() {
  local place=whohad i
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
    case "$place \${words[i]}" in
${casesText(steps(branches, '((++i))'), '(', '      ')}
    esac
  done
  case "$place \${words[CURRENT - 1]}" in
${casesText(values(branches, words, '_files; return', 'return'), '(', '    ')}
  esac
  case "$place" in
${casesText(offers, '(', '    ')}
  esac
  _describe -o 'whohad' offered
  _files
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _whohad "$@"
else
  compdef _whohad whohad
fi`
}

function fish(branches: readonly Branch[]): string {
  const lines = branches.flatMap(branch => {
    const here = `complete -c whohad -n ${fishQuoted(`__whohad_at ${branch.path}`)}`
    return [
      ...branch.subcommands.map(one => `${here} -f -a ${one.name()} -d ${fishQuoted(one.description())}`),
      ...choicesOf(branch).map(choice => `${here} -f -a ${choice}`),
      ...branch.options.map(option => `${here}${fishOption(option)} -d ${fishQuoted(option.description)}`),
    ]
  })
  const cases = steps(branches, 'set skip 1').map(
    ({ patterns, act }) =>
      `      case ${patterns.map(fishQuoted).join(' ')}\n        ${act.replace(/^place=/, 'set place ')}`,
  )
  return `# fish completion for whohad, by "whohad completion fish"
function __whohad_at
  set -l place whohad
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
      continue
    end
    switch "$place $word"
${cases.join('\n')}
    end
  end
  test "$place" = "$argv"
end
${lines.join('\n')}`
}

const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function fishOption(option: Option): string {
  const names = `${option.short ? ` -s ${option.short.slice(1)}` : ''}${option.long ? ` -l ${option.long.slice(2)}` : ''}`
  const value = takenBy(option)
  if (value === 'none') return names
  if (value === 'file') return `${names} -r -F`
  return value === 'other' ? `${names} -x` : `${names} -x -a ${fishQuoted(value.join(' '))}`
}
