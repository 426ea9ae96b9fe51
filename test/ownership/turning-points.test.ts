import { expect, test } from 'vitest'
import { indexOf, inWords, noDoubt, question } from '../support/estate.ts'
import { claim, EVER, missing, NEVER, poll, source } from '../support/plain-changes.ts'

const at = '10.0.0.1'
const bounds = noDoubt

test('a claim that could begin only after its source was removed is nobody, in a window as at an instant', () => {
  const instant = { earliestMs: 500, latestMs: 500 }
  const never = claim(1, { ...missing, start: instant, end: { ...instant, latestMs: NEVER } })
  const removed = source(1, { bounds, validity: { fromMs: 0, untilMs: 450 } })
  const index = indexOf([removed, never, poll(100), poll(440)])
  expect(inWords(index.ask(question(at, 500)))).toBe('unknown unmanaged-prefix')
  expect(inWords(index.ask(question(at, 480, 520)))).toBe('unknown unmanaged-prefix')
})

test('what a window tells of its parts is what it would tell of their instants', () => {
  const since = source(1, { bounds, validity: { fromMs: 50, untilMs: NEVER } })
  const held = claim(1, { ...missing, start: { earliestMs: EVER, latestMs: 300 } })
  const index = indexOf([since, held, poll(100), poll(600)])
  const split = index.ask(question(at, 20, 200)).split?.parts
  expect(split?.map(({ reason, fromMs, untilMs }) => [reason, fromMs, untilMs])).toEqual([
    ['before-coverage', 20, 50],
    ['head', 50, 200],
  ])
  for (const atMs of [49, 50, 104]) {
    const part = split?.find(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs)
    expect(part?.reason).toBe(index.ask(question(at, atMs)).reason)
  }
})

test('a scope that no complete poll has reached is spoken of by nobody yet', () => {
  const [first] = source(1).scope
  const later = source(2, { bounds, scope: first ? [first, { ...first, domain: 'd2', fromMs: 300 }] : [] })
  const index = indexOf([later, poll(100), poll(200)])
  for (const atMs of [150, 250, 350]) {
    expect(inWords(index.ask(question(at, atMs, atMs + 1, { domain: 'd2' })))).toBe('unknown before-coverage')
  }
})
