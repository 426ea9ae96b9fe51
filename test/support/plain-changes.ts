import { deepStrictEqual } from 'node:assert'
import type { Change, Claim, Horizon, Progress, SourceRecord } from '../../src/ownership/claim.ts'
import { correctionsOf, type KnownBefore } from '../../src/ownership/corrections.ts'
import { indexOf, noDoubt, owner, prefix } from './estate.ts'
import { KnownChanges } from './known-changes.ts'

export const EVER = Number.NEGATIVE_INFINITY
export const NEVER = Number.POSITIVE_INFINITY

type Part<T> = Partial<Omit<T, 'revision' | 'prefix'>>

/** Certain from 120 to 300. */
export const claim = (sequence: number, part: Part<Claim> & { readonly at?: string } = {}): Claim => {
  const { at = '10.0.0.1', ...rest } = part
  return {
    record: 'claim',
    id: 'A',
    revision: { epoch: 1, sequence },
    domain: 'd1',
    prefix: prefix(at),
    ports: null,
    layer: 'instance',
    source: 'one',
    owners: [owner('api')],
    lifetimeId: null,
    start: { earliestMs: 100, latestMs: 120 },
    end: { earliestMs: 300, latestMs: 340 },
    lastSightingMs: 310,
    evidence: 'sighted',
    state: 'closed',
    expects: [],
    whole: false,
    ...rest,
  }
}

/** Watches 10.0.0.0/8 in d1 from 0 on. */
export const source = (sequence: number, part: Part<SourceRecord> = {}): SourceRecord => ({
  record: 'source',
  source: 'one',
  revision: { epoch: 1, sequence },
  kind: 'test',
  scope: [{ domain: 'd1', prefix: prefix('10.0.0.0/8'), layers: ['instance'], fromMs: 0 }],
  bounds: { ...noDoubt, longestGapMs: 200 },
  validity: { fromMs: 0, untilMs: NEVER },
  ...part,
})

/** A complete poll that took 5 ms. */
export const poll = (completeUpToMs: number, part: Part<Progress> = {}): Progress => ({
  record: 'progress',
  source: 'one',
  revision: { epoch: 1, sequence: completeUpToMs },
  completeUpToMs,
  overAtMs: completeUpToMs + 5,
  counts: { addresses: 0, changed: 0 },
  refused: null,
  ...part,
})

export const horizon = (beforeMs: number): Horizon => ({ record: 'horizon', domain: 'd1', beforeMs })

/** `d1 10.0.0.1/32 100..340`, for each stretch that `change` names after `before`. */
export function named(change: Change, before: readonly Change[]): readonly string[] {
  const told = (known: KnownBefore) =>
    correctionsOf(change, known).map(({ domain, prefix: block, ports, fromMs, untilMs }) =>
      [domain, block, ...(ports ? [`:${ports.first}-${ports.last}`] : []), `${fromMs}..${untilMs}`].join(' '),
    )
  const plain = told(new KnownChanges(before))
  deepStrictEqual(told(indexOf(before).before()).toSorted(), plain.toSorted())
  return plain
}

/** Last seen at 300. */
export const open = { state: 'open', end: { earliestMs: 300, latestMs: NEVER } } as const
export const missing = { ...open, state: 'missing' } as const
