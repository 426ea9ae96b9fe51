import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { flowFiles } from '../../../src/enricher/flowlogs/files.ts'
import { filesOf, matcher } from '../../../src/enricher/flowlogs/glob.ts'
import { propertyRuns } from '../../support/property-runs.ts'

const folder = mkdtempSync(join(tmpdir(), 'whohad-glob-'))
afterAll(() => rmSync(folder, { recursive: true }))

const FILES = [
  'a.log',
  'b.log.gz',
  '[x].log',
  '.hidden.log',
  'y/2024/01/a.log',
  'y/2024/02/b.log',
  'y/2025/c.log',
  'y/.git/d.log',
]
for (const file of FILES) {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), '')
}
symlinkSync(folder, join(folder, 'y/back'))
symlinkSync(join(folder, 'a.log'), join(folder, 'link.log'))

describe('the files that an argument names', () => {
  test.for([
    ['a.log', ['a.log']],
    ['[x].log', ['[x].log']],
    ['missing.log', ['missing.log']],
    ['*.log', ['[x].log', 'a.log', 'link.log']],
    ['*', ['[x].log', 'a.log', 'b.log.gz', 'link.log']],
    ['.*.log', ['.hidden.log']],
    ['?.log*', ['a.log', 'b.log.gz']],
    ['[!a]*', ['[x].log', 'b.log.gz', 'link.log']],
    ['[ab].log', ['a.log']],
    ['[z-a].log', []],
    ['y/*/*/?.log', ['y/2024/01/a.log', 'y/2024/02/b.log']],
    ['y/**/*.log', ['y/2024/01/a.log', 'y/2024/02/b.log', 'y/2025/c.log']],
    ['y/202[45]/**', ['y/2024/01/a.log', 'y/2024/02/b.log', 'y/2025/c.log']],
    ['y', ['y/2024/01/a.log', 'y/2024/02/b.log', 'y/2025/c.log']],
    ['y/', ['y/2024/01/a.log', 'y/2024/02/b.log', 'y/2025/c.log']],
    ['y/back/?.log', ['y/back/a.log']],
    ['y/none/*', []],
  ] as const)('%s', async ([argument, files]) => {
    const absolute = await filesOf(`${folder}/${argument}`)
    expect(absolute).toEqual(files.map(file => join(folder, file)))
  })

  test('are told relative to where the pattern is', async () => {
    expect(await filesOf('test/enricher/flowlogs/glob.*.ts')).toEqual(['test/enricher/flowlogs/glob.test.ts'])
    expect(await filesOf('pack*e.json')).toEqual(['package.json'])
  })

  test('must be some, and "-" is no file', async () => {
    expect(await flowFiles('-')).toEqual(['-'])
    await expect(flowFiles(join(folder, '*.parquet'))).rejects.toMatchObject({ code: 'WHOHAD_FLOW_FILE_UNREADABLE' })
  })
})

test('a name without magic matches itself alone, whatever it is made of', () => {
  const plain = fc.string({ minLength: 1, unit: 'grapheme' }).filter(name => !/[*?[/]/.test(name))
  fc.assert(
    fc.property(plain, plain, (name, other) => {
      expect(matcher(name)(name)).toBe(true)
      expect(matcher(name)(other)).toBe(name === other)
      expect(matcher(`${name}*`)(name + other)).toBe(true)
      expect(matcher(`${name}?`)(name)).toBe(false)
    }),
    propertyRuns(100),
  )
})
