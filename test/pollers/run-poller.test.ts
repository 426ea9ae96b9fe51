import { describe, expect, test } from 'vitest'
import type { Change } from '../../src/ownership/claim.ts'
import { runPoller } from '../../src/pollers/run-poller.ts'
import { fresh, inventory, parts, snapshotAt } from '../support/one-poll.ts'

const never = new AbortController().signal
async function* times(count: number) {
  for (let i = 0; i < count; i++) yield 'poll' as const
}

describe('a poller', () => {
  test('adopts its state anew after the change stream refused a poll', async () => {
    const use = parts()
    let appends = 0
    const log = {
      append: async (changes: readonly Change[]) => {
        if (++appends === 2) throw new Error('disk full')
        await use.log.append(changes)
      },
    }
    let adopted = 0
    const adopt = async () => ({ ...fresh, epoch: ++adopted })
    const polls = inventory(async () => {
      use.clock.advance(100)
      return snapshotAt(use.clock.now(), '10.0.0.1')
    })
    await runPoller(polls, { ...use, log, adopt, turns: times(3) }, never)
    expect(use.happened).toEqual(['completed 1', 'publish failed', 'completed 1'])
    expect(use.appended[1]).toMatchObject([{}, { revision: { epoch: 2, sequence: 1 } }, {}])
  })

  test('polls nothing until its state can be read', async () => {
    const use = parts()
    let tries = 0
    const adopt = async () => {
      if (++tries === 1) throw new Error('no broker')
      return fresh
    }
    await runPoller(
      inventory(async () => snapshotAt(100, '10.0.0.1')),
      { ...use, adopt, turns: times(2) },
      never,
    )
    expect(use.happened).toEqual(['adopt failed', 'completed 1'])
  })
})
