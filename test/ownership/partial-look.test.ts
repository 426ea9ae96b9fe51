import { describe, expect, test } from 'vitest'
import type { Claim } from '../../src/ownership/claim.ts'
import { createOwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { inWords, owner, question } from '../support/estate.ts'
import { LookingSource } from '../support/looking-source.ts'

const LAG_MS = 10
const A = { address: '10.0.0.1', owner: owner('api', 'i-1') }
const B = { address: '10.0.0.1', owner: owner('batch', 'i-2') }
const OTHER = { address: '10.0.0.9', owner: owner('web', 'i-9') }

function polled(...shown: readonly (typeof A)[]) {
  const index = createOwnershipIndex()
  const source = new LookingSource(index, { lagMs: LAG_MS })
  source.poll(0, 1, [])
  source.poll(60, 61, shown)
  return { index, source }
}
const only = (changes: readonly unknown[]): Claim => {
  expect(changes).toHaveLength(1)
  return changes[0] as Claim
}

describe('a look at some addresses', () => {
  test('that shows what is known publishes nothing, and moves the end window of a later absence', () => {
    const { source } = polled(A, OTHER)
    expect(source.look(90, 91, [A], ['10.0.0.1'])).toEqual([])
    const missing = only(source.look(110, 111, [], ['10.0.0.1']))
    expect(missing).toMatchObject({ state: 'missing', end: { earliestMs: 80, latestMs: 111 } })
  })

  test('without it the window would reach back to the last poll', () => {
    const { source } = polled(A, OTHER)
    expect(only(source.look(110, 111, [], ['10.0.0.1']))).toMatchObject({ end: { earliestMs: 50, latestMs: 111 } })
  })

  test('is kept in mind by the next poll', () => {
    const { source } = polled(A, OTHER)
    source.look(90, 91, [A], ['10.0.0.1'])
    const [missing] = source.poll(120, 121, [OTHER])
    expect(missing).toMatchObject({ state: 'missing', end: { earliestMs: 80, latestMs: 121 } })
  })

  test('says nothing of what was not asked for', () => {
    const { source } = polled(A, OTHER)
    expect(source.look(90, 91, [], ['10.0.0.1']).map(({ id }) => id)).not.toContain('i-9')
    expect(source.claimOf('10.0.0.9')).toMatchObject({ state: 'open' })
  })

  test('never moves progress', () => {
    const { source, index } = polled(A)
    const changes = [...source.look(90, 91, [A, OTHER], ['10.0.0.1']), ...source.look(100, 101, [], ['10.0.0.1'])]
    expect(changes.map(({ record }) => record)).toEqual(['claim', 'claim'])
    expect(index.sources()[0]?.completeUpToMs).toBe(50)
    expect(inWords(index.ask(question('10.0.0.7', 85)))).toBe('unknown source-stale')
  })

  test('closes at once what the last poll missed', () => {
    const { source } = polled(A, OTHER)
    source.poll(120, 121, [OTHER])
    const closed = only(source.look(125, 126, [], ['10.0.0.1']))
    expect(closed).toMatchObject({ state: 'closed', end: { earliestMs: 50, latestMs: 121 } })
  })

  test('may show a moment before a claim began: its absence then ends nothing', () => {
    const { source } = polled(OTHER)
    source.look(100, 101, [A], ['10.0.0.1'])
    // Sent 4 ms after A was seen first, it may be 10 ms stale.
    expect(only(source.look(105, 106, [], ['10.0.0.1']))).toMatchObject({
      state: 'missing',
      end: { earliestMs: 90, latestMs: Number.POSITIVE_INFINITY },
    })
    expect(only(source.look(112, 113, [], ['10.0.0.1']))).toMatchObject({ end: { latestMs: 113 } })
  })

  test('so may a poll right after it', () => {
    const { source } = polled(OTHER)
    source.look(100, 101, [A], ['10.0.0.1'])
    expect(source.poll(105, 106, [OTHER])[0]).toMatchObject({
      state: 'missing',
      end: { latestMs: Number.POSITIVE_INFINITY },
    })
  })
})

describe('the start of a holding that a look shows first', () => {
  test('lies behind the last look that was over before any moment it shows', () => {
    const { source } = polled(A, OTHER)
    source.look(80, 81, [A], ['10.0.0.1'])
    source.look(100, 101, [A], ['10.0.0.1'])
    const opened = source.look(105, 106, [B], ['10.0.0.1']).find(({ state }) => state === 'open')
    expect(opened).toMatchObject({ owners: [{ application: 'batch' }], start: { earliestMs: 70, latestMs: 106 } })
  })

  test('is narrowed to the look right before it by one that is sure to be later', () => {
    const { source } = polled(A, OTHER)
    source.look(80, 81, [A], ['10.0.0.1'])
    source.look(100, 101, [A], ['10.0.0.1'])
    source.look(105, 106, [B], ['10.0.0.1'])
    // Sent less than lag after the look that did not show it: it only closes the predecessor.
    expect(only(source.look(110, 111, [B], ['10.0.0.1']))).toMatchObject({
      state: 'closed',
      owners: [{ application: 'api' }],
    })
    const narrowed = only(source.look(115, 116, [B], ['10.0.0.1']))
    expect(narrowed).toMatchObject({ start: { earliestMs: 90, latestMs: 106 }, end: { earliestMs: 105 } })
    expect(source.look(120, 121, [B], ['10.0.0.1'])).toEqual([])
  })

  test('is not narrowed by looks at other addresses', () => {
    const { source } = polled(OTHER)
    source.look(80, 81, [OTHER], ['10.0.0.9'])
    expect(only(source.look(105, 106, [A], ['10.0.0.1']))).toMatchObject({ start: { earliestMs: 50 } })
  })

  test('is narrowed by a look at the subnet that the new holder is in, and by no other', () => {
    const started = ['subnet-1', 'subnet-2'].map(subnet => {
      const { source } = polled(OTHER)
      source.lookInSubnet(80, 81, [OTHER], { address: '10.0.0.1', subnet: 'subnet-1' })
      const inSubnet = { ...A, owner: { ...A.owner, subnet } }
      return only(source.look(105, 106, [inSubnet], ['10.0.0.1'])).start.earliestMs
    })
    expect(started).toEqual([70, 50])
  })

  test('is not known where the source does not vouch for the address', () => {
    const { source } = polled(OTHER)
    const strange = { address: '192.168.0.1', owner: owner('api', 'i-1') }
    source.look(80, 81, [], ['192.168.0.1'])
    expect(only(source.look(105, 106, [strange], ['192.168.0.1']))).toMatchObject({
      start: { earliestMs: Number.NEGATIVE_INFINITY },
    })
  })

  test('of a name that only came later stays that of the whole lifetime', () => {
    const unnamed = { address: '10.0.0.1', owner: owner(null, 'i-1') }
    const { source } = polled(unnamed, OTHER)
    source.look(100, 101, [unnamed], ['10.0.0.1'])
    source.look(105, 106, [A], ['10.0.0.1'])
    source.look(130, 131, [A], ['10.0.0.1'])
    expect(source.claimOf('10.0.0.1')).toMatchObject({ start: { earliestMs: -10, latestMs: 61 } })
  })
})

test('windows of a handoff at polls alone and with looks', () => {
  const widths = [false, true].map(looks => {
    const { source, index } = polled(A, OTHER)
    for (let sentAtMs = 65; looks && sentAtMs < 120; sentAtMs += 5) {
      source.look(sentAtMs, sentAtMs + 1, [sentAtMs < 92 ? A : B], ['10.0.0.1'])
    }
    source.poll(120, 121, [B, OTHER])
    source.poll(180, 181, [B, OTHER])
    const states = Array.from({ length: 100 }, (_, i) => index.ask(question('10.0.0.1', 61 + i)).state)
    return states.filter(state => state !== 'owned').length
  })
  // Without looks from the last sighting of the one to the first of the other, and they are a minute apart.
  expect(widths).toEqual([60, 16])
})
