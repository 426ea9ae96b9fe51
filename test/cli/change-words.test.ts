import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ChangeFilter } from '../../src/cli/change-filter.ts'
import { ChangeLines } from '../../src/cli/change-lines.ts'
import { ChangeWords } from '../../src/cli/change-words.ts'
import { durationOf, noteOf } from '../../src/cli/transfer-bar.ts'
import type { Change, Claim, Progress } from '../../src/ownership/claim.ts'
import { claimOf, ownerOf, progressOf, sourceRecordOf } from '../support/changes.ts'

const AT = Date.UTC(2026, 10, 20)
const NEVER = Number.POSITIVE_INFINITY

/** What is said of the last of these. */
function saidOf(...changes: readonly Change[]): string {
  const words = new ChangeWords()
  return changes.map(change => words.of(change, undefined)).at(-1) ?? ''
}
const claim = (sequence: number, overrides: Partial<Claim> = {}) => claimOf('ec2/a', 1, sequence, overrides)

describe('a claim in words', () => {
  test('is opened by its owner, within its start window', () => {
    expect(saidOf(claim(1))).toBe('opened: api (instance i-api), since 2026-11-20T00:00:00Z..00:00:10Z')
  })

  test('that is first heard of when it is over says so', () => {
    const over = claim(1, { state: 'closed', end: { earliestMs: AT, latestMs: AT + 1500 } })
    expect(saidOf(over)).toMatch(/^opened and closed: api .* until 2026-11-20T00:00:00Z\.\.00:00:01\.500Z$/)
    expect(saidOf(claim(1, { state: 'missing' }))).toMatch(/^opened, and missing: api/)
  })

  test.each<[string, Partial<Claim>, string]>([
    [
      'missing',
      { state: 'missing', end: { earliestMs: AT + 60_000, latestMs: AT + 90_000 } },
      'missing: api (instance i-api), end narrowed to 2026-11-20T00:01:00Z..00:01:30Z',
    ],
    [
      'closed',
      { state: 'closed', end: { earliestMs: AT + 60_000, latestMs: AT + 60_000 } },
      'closed: api (instance i-api), until 2026-11-20T00:01:00Z',
    ],
    [
      'sighted once more',
      { end: { earliestMs: AT + 120_000, latestMs: NEVER } },
      'held at least until 2026-11-20T00:02:00Z',
    ],
    [
      'narrowed',
      { start: { earliestMs: AT + 5_000, latestMs: AT + 10_000 } },
      'start narrowed to 2026-11-20T00:00:05Z..00:00:10Z',
    ],
    [
      'widened',
      { start: { earliestMs: Number.NEGATIVE_INFINITY, latestMs: AT + 10_000 } },
      'start widened to before 2026-11-20T00:00:10Z',
    ],
    [
      'moved',
      { start: { earliestMs: AT + 5_000, latestMs: AT + 15_000 } },
      'start moved to 2026-11-20T00:00:05Z..00:00:15Z',
    ],
    ['named', { owners: [ownerOf('web')] }, 'owner: web (instance i-web), was api (instance i-api)'],
    [
      'shared',
      { owners: [ownerOf('api'), ownerOf('web')] },
      'owner: api (instance i-api) or web (instance i-web), was api (instance i-api)',
    ],
    ['seen', { lastSightingMs: AT + 61_000 }, 'seen at 2026-11-20T00:01:01Z'],
    ['other', { whole: true }, 'details changed'],
  ])('that is %s', (_, overrides, said) => {
    expect(saidOf(claim(1), claim(2, overrides))).toBe(said)
  })

  test('that comes back', () => {
    expect(saidOf(claim(1), claim(2, { state: 'missing' }), claim(3))).toMatch(/^back: api/)
    expect(saidOf(claim(1), claim(2, { state: 'closed' }), claim(3))).toMatch(/^opened again: api/)
  })

  test('again, or late, changes nothing', () => {
    expect(saidOf(claim(1), claim(1))).toBe('repeated')
    expect(saidOf(claim(2), claim(1))).toBe('an older revision, changes nothing')
    expect(saidOf(claim(2), claim(1), claim(3, { state: 'missing' }))).toMatch(/^missing/)
  })

  test('that is fenced off says by whom, and is no news for what follows', () => {
    const words = new ChangeWords()
    expect(words.of(claim(1, { state: 'closed' }), 2)).toBe('fenced off by epoch 2: closed, api (instance i-api)')
    expect(words.of(claimOf('ec2/a', 2, 1), undefined)).toMatch(/^opened: /)
  })
})

describe('other records in words', () => {
  test('a poll, and why one was refused', () => {
    expect(saidOf(progressOf('ec2/a', 1, 1))).toBe('complete up to 2026-11-20T00:01:00Z: 1 address, 1 change')
    const refused: Progress = { ...progressOf('ec2/a', 1, 1), refused: { reason: 'size-drop', detail: '3 of 900.' } }
    expect(saidOf(refused)).toBe('poll refused (size-drop): 3 of 900.')
  })

  test('a source that comes, is taken over, and goes', () => {
    const first = sourceRecordOf('ec2/a', 1)
    expect(saidOf(first)).toBe('registered: ec2, 1 block, epoch 1')
    expect(saidOf(first, sourceRecordOf('ec2/a', 1, 4))).toBe('registered anew: ec2, 1 block')
    expect(saidOf(first, sourceRecordOf('ec2/a', 2))).toBe('taken over by a new poller: epoch 2, 1 block')
    const gone = { ...first, validity: { fromMs: AT, untilMs: AT + 1000 } }
    expect(saidOf(first, gone)).toBe('removed as of 2026-11-20T00:00:01Z')
  })

  test('a horizon', () => {
    expect(saidOf({ record: 'horizon', domain: 'vpc-1', beforeMs: AT })).toBe(
      'history before 2026-11-20T00:00:00Z is gone',
    )
  })
})

describe('a line of the table', () => {
  const logged = (change: Change) => ({ change, partition: 0, offset: 0, loggedAtMs: AT })
  const lineOf = (lines: ChangeLines, change: Change, happened = 'x') =>
    stripVTControlCharacters(lines.line(logged(change), happened, undefined))

  test('has its columns below the head’s, and they stay where they are once they have grown', () => {
    const lines = new ChangeLines()
    const head = stripVTControlCharacters(lines.head())
    expect(lineOf(lines, claim(1)).indexOf('10.0.0.7/32')).toBe(head.indexOf('prefix'))
    const long = claim(1, { source: 'a'.repeat(40) })
    const at = lineOf(lines, long).indexOf('10.0.0.7/32')
    expect(at).toBeGreaterThan(head.indexOf('prefix'))
    expect(lineOf(lines, claim(1)).indexOf('10.0.0.7/32')).toBe(at)
  })

  test('lets no name steer the terminal', () => {
    const line = lineOf(new ChangeLines(), claim(1, { domain: 'a\x1b[2Jb\r\nc' }), 'd\x07e')
    expect(line).not.toMatch(/\p{Cc}/u)
    expect(line).toContain('ab\u{fffd}\u{fffd}c')
  })

  test('says which ports', () => {
    expect(lineOf(new ChangeLines(), claim(1, { ports: { first: 80, last: 90 } }))).toContain('10.0.0.7/32 ports 80-90')
  })
})

describe('a filter', () => {
  const wanted = (options: ConstructorParameters<typeof ChangeFilter>[0], changes: readonly Change[]) => {
    const filter = new ChangeFilter(options)
    return changes.filter((change, i) => filter.wants({ change, partition: 0, offset: i, loggedAtMs: AT + i }))
  }
  const a = sourceRecordOf('ec2/a', 1)
  const b = { ...sourceRecordOf('ec2/b', 1), scope: a.scope.map(scope => ({ ...scope, domain: 'vpc-2' })) }
  const horizon: Change = { record: 'horizon', domain: 'vpc-1', beforeMs: 1 }
  const all = [
    a,
    b,
    claim(1),
    claimOf('ec2/b', 1, 1, { domain: 'vpc-2' }),
    progressOf('ec2/a', 1, 1),
    progressOf('ec2/b', 1, 1),
    horizon,
  ]

  test('by domain keeps its claims and horizon, and the polls of sources that watch it', () => {
    expect(wanted({ domain: 'vpc-1' }, all)).toEqual([a, claim(1), progressOf('ec2/a', 1, 1), horizon])
  })

  test('by source keeps what it wrote', () => {
    expect(wanted({ source: 'ec2/b' }, all)).toEqual([all[1], all[3], all[5]])
  })

  test('by time keeps what was logged from then on, with what it knew before', () => {
    expect(wanted({ domain: 'vpc-1', sinceMs: AT + 4 }, all)).toEqual([all[4], all[6]])
  })
})

test('the note of a transfer has the rate and the time that is left', () => {
  expect(noteOf(5_000, 25, 100, 10)).toBe('5,000 records, 500/s, 30 s left')
  expect(noteOf(5_000, 0, undefined, 10)).toBe('5,000 records, 500/s')
  expect([59, 61, 3_700].map(durationOf)).toEqual(['59 s', '1 min 1 s', '1 h 1 min'])
})
