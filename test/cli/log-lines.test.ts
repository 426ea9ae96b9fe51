import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { logLines } from '../../src/cli/log-lines.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'

const LOADER = pathToFileURL(join(import.meta.dirname, '../../bench/typescript.mjs')).href
const MODULE = pathToFileURL(join(import.meta.dirname, '../../src/cli/log-lines.ts')).href

test('a process that ends leaves no line behind, and lines come in the order in which they were written', () => {
  const script = `
    import { logLines } from ${JSON.stringify(MODULE)}
    const { atOnce, soon } = logLines()
    for (let i = 0; i < 3000; i++) (i % 1000 === 999 ? atOnce : soon).write('line ' + i + '\\n')
    for (let i = 3000; i < 3010; i++) soon.write('line ' + i + '\\n')
    process.exit(0)
  `
  const { stderr, status } = spawnSync(
    process.execPath,
    ['--import', LOADER, '--input-type=module', '--eval', script],
    { encoding: 'utf8' },
  )
  expect(status).toBe(0)
  expect(stderr.split('\n').slice(0, -1)).toEqual(Array.from({ length: 3010 }, (_, i) => `line ${i}`))
}, 60_000)

test('lines that can wait go out by themselves after a moment, and before one that cannot', async () => {
  const path = join(await temporaryFolder('log-lines'), 'log')
  const file = openSync(path, 'w')
  const written = () => readFileSync(path, 'utf8')
  const { atOnce, soon } = logLines(file)
  soon.write('1\n')
  expect(written()).toBe('')
  atOnce.write('2\n')
  expect(written()).toBe('1\n2\n')
  soon.write('3\n')
  await expect.poll(written, { timeout: 10_000 }).toBe('1\n2\n3\n')
  closeSync(file)
}, 30_000)
