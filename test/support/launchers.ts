import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { PROJECT, start } from './cli.ts'
import { temporaryFolder } from './clickhouse-folder.ts'

/** Stands for whohad: tells of its arguments, and ends as it is told to. */
const MAIN = `
export async function main(argv: readonly string[]): Promise<void> {
  console.log(JSON.stringify(argv.slice(2)))
  const code = argv.find(argument => argument.startsWith('--code='))
  process.exitCode = code === undefined ? 0 : Number(code.slice('--code='.length))
  if (!argv.includes('--wait')) return
  const timer = setInterval(() => {}, 1000)
  process.on('SIGTERM', () => {
    clearInterval(timer)
    console.log('told to stop')
  })
  console.log('waiting') // not before the signal is listened for
}
`
const TYPES = `
declare const process: { exitCode: number; on(name: string, then: () => void): void }
declare const console: { log(text: string): void }
declare function setInterval(then: () => void, everyMs: number): number
declare function clearInterval(timer: number): void
`
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2022'],
    skipLibCheck: true,
    module: 'NodeNext',
    types: [],
    rootDir: 'src',
    outDir: 'dist',
    strict: true,
  },
  include: ['src'],
}

/** Notes how it was called, and installs what the launchers need: the compiler. */
const NPM = `#!/bin/sh
echo "$@" >> npm-calls
test -e npm-fails && exit 9
rm -rf node_modules && mkdir node_modules && ln -s "$COMPILER" node_modules/typescript
`

/** A project of its own with the real launchers, a tiny program to build, and an npm that installs from this one. */
export async function launcherProject() {
  const folder = await temporaryFolder('launchers')
  const path = (name: string) => join(folder, name)
  const write = (name: string, text: string) => {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), text)
  }
  for (const kept of ['scripts', 'bin']) cpSync(join(PROJECT, kept), path(kept), { recursive: true })
  write('package.json', '{ "type": "module" }')
  write('package-lock.json', '{}')
  write('tsconfig.json', JSON.stringify(TSCONFIG))
  write('src/cli/main.ts', MAIN)
  write('src/globals.d.ts', TYPES)
  write('tools/npm', NPM)
  chmodSync(path('tools/npm'), 0o755)
  const env = {
    PATH: [path('tools'), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    COMPILER: join(PROJECT, 'node_modules/typescript'),
  }
  return {
    path,
    write,
    launch: (script: string, ...args: readonly string[]) =>
      start(process.execPath, [path(`scripts/${script}.mjs`), ...args], { cwd: folder, env }),
    npmCalls: (): readonly string[] => {
      try {
        return readFileSync(path('npm-calls'), 'utf8').trimEnd().split('\n')
      } catch {
        return []
      }
    },
  }
}
