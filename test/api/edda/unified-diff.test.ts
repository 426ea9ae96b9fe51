import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unifiedDiff } from '../../../src/api/edda/unified-diff.ts'
import { propertyRuns } from '../../support/property-runs.ts'

/** Applies a difference by its line numbers, as `patch` does. */
function patched(before: readonly string[], difference: string): readonly string[] {
  const result: string[] = []
  let at = 0
  for (const line of difference.split('\n').slice(2, -1)) {
    const [, first, count] = /^@@ -(\d+),(\d+) \+\d+,\d+ @@$/.exec(line) ?? []
    if (first !== undefined) {
      const from = count === '0' ? Number(first) : Number(first) - 1
      result.push(...before.slice(at, from))
      at = from
    } else if (line.startsWith('+')) result.push(line.slice(1))
    else {
      expect(before[at]).toBe(line.slice(1))
      if (line.startsWith(' ')) result.push(line.slice(1))
      at++
    }
  }
  return [...result, ...before.slice(at)]
}

test('a difference makes the one text of the other, with any context', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
  fc.assert(
    fc.property(text, text, fc.nat({ max: 4 }), (before, after, context) => {
      const named = (lines: readonly string[]) => ({ name: 'x', lines })
      const difference = unifiedDiff(named(before), named(after), context)
      expect(difference === '').toBe(before.join('\n') === after.join('\n') && before.length === after.length)
      if (difference !== '') expect(patched(before, difference)).toEqual(after)
    }),
    propertyRuns(300),
  )
})

test('it is written as diff writes it', () => {
  const before = { name: 'old', lines: ['1', '2', '3', '4', '5', '6', '7'] }
  const after = { name: 'new', lines: ['1', '2', 'three', '4', '5', '6', '7', '8'] }
  expect(unifiedDiff(before, after, 1)).toBe(
    '--- old\n+++ new\n@@ -2,3 +2,3 @@\n 2\n-3\n+three\n 4\n@@ -7,1 +7,2 @@\n 7\n+8\n',
  )
})
