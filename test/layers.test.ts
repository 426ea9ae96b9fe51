import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { layerViolations } from '../scripts/layers.mjs'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function project(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'whohad-layers-'))
  folders.push(folder)
  cpSync('tsconfig.json', join(folder, 'tsconfig.json'))
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  mkdirSync(join(folder, 'src'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

test('an upward import is found', () => {
  const folder = project({
    'src/ownership/claim.ts': `import { open } from '../store/open.ts'\nexport const claim = open\n`,
    'src/store/open.ts': 'export const open = 1\n',
  })
  expect(layerViolations(folder)).toContain('ownership-may-import-nothing: src/ownership/claim.ts → src/store/open.ts')
})

test('I/O in the core is found', () => {
  const folder = project({
    'src/ownership/claim.ts': `import { readFileSync } from 'node:fs'\nexport const claim = readFileSync\n`,
    'src/store/use.ts': `import { claim } from '../ownership/claim.ts'\nexport const use = claim\n`,
  })
  expect(layerViolations(folder)).toContain('the-core-is-pure: src/ownership/claim.ts → fs')
})

test('a vendor client away from its home is found', () => {
  const folder = project({
    'src/api/query.ts': `import { createClient } from '@clickhouse/client'\nexport const query = createClient\n`,
    'src/cli/main.ts': `import { query } from '../api/query.ts'\nexport const main = query\n`,
  })
  expect(layerViolations(folder).join()).toMatch(/src\/api\/query\.ts → \S*node_modules\/@clickhouse\/client/)
})

test('an empty graph is a failure, not a success', () => {
  // A configuration that reads something else, as after a folder was renamed.
  const elsewhere = project({ 'other/x.ts': 'export const x = 1\n' })
  writeFileSync(join(elsewhere, 'tsconfig.json'), '{ "include": ["other"] }')
  expect(layerViolations(elsewhere)).toEqual(['the cruiser saw no module under src/: nothing was checked'])
})
