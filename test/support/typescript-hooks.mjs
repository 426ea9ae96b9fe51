// node --import ./test/support/typescript-hooks.mjs child.ts: lets a test run a child process from TypeScript sources on
// Node 20, which cannot strip types by itself.
import { readFile } from 'node:fs/promises'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) register(import.meta.url)

export async function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context)
  const { default: ts } = await import('typescript')
  const text = await readFile(fileURLToPath(url), 'utf8')
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true }
  const { outputText } = ts.transpileModule(text, { compilerOptions: options, fileName: fileURLToPath(url) })
  return { format: 'module', source: outputText, shortCircuit: true }
}
