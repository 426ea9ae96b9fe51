import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A loader that lets a plain Node 20 run the TypeScript sources, so that a test has a process that it may kill. */
const LOADER = `
  import { readFile } from 'node:fs/promises'
  import ts from ${JSON.stringify(import.meta.resolve('typescript'))}
  export async function load(url, context, next) {
    if (!url.endsWith('.ts')) return next(url, context)
    const source = await readFile(new URL(url), 'utf8')
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true }
    return { format: 'module', shortCircuit: true, source: ts.transpileModule(source, { compilerOptions }).outputText }
  }`
const asUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`
const REGISTER = asUrl(`import { register } from 'node:module'; register(${JSON.stringify(asUrl(LOADER))})`)

export type Child = {
  readonly process: ChildProcess
  /** What it says on stdout, line by line. */
  readonly lines: AsyncIterableIterator<string>
  kill(): Promise<void>
}

/** Runs test/support/<script> in a process of its own. Its stderr goes where ours goes. */
export function startChild(script: string, ...args: readonly string[]): Child {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, ['--import', REGISTER, file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  return {
    process: child,
    lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](),
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}
