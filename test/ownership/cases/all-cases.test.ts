import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('every case from 1 to 81 is one test of this folder', () => {
  const texts = readdirSync(import.meta.dirname)
    .filter(file => file.endsWith('.test.ts'))
    .map(file => readFileSync(`${import.meta.dirname}/${file}`, 'utf8'))
  const numbers = texts.flatMap(text =>
    [...text.matchAll(/^\s*test\('case (\d+): /gm)].map(([, number]) => Number(number)),
  )
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 81 }, (_, i) => i + 1))
})
