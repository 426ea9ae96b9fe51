import { expect, test } from 'vitest'
import type { Claim, Progress, SourceRecord } from '../../src/ownership/claim.ts'
import { indexOf, inWords, noDoubt, owner, prefix, question } from '../support/estate.ts'

const at = '10.0.0.1'

const source = (untilMs: number): SourceRecord => ({
  record: 'source',
  source: 'one',
  revision: { epoch: 1, sequence: 0 },
  kind: 'test',
  scope: [{ domain: 'd1', prefix: prefix('10.0.0.0/8'), layers: ['instance'], fromMs: 50 }],
  bounds: noDoubt,
  validity: { fromMs: 0, untilMs },
})

const claim: Claim = {
  record: 'claim',
  id: 'A',
  revision: { epoch: 1, sequence: 1 },
  domain: 'd1',
  prefix: prefix(`${at}/32`),
  ports: null,
  layer: 'instance',
  source: 'one',
  owners: [owner('api')],
  lifetimeId: null,
  start: { earliestMs: Number.NEGATIVE_INFINITY, latestMs: 300 },
  end: { earliestMs: 400, latestMs: Number.POSITIVE_INFINITY },
  lastSightingMs: 400,
  evidence: 'sighted',
  state: 'missing',
  expects: [],
  whole: false,
}

const poll = (completeUpToMs: number): Progress => ({
  record: 'progress',
  source: 'one',
  revision: { epoch: 1, sequence: completeUpToMs },
  completeUpToMs,
  overAtMs: completeUpToMs + 5,
  counts: { addresses: 0, changed: 0 },
  refused: null,
})

test('a claim that could begin only after its source was removed is nobody, in a window as at an instant', () => {
  const never: Claim = {
    ...claim,
    start: { earliestMs: 500, latestMs: 500 },
    end: { earliestMs: 500, latestMs: Number.POSITIVE_INFINITY },
  }
  const index = indexOf([source(450), never, poll(100), poll(440)])
  expect(inWords(index.ask(question(at, 500)))).toBe('unknown unmanaged-prefix')
  expect(inWords(index.ask(question(at, 480, 520)))).toBe('unknown unmanaged-prefix')
})

test('what a window tells of its parts is what it would tell of their instants', () => {
  const index = indexOf([source(Number.POSITIVE_INFINITY), claim, poll(100), poll(600)])
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
