import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { branchesOf, takenBy } from '../../src/cli/command-tree.ts'
import { completionFor } from '../../src/cli/completion-script.ts'
import { program } from '../../src/cli/main.ts'
import { requireService } from '../support/services.ts'

const BRANCHES = branchesOf(program())

const hasShell = (shell: string): boolean =>
  requireService(
    shell,
    spawnSync(shell, ['--version']).status === 0,
    `install it with "apt-get install ${shell}": what whohad offers in it is tried in it`,
  )

function said(shell: string, args: readonly string[]): readonly string[] {
  const { stdout, stderr, status } = spawnSync(shell, args, { encoding: 'utf8' })
  expect([stderr, status]).toEqual(['', 0])
  return stdout.split('\n').filter(line => line !== '')
}

/** What a shell offers behind these words, the last of which is being written; "FILES" where it offers files. */
const offeredIn = {
  /** The functions of zsh's completion system that the script calls print what they are given. */
  zsh(...words: readonly string[]): readonly string[] {
    const script = `
function compdef() { }
function compadd() { shift; print -l -- "$@" }
function _files() { print FILES }
function _describe() { local -a all; all=("\${(@P)3}"); print -l -- "\${all[@]%%:*}" }
${completionFor('zsh', program())}
words=("$@"); CURRENT=$#
_whohad`
    const begun = words.at(-1) ?? ''
    return said('zsh', ['-f', '-c', script, 'zsh', ...words]).filter(word => word === 'FILES' || word.startsWith(begun))
  },
  fish(...words: readonly string[]): readonly string[] {
    const script = `${completionFor('fish', program())}\ncomplete -C '${words.join(' ')}'`
    return said('fish', ['--no-config', '-c', script]).map(line => line.split('\t')[0] ?? '')
  },
}

describe.each(['zsh', 'fish'] as const)('completion in %s', shell => {
  const offered = offeredIn[shell]
  const isThere = hasShell(shell)

  test.runIf(isThere)('offers commands by what was begun, and behind others what those have', () => {
    expect(offered('whohad', 'ex')).toEqual(expect.arrayContaining(['explain']))
    expect(offered('whohad', 'changes', 'ex')).toEqual(expect.arrayContaining(['export']))
    expect(offered('whohad', 'changes', 'ex')).not.toContain('explain')
    expect(offered('whohad', 'graph', '--co')).toEqual(expect.arrayContaining(['--config', '--collapse']))
    expect(offered('whohad', 'completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']))
  })

  test.runIf(isThere)('takes no value for a command, however it is called', () => {
    expect(offered('whohad', '--data', 'changes', 'hist')).toEqual(expect.arrayContaining(['history']))
    expect(offered('whohad', '--data', 'changes', 'exp')).not.toContain('export')
  })

  test.runIf(isThere)('offers the values of an option, and no commands beside them', () => {
    expect(offered('whohad', 'graph', '--by', '')).toEqual(
      expect.arrayContaining(['app', 'cluster', 'account', 'zone']),
    )
    expect(offered('whohad', 'graph', '--by', '')).toHaveLength(4)
  })

  test.runIf(isThere)('offers every command and every option', () => {
    for (const { path, options, subcommands } of BRANCHES) {
      const all = [...offered(...path.split(' '), ''), ...offered(...path.split(' '), '-')]
      for (const below of subcommands) expect(all, path).toContain(below.name())
      for (const option of options) {
        expect(all, path).toContain(option.long)
        const taken = takenBy(option)
        if (!Array.isArray(taken)) continue
        const values = offered(...path.split(' '), String(option.long), '')
        expect([...values].toSorted()).toEqual([...taken].toSorted())
      }
    }
  })
})
