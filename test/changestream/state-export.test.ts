import { describe, expect, test } from 'vitest'
import { StreamState } from '../../src/changestream/state-export.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { claimOf, ownerOf, progressOf, sourceRecordOf } from '../support/changes.ts'
import { polledStory } from '../support/polled-story.ts'

const AT = Date.UTC(2026, 10, 20)

function linesOf(changes: readonly Change[]): readonly string[] {
  const state = new StreamState()
  for (const change of changes) state.take(change)
  return [...state.lines()]
}
const parsed = (changes: readonly Change[]) => linesOf(changes).map(line => JSON.parse(line) as Record<string, unknown>)

const story = polledStory(30).flatMap(({ changes }) => changes)

describe('the state of a stream', () => {
  test('has the newest revision of each claim, each source’s record and newest progress, and the highest horizon', () => {
    const changes: Change[] = [
      sourceRecordOf('ec2/a', 1),
      claimOf('ec2/a', 1, 2, { state: 'missing' }),
      claimOf('ec2/a', 1, 1),
      progressOf('ec2/a', 1, 2),
      progressOf('ec2/a', 1, 1),
      { record: 'horizon', domain: 'vpc-1', beforeMs: 2_000 },
      { record: 'horizon', domain: 'vpc-1', beforeMs: 1_000 },
    ]
    expect(parsed(changes)).toMatchObject([
      { record: 'claim', id: 'ec2/a#1', revision: { epoch: 1, sequence: 2 }, state: 'missing' },
      { record: 'progress', revision: { epoch: 1, sequence: 2 } },
      { record: 'source', source: 'ec2/a' },
      { record: 'horizon', beforeMs: 2_000 },
    ])
  })

  test('has null where no bound is known, as the Avro schemas do', () => {
    const [claim] = parsed([claimOf('ec2/a', 1, 1)])
    expect(claim).toMatchObject({ end: { earliestMs: AT + 60_000, latestMs: null } })
  })

  test('leaves out what a successor fenced off', () => {
    const late = claimOf('ec2/a', 1, 9, { id: 'late' })
    expect(linesOf([sourceRecordOf('ec2/a', 2), late])).toEqual(linesOf([sourceRecordOf('ec2/a', 2)]))
    expect(linesOf([late, sourceRecordOf('ec2/a', 2)])).toHaveLength(2)
  })

  test('leaves out claims that ended below the horizon, and no others', () => {
    const ended = (latestMs: number) => claimOf('ec2/a', 1, 1, { state: 'closed', end: { earliestMs: AT, latestMs } })
    const horizon: Change = { record: 'horizon', domain: 'vpc-1', beforeMs: AT + 500 }
    expect(linesOf([ended(AT + 500), horizon])).toHaveLength(1)
    expect(linesOf([horizon, ended(AT + 501)])).toHaveLength(2)
  })

  test('is the same bytes however often and in whatever order the records of a source came', () => {
    const once = linesOf(story)
    expect(once.length).toBeGreaterThan(20)
    expect(linesOf([...story, ...story])).toEqual(once)
    // Within one epoch: what orders epochs is the fence, which goes by the log.
    const epochOf = (change: Change) => (change.record === 'horizon' ? 0 : change.revision.epoch)
    const shuffled = story.toReversed().toSorted((a, b) => epochOf(a) - epochOf(b))
    expect(linesOf(shuffled)).toEqual(once)
  })

  test('is the same bytes for the same claim, whatever the order of its fields and labels', () => {
    const labels = claimOf('ec2/a', 1, 1, { owners: [ownerOf('api', { labels: { a: '1', b: '2' } })] })
    const { record, ...rest } = claimOf('ec2/a', 1, 1, { owners: [ownerOf('api', { labels: { b: '2', a: '1' } })] })
    expect(linesOf([{ ...rest, record }])).toEqual(linesOf([labels]))
  })

  test('differs where one answer could', () => {
    const claim = claimOf('ec2/a', 1, 1)
    const other = claimOf('ec2/a', 1, 1, { end: { earliestMs: AT + 60_001, latestMs: Number.POSITIVE_INFINITY } })
    expect(linesOf([other])).not.toEqual(linesOf([claim]))
  })
})
