// npm run test:broken-rules: breaks one rule at a time in a copy of the tree, and sees the test named for it fail.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brokenRules } from '../test/broken-rules.mjs'
import { install, root } from './prepare.mjs'

install()
const copy = join(root, '.cache/broken-rules')
rmSync(copy, { recursive: true, force: true })
mkdirSync(copy, { recursive: true })
for (const part of [
  'src',
  'test',
  'schemas',
  'package.json',
  'tsconfig.json',
  'tsconfig.test.json',
  'vitest.config.ts',
]) {
  cpSync(join(root, part), join(copy, part), { recursive: true })
}
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))

/** Names of the tests that failed, in full. */
function failuresOf(test, name) {
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const only = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const args = [vitest, 'run', test, '-t', only, '--bail=1', '--reporter=json', `--outputFile=${report}`]
  // The seed of the properties is fixed, so that a rule that is caught once is caught always.
  const { stderr } = spawnSync(process.execPath, args, {
    cwd: copy,
    env: { ...process.env, CI: 'true', WHOHAD_TEST_SHRINK: '0' },
    encoding: 'utf8',
  })
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
    return testResults.flatMap(file =>
      file.assertionResults.filter(one => one.status === 'failed').map(one => one.fullName),
    )
  } catch {
    throw new Error(`vitest wrote no report of ${test}:\n${stderr}`)
  }
}

let survived = 0
for (const { rule, file, from, to, test, name } of brokenRules) {
  const path = join(copy, file)
  const text = readFileSync(path, 'utf8')
  if (text.split(from).length !== 2) throw new Error(`${file} does not hold exactly once: ${from}`)
  writeFileSync(
    path,
    text.replace(from, () => to),
  )
  const isCaught = failuresOf(test, name).some(failed => failed.endsWith(name))
  writeFileSync(path, text)
  if (!isCaught) survived++
  console.log(`${isCaught ? 'caught  ' : 'SURVIVED'} ${rule}`)
}
rmSync(copy, { recursive: true, force: true })
console.log(`${brokenRules.length - survived} of ${brokenRules.length} broken rules were caught`)
process.exitCode = survived === 0 ? 0 : 1
