import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { describe, expect, test } from 'vitest'
import { launcherProject } from '../support/launchers.ts'

type Manifest = { readonly scripts: Readonly<Record<string, string>> }

describe('package.json', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest

  test.for(['start', 'test', 'check', 'build', 'kafka'])('npm run %s is a plain launcher that is there', name => {
    expect(scripts[name]).toBe(`node scripts/${name}.mjs`)
    expect(existsSync(`scripts/${name}.mjs`)).toBe(true)
  })

  test('there are no hooks, which ignore-scripts would skip in silence', () => {
    const hooks = Object.keys(scripts).filter(name => /^(pre|post)|^(install|prepare)$/.test(name))
    expect(hooks).toEqual([])
  })
})

describe('the launchers', () => {
  const launchers = readdirSync('scripts').filter(file => file.endsWith('.mjs'))

  /** What a module names in `from '…'`, `import '…'` and `import('…')`. */
  const importsOf = (text: string): string[] =>
    [...text.matchAll(/(?:\bfrom|^import|\bimport\()\s*['"]([^'"]+)['"]/gm)].map(match => match[1] ?? '')

  test('are those that we know of', () => {
    const known = ['bench', 'build', 'check', 'docs', 'kafka', 'layers', 'prepare', 'start', 'test']
    expect(launchers).toEqual(expect.arrayContaining(known.map(name => `${name}.mjs`)))
  })

  test.for(['start', 'test', 'check', 'build', 'prepare', 'kafka', 'docs', 'layers', 'bench'])(
    '%s runs before anything is installed: it imports built-in modules and launchers alone, by node:',
    name => {
      const seen = new Set<string>()
      const visit = (file: string) => {
        if (seen.has(file)) return
        seen.add(file)
        const imports = importsOf(readFileSync(`scripts/${file}`, 'utf8'))
        expect(imports.length).toBeGreaterThan(0)
        for (const imported of imports) {
          if (imported.startsWith('./')) visit(imported.slice(2))
          else {
            expect(imported, `in scripts/${file}`).toMatch(/^node:/)
            expect(builtinModules).toContain(imported.slice('node:'.length))
          }
        }
      }
      visit(`${name}.mjs`)
    },
  )
})

const INSTALLS = 'ci --include=dev --ignore-scripts --no-audit --no-fund --loglevel=error'

describe('a fresh clone', () => {
  test('npm start installs what the lock names, builds, and passes its arguments on', async () => {
    const { launch, npmCalls } = await launcherProject()
    const { code, stdout } = await launch('start', '--seed', '7', 'two words').ended
    expect(stdout).toBe('["demo","--seed","7","two words"]\n')
    expect(code).toBe(0)
    expect(npmCalls()).toEqual([INSTALLS])
  })

  test('an install that fails ends everything with its exit code, and is tried again', async () => {
    const { launch, npmCalls, write, path } = await launcherProject()
    write('npm-fails', '')
    expect(await launch('start').ended).toMatchObject({ code: 9, stdout: '' })
    rmSync(path('npm-fails'))
    expect(await launch('start').ended).toMatchObject({ code: 0 })
    expect(npmCalls()).toHaveLength(2)
  })

  test('a build that fails ends everything, and is tried again', async () => {
    const { launch, write } = await launcherProject()
    write('src/wrong.ts', 'export const wrong: number = "text"\n')
    const failed = await launch('start').ended
    expect(failed.stdout).toContain('src/wrong.ts')
    expect(failed.stdout).not.toContain('"demo"')
    expect(failed.code).not.toBe(0)
    expect((await launch('build').ended).code).not.toBe(0)
    write('src/wrong.ts', 'export const wrong = 1\n')
    expect((await launch('start').ended).code).toBe(0)
  })
})

describe('afterwards', () => {
  async function prepared() {
    const project = await launcherProject()
    await project.launch('build').ended
    const built = project.path('dist/cli/main.js')
    // A build makes the folder anew: while this note is there, none was made.
    const note = () => writeFileSync(project.path('dist/note'), '')
    note()
    return { ...project, built, note, wasBuilt: () => !existsSync(project.path('dist/note')) }
  }

  test('nothing is installed or built twice', async () => {
    const { launch, npmCalls, wasBuilt } = await prepared()
    expect((await launch('start').ended).code).toBe(0)
    expect((await launch('build').ended).code).toBe(0)
    expect([npmCalls().length, wasBuilt()]).toEqual([1, false])
  })

  test('a changed, a new and a deleted source are built, and nothing is installed', async () => {
    const { launch, npmCalls, wasBuilt, note, write, path } = await prepared()
    for (const change of [
      () => write('src/more.ts', 'export const more = 1\n'),
      () => write('src/more.ts', 'export const more = 2 // changed\n'),
      () => rmSync(path('src/more.ts')),
    ]) {
      change()
      await launch('build').ended
      expect(wasBuilt()).toBe(true)
      note()
    }
    expect(existsSync(path('dist/more.js'))).toBe(false)
    expect(npmCalls()).toHaveLength(1)
  })

  test('a changed lock file is installed, and built', async () => {
    const { launch, npmCalls, wasBuilt, write } = await prepared()
    write('package-lock.json', '{ "changed": true }')
    await launch('build').ended
    expect([npmCalls().length, wasBuilt()]).toEqual([2, true])
  })

  test('a node_modules that is gone, or that somebody else made, is installed anew', async () => {
    const { launch, npmCalls, path } = await prepared()
    rmSync(path('node_modules'), { recursive: true })
    await launch('build').ended
    expect(npmCalls()).toHaveLength(2)
    rmSync(path('node_modules/.whohad-lock'))
    await launch('build').ended
    expect(npmCalls()).toHaveLength(3)
  })

  test('the exit code of whohad is the one of npm start', async () => {
    const { launch } = await prepared()
    expect((await launch('start', '--code=5').ended).code).toBe(5)
  })

  test('SIGTERM to the launcher reaches whohad, and the launcher waits for its end', async () => {
    const { launch } = await prepared()
    const running = launch('start', '--wait')
    await running.said(/waiting/)
    running.kill('SIGTERM')
    const { code, stdout } = await running.ended
    expect(stdout).toContain('told to stop')
    expect(code).toBe(0)
  })

  test('whohad that was never built says what to do', async () => {
    const { path } = await launcherProject()
    const { start } = await import('../support/cli.ts')
    const { code, stderr } = await start(process.execPath, [path('bin/whohad.cjs')], { cwd: path('.') }).ended
    expect(stderr).toContain('Run "npm start" once.')
    expect(code).toBe(1)
  })
})
