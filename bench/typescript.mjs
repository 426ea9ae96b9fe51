// node --import ./bench/typescript.mjs main.ts: runs TypeScript sources on Node 20, in child processes and worker threads as
// well, which take over this --import and so register the hooks for themselves. What was stripped of its types is kept in
// .cache/bench, so that only the first of them loads the compiler.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { register } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = join(import.meta.dirname, '../.cache/bench/javascript')

// The hooks' own thread imports this file too, and must not register itself without end.
if (!import.meta.url.includes('?hooks')) register(`${import.meta.url}?hooks`)

export async function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context)
  const text = await readFile(fileURLToPath(url), 'utf8')
  const kept = join(folder, `${createHash('sha256').update(text).digest('hex')}.js`)
  const source = await readFile(kept, 'utf8').catch(() => strip(text, kept))
  return { format: 'module', source, shortCircuit: true }
}

async function strip(text, kept) {
  const { default: ts } = await import('typescript')
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true }
  const { outputText } = ts.transpileModule(text, { compilerOptions: options })
  await mkdir(folder, { recursive: true })
  const unfinished = `${kept}.${randomUUID()}`
  await writeFile(unfinished, outputText)
  await rename(unfinished, kept)
  return outputText
}
