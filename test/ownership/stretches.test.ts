import { expect, test } from 'vitest'
import { ALL_TIME, union, whereDifferent } from '../../src/ownership/stretches.ts'

const { fromMs: EVER, untilMs: NEVER } = ALL_TIME
const window = (fromMs: number, untilMs: number) => ({ fromMs, untilMs })

test('a union joins windows that overlap, touch or lie within each other, in whatever order', () => {
  expect(union([window(30, 40), window(0, 20), window(5, 10), window(20, 25), window(35, NEVER)])).toEqual([
    window(0, 25),
    window(30, NEVER),
  ])
  expect(union([window(EVER, 10), window(EVER, 5)])).toEqual([window(EVER, 10)])
  expect(union([])).toEqual([])
})

test('steps are compared before the first turn, between turns, and after the last', () => {
  const from = (atMs: number) => (nowMs: number) => nowMs >= atMs
  expect(whereDifferent([20, 10], from(10), from(20))).toEqual([window(10, 20)])
  expect(whereDifferent([10, 20, 30], from(10), from(30))).toEqual([window(10, 30)])
  expect(whereDifferent([10], from(10), () => true)).toEqual([window(EVER, 10)])
  expect(whereDifferent([10], from(10), () => false)).toEqual([window(10, NEVER)])
  expect(whereDifferent([EVER, 10, NEVER], from(10), from(10))).toEqual([])
})
