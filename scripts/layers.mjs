// Who may import whom: dependency-cruiser with .dependency-cruiser.cjs, and a failure where it saw nothing at all.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './prepare.mjs'

/**
 * Checks the layers of `folder`/src. Returns the violations as sentences; a graph with no modules is one, because a cruiser
 * that cannot read the sources reports success (dependency-cruiser 17 does so with a TypeScript that it does not know).
 */
export function layerViolations(folder = root) {
  const config = join(root, '.dependency-cruiser.cjs')
  const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const args = [cruiser, '--config', config, '--output-type', 'json', 'src']
  const result = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 })
  let summary
  try {
    summary = JSON.parse(result.stdout).summary
  } catch {
    return [`the cruiser did not answer: ${result.stderr || result.stdout}`]
  }
  const ours = JSON.parse(result.stdout).modules.filter(module => module.source.startsWith('src/'))
  if (ours.length === 0) return ['the cruiser saw no module under src/: nothing was checked']
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)
}

if (process.argv[1] === import.meta.filename) {
  const violations = layerViolations()
  for (const violation of violations) console.error(violation)
  console.error(violations.length === 0 ? 'layers: clean' : `layers: ${violations.length} violations`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
