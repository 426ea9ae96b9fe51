// npm run check: types, lint and format, layers, docs. Not the tests. All of them run, whatever the first says.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { install, root } from './prepare.mjs'

install()

const bin = path => join(root, 'node_modules', path)
const checks = [
  ['types', [bin('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json']],
  ['types of the tests', [bin('typescript/bin/tsc'), '-p', 'tsconfig.test.json']],
  ['lint and format', [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']],
  ['layers', [join(root, 'scripts/layers.mjs')]],
  ['docs', [join(root, 'scripts/docs.mjs')]],
]

const failed = checks.filter(([name, args]) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  console.error(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}`)
  return status !== 0
})
process.exitCode = failed.length === 0 ? 0 : 1
