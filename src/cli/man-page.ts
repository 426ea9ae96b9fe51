import type { Command, Option } from 'commander'
import { type Branch, branchesOf, helpBehind } from './command-tree.ts'
import { VERSION } from './version.ts'

/** The man page, made of the program itself: what its help says, in roff. */
export function manPage(program: Command): string {
  const [whole, ...branches] = branchesOf(program)
  if (whole === undefined) return ''
  const { description, examples, exitCodes } = partsOf(whole.command)
  return [
    `.TH WHOHAD 1 "" "whohad ${VERSION}" "User Commands"`,
    '.SH NAME',
    'whohad \\- what application had an IP, at a time, in a routing domain',
    '.SH SYNOPSIS',
    ...synopsis(whole),
    ...branches.filter(canRun).flatMap(branch => ['.br', ...synopsis(branch)]),
    '.SH DESCRIPTION',
    plain(whole.command.description()),
    ...description,
    ...options(whole.options),
    '.SH COMMANDS',
    ...branches.flatMap(commandSection),
    '.SH EXAMPLES',
    ...examples,
    '.SH EXIT STATUS',
    ...exitCodes,
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, meaning]) => ['.TP', `.B ${plain(name)}`, plain(meaning)]),
    '.SH FILES',
    '.TP',
    '.I ./whohad.yaml',
    'The configuration, where none is named. "whohad config init" writes one with every key.',
  ].join('\n')
}

const ENVIRONMENT = [
  ['WHOHAD_URL', 'The server to ask, as --url; --url, --claims and --data go before it.'],
  ['WHOHAD_API_KEY', 'API key or token for that server.'],
  ['WHOHAD_API_KEY_FILE', 'File that holds it.'],
  ['WHOHAD_CONFIG', 'The configuration file, as --config.'],
  ['WHOHAD_SECTION__KEY', 'A key of the configuration: WHOHAD_DATA__PATH is data.path. Goes before the file.'],
  ['NO_COLOR, FORCE_COLOR', 'No colours, or colours also in a pipe.'],
] as const

function commandSection(branch: Branch): readonly string[] {
  const { description, examples, exitCodes } = partsOf(branch.command)
  return [
    `.SS ${plain(branch.path)}`,
    ...synopsis(branch),
    '.PP',
    `${plain(branch.command.description())}.`,
    ...description,
    ...options(branch.options),
    ...(examples.length > 0 ? ['.PP', 'Examples:', ...examples] : []),
    ...(exitCodes.length > 0 ? ['.PP', ...exitCodes.map((line, i) => (i === 0 ? `Exit codes: ${line}` : line))] : []),
  ]
}

/** "whohad keys" only holds those below it; "whohad changes" does something itself as well, and so has options of its own. */
const canRun = ({ command, subcommands }: Branch): boolean => subcommands.length === 0 || command.options.length > 0

const synopsis = ({ path, command }: Branch): readonly string[] => [`.B ${plain(path)}`, plain(command.usage())]

const options = (all: readonly Option[]): readonly string[] =>
  all.flatMap(option => ['.TP', `.B ${plain(option.flags)}`, plain(described(option))])

function described({ description, argChoices }: Option): string {
  return argChoices ? `${description}: ${argChoices.join(', ')}` : description
}

/** What the help says behind the options: words, examples as they are written, exit codes. */
function partsOf(command: Command) {
  const parts = { description: [] as string[], examples: [] as string[], exitCodes: [] as string[] }
  for (const block of helpBehind(command).split(/\n{2,}/)) {
    const [first = '', ...rest] = block.split('\n')
    if (/^Examples?:$/.test(first)) parts.examples.push('.PP', '.nf', ...rest.map(plain), '.fi')
    else if (first.startsWith('Exit codes:')) parts.exitCodes.push(...[first.slice(12), ...rest].map(plain))
    else if (block !== '') parts.description.push('.PP', ...block.split('\n').map(plain))
  }
  return parts
}

/** Text that roff shows as it is: hyphens that can be copied, no escapes, no line that is a request, ASCII alone. */
const plain = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(['.])/gm, '\\&$1')
    .replace(/[^\n -~]/gu, letter => `\\[u${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`)
