import { spawnSync } from 'node:child_process'
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { branchesOf, helpBehind, takenBy } from '../../src/cli/command-tree.ts'
import { completionFor } from '../../src/cli/completion-script.ts'
import { program } from '../../src/cli/main.ts'
import { manPage } from '../../src/cli/man-page.ts'

const BRANCHES = branchesOf(program())
const LEAVES = BRANCHES.filter(({ subcommands }) => subcommands.length === 0)

describe('every command', () => {
  test('there are those of the documentation', () => {
    const paths = BRANCHES.map(({ path }) => path)
    for (const name of ['history', 'explain', 'apps', 'graph', 'annotate', 'changes', 'config init', 'man', 'up']) {
      expect(paths).toContain(`whohad ${name}`)
    }
  })

  test.for(BRANCHES.map(({ path, command }) => [path, command] as const))(
    '%s has examples in its help',
    ([path, command]) => {
      const [, examples = ''] = /^Examples?:\n((?: {2}.*\n?)+)/m.exec(helpBehind(command)) ?? []
      expect(examples).toMatch(new RegExp(`^ .*${path.split(' ').slice(0, 2).join(' ')}`, 'm'))
    },
  )

  test.for(LEAVES.map(({ path, command }) => [path, command] as const))('%s tells its exit codes', ([, command]) => {
    expect(helpBehind(command)).toMatch(/^Exit codes: 0 /m)
  })

  test('the options of examples are there', () => {
    for (const { path, command, options } of BRANCHES) {
      const inherited = BRANCHES.filter(one => path.startsWith(one.path) || one.path.startsWith(path))
      const known = new Set([...options, ...inherited.flatMap(one => one.options)].map(({ long }) => long))
      for (const line of helpBehind(command)
        .split('\n')
        .filter(one => one.startsWith('  whohad'))) {
        const own = line.split(/ \| | {3,}/)[0] ?? ''
        for (const [option] of own.matchAll(/--[a-z][a-z-]*/g)) expect([...known], `${path}: ${line}`).toContain(option)
      }
    }
  })
})

/** What bash offers behind these words, the last of which is being written. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `${completionFor('bash', program())}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _whohad; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' })
  expect([stderr, status]).toEqual(['', 0])
  return stdout.split('\n').filter(word => word !== '')
}

describe('completion in bash', () => {
  test('offers commands and options by what was begun', () => {
    expect(offered('whohad', 'ex')).toEqual(['explain'])
    expect(offered('whohad', 'changes', 'ex')).toEqual(['export'])
    expect(offered('whohad', 'graph', '--co')).toEqual(['--config', '--collapse'])
    expect(offered('whohad', 'completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']))
    expect(offered('whohad', '')).toEqual(expect.arrayContaining(['history', 'config', '--json', '--help']))
  })

  test('offers the values of an option, and files for what is one', () => {
    expect(offered('whohad', 'graph', '--by', '')).toEqual(['app', 'cluster', 'account', 'zone'])
    expect(offered('whohad', 'graph', '--by', 'c')).toEqual(['cluster'])
    expect(offered('whohad', 'up', '--config', 'package.j')).toEqual(['package.json'])
    expect(offered('whohad', 'history', '--from', '')).toEqual([])
  })

  test('takes no value for a command, however it is called', () => {
    expect(offered('whohad', '--data', 'changes', 'hist')).toEqual(['history'])
    expect(offered('whohad', '--data', 'changes', 'exp')).toEqual(['explain'])
  })

  test('offers all that there is: every command, option and choice', () => {
    for (const { path, options, subcommands } of BRANCHES) {
      const all = offered(...path.split(' '), '')
      for (const below of subcommands) expect(all).toContain(below.name())
      for (const option of options) {
        expect(all).toContain(option.long)
        const taken = takenBy(option)
        if (Array.isArray(taken)) expect(offered(...path.split(' '), String(option.long), '')).toEqual(taken)
      }
    }
  }, 60_000)
})

describe('the man page', () => {
  const page = manPage(program())

  test('has its sections in order, and every command with its options', () => {
    const sections = [...page.matchAll(/^\.SH (.+)$/gm)].map(match => match[1])
    const last = ['COMMANDS', 'EXAMPLES', 'EXIT STATUS', 'ENVIRONMENT', 'FILES']
    expect(sections).toEqual(['NAME', 'SYNOPSIS', 'DESCRIPTION', ...last])
    for (const { path, options } of BRANCHES.slice(1)) {
      expect(page).toContain(`.SS ${path}`)
      for (const { flags } of options) expect(page).toContain(`.B ${flags.replaceAll('-', '\\-')}`)
    }
  })

  test('its synopsis has every command that can be run', () => {
    const [, synopsis = ''] = /^\.SH SYNOPSIS\n([\s\S]*?)\n\.SH /m.exec(page) ?? []
    const groups = ['claims', 'sources', 'keys', 'config'].map(name => `whohad ${name}`)
    const named = [...synopsis.matchAll(/^\.B (.*)$/gm)].map(match => match[1])
    expect(named).toEqual(BRANCHES.map(({ path }) => path).filter(path => !groups.includes(path)))
    expect(named).toEqual(expect.arrayContaining(['whohad changes', 'whohad poll', 'whohad keys add']))
  })

  test('what begins like a request is text', () => {
    const command = new Command('whohad')
      .description("'tis a program,\n.br and more")
      .option('--dot', '.so /etc/hosts')
      .addHelpText('after', "\n.if words\n\nExamples:\n.bashrc it\n'so it\n\nExit codes: 0 done;\n.1 failure")
    const lines = manPage(command).split('\n')
    const texts = [
      "'tis a program,",
      '.br and more',
      '.so /etc/hosts',
      '.if words',
      '.bashrc it',
      "'so it",
      '.1 failure',
    ]
    for (const text of texts) {
      expect(lines).toContain(`\\&${text}`)
      expect(lines).not.toContain(text)
    }
  })

  test('no line of the text is taken for a request', () => {
    const requests = new Set([...page.matchAll(/^[.'](\w*)/gm)].map(match => match[1]))
    expect([...requests].sort()).toEqual(['B', 'I', 'PP', 'SH', 'SS', 'TH', 'TP', 'br', 'fi', 'nf'])
  })

  test('groff finds nothing to complain about', () => {
    const { error, stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z'], {
      input: page,
      encoding: 'utf8',
    })
    // Where there is no groff the tests above have to do.
    if (error === undefined) expect(`${stdout}${stderr}`).toBe('')
  })
})
