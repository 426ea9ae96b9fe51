import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { brokenRules } from './broken-rules.mjs'

const textOf = (file: string): string => readFileSync(join(import.meta.dirname, '..', file), 'utf8')

// They are broken by a script that takes minutes; here it is seen that it still finds them.
test.each(brokenRules)('still there to be broken: $rule', ({ rule, file, from, test: inFile, name }) => {
  expect(textOf(file).split(from)).toHaveLength(2)
  expect(textOf(inFile)).toContain(name)
  expect(textOf('docs/testing.md')).toContain(`| ${rule} `)
})
