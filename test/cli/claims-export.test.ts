import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readBundle } from '../../src/changestream/bundle/read-bundle.ts'
import { exportClaims } from '../../src/cli/claims-command.ts'
import { loadSettings } from '../../src/cli/settings.ts'
import { dataFolder } from '../support/cli-data.ts'
import { temporaryFolder } from '../support/clickhouse-folder.ts'
import { indexOf } from '../support/estate.ts'
import { sampleChanges } from '../support/flow-log-inventory.ts'

test('whohad claims export writes what the change stream comes to', async () => {
  const data = await dataFolder()
  const settings = loadSettings({}, { overrides: { data: { path: data } } })
  const out = join(await temporaryFolder('bundle'), 'owners')
  expect(await exportClaims(settings, { out, signal: AbortSignal.abort() })).toBe(1)
  expect(existsSync(out)).toBe(false)
  const { signal } = new AbortController()
  expect(await exportClaims(settings, { out, signal })).toBe(0)
  const index = indexOf(sampleChanges())
  const read = await readBundle(out)
  expect([...read.claims()]).toEqual([...index.claims()])
  expect(read.sources()).toEqual(index.sources())
  await expect(exportClaims(settings, { out, signal })).rejects.toMatchObject({ code: 'WHOHAD_BUNDLE_EXISTS' })
})
