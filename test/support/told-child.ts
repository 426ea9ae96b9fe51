import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** A process of ours that says lines, is told lines, and gets signals. */
export type ToldChild = {
  readonly said: readonly string[]
  /** Resolves with the first line, said or to be said, that matches; rejects where the process ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  tell(line: string): void
  signal(name: NodeJS.Signals): void
  isAlive(): boolean
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

const alive = new Set<ChildProcess>()

/** For `afterEach`. A stopped process dies of it too. */
export function killChildren(): void {
  for (const child of alive) child.kill('SIGKILL')
}

/** Runs a TypeScript file of this folder with one argument, which it gets as JSON, in `cwd`. */
export function startTold(file: string, argument: unknown, cwd: string): ToldChild {
  const loader = new URL('../../bench/typescript.mjs', import.meta.url).href
  const args = ['--import', loader, pathOf(`./${file}`), JSON.stringify(argument)]
  const child = spawn(process.execPath, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] })
  alive.add(child)
  const said: string[] = []
  const waiting = new Set<() => void>()
  const look = () => {
    for (const one of waiting) one()
  }
  let rest = ''
  child.stdin.on('error', () => {}) // it may have been killed
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    said.push(...lines)
    look()
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(resolve => {
    child.once('close', (code, signal) => {
      alive.delete(child)
      resolve({ code, signal })
      look()
    })
  })
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      let next = 0
      const one = () => {
        for (; next < said.length; next++) {
          const match = pattern.exec(said[next] ?? '')
          if (match === null) continue
          waiting.delete(one)
          return resolve(match)
        }
        if (!alive.has(child)) reject(new Error(`${file} ended without saying ${pattern}: ${said.join(' | ')}`))
      }
      waiting.add(one)
      one()
    })
  return {
    said,
    says,
    ended,
    tell: line => child.stdin.write(`${line}\n`),
    signal: name => child.kill(name),
    isAlive: () => alive.has(child),
  }
}

/** The other side: what this process was given, says and is told. It ends with whoever started it. */
export function told<T>() {
  let heard = ''
  const waiting = new Set<() => void>()
  process.stdin.setEncoding('utf8').on('data', text => {
    heard += text
    for (const look of waiting) look()
  })
  process.stdin.on('end', () => process.exit(1))
  return {
    given: JSON.parse(process.argv[2] ?? '{}') as T,
    say: (line: string) => void process.stdout.write(`${line}\n`),
    hears: (line: string) =>
      new Promise<void>(resolve => {
        const look = () => {
          if (!`\n${heard}`.includes(`\n${line}\n`)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}
