import { describe, expect, test } from 'vitest'
import { pollerErrors } from '../../src/pollers/errors.ts'
import { InterfaceSearch } from '../../src/pollers/interface-search.ts'
import type { Inventory } from '../../src/pollers/inventory.ts'
import { runPoller } from '../../src/pollers/run-poller.ts'
import { Turns } from '../../src/pollers/turns.ts'
import { VirtualClock } from '../../src/simulator/virtual-clock.ts'
import { noDoubt } from '../support/estate.ts'
import { fresh, snapshotAt } from '../support/one-poll.ts'
import { quietPolls } from '../support/story-pollers.ts'

const SECOND_MS = 1000
const limits = { longestMs: 60 * SECOND_MS, fastestMs: 15 * SECOND_MS }

type Story = {
  /** When the interface of a task comes to be, and until when there is such a task. */
  readonly interfaceSeconds: number
  readonly taskUntilSeconds?: number
  readonly untilSeconds: number
  /** How long a listing of each EC2 source takes. */
  readonly ec2Takes?: readonly number[]
  /** The first poll of Titus. */
  readonly titusFirstSeconds?: number
}

/** Two or more pollers of one process that live for a while: when each of them polled, and what became of it. */
async function lived(story: Story): Promise<readonly string[]> {
  const { interfaceSeconds, taskUntilSeconds = Number.POSITIVE_INFINITY, untilSeconds } = story
  const { ec2Takes = [0], titusFirstSeconds = 30 } = story
  const clock = new VirtualClock(0, () => {})
  const search = new InterfaceSearch(clock, async () => {})
  const stop = new AbortController()
  const said: string[] = []
  let isSeen = false
  const poller = (source: string, firstSeconds: number, list: () => Promise<void>) => {
    const turns = new Turns({ clock, limits, firstAfterMs: firstSeconds * SECOND_MS, random: () => 0 })
    const inventory: Inventory = {
      source,
      kind: 'test',
      bounds: noDoubt,
      async list() {
        const sentAtMs = clock.now()
        const at = `${source} ${sentAtMs / SECOND_MS}`
        try {
          await list()
          said.push(at)
        } catch (error) {
          said.push(`${at} refused`)
          throw error
        }
        return snapshotAt(sentAtMs, '10.0.0.1')
      },
    }
    const report = turns.learning({ ...quietPolls, lookDone: () => {} })
    const wake = () => turns.wake()
    const searching = source.startsWith('ec2')
      ? search.placing(source, wake, report)
      : search.seeking(source, wake, report)
    const adopt = async () => fresh
    const log = { append: async () => {} }
    return runPoller(inventory, { adopt, clock, log, report: searching, turns: turns.until(stop.signal) }, stop.signal)
  }
  const running = [
    ...ec2Takes.map((seconds, i) =>
      poller(`ec2${i || ''}`, 0, async () => {
        const isThere = clock.now() >= interfaceSeconds * SECOND_MS
        if (seconds > 0) await clock.sleep(seconds * SECOND_MS)
        if (i === 0) isSeen ||= isThere
      }),
    ),
    poller('titus', titusFirstSeconds, async () => {
      const isThere = clock.now() < taskUntilSeconds * SECOND_MS
      if (isThere && !isSeen) throw pollerErrors.titusInterfaceUnplaced({ task: 't', eni: 'eni-1' })
    }),
  ]
  await clock.sleep(untilSeconds * SECOND_MS)
  stop.abort()
  await Promise.all(running)
  return said
}

describe('a Titus poll that is refused for an interface that no EC2 poll has shown', () => {
  test('makes EC2 poll, and is made up for as soon as that is done', async () => {
    const came = await lived({ interfaceSeconds: 20, untilSeconds: 70 })
    expect(came).toEqual(['ec2 0', 'titus 30 refused', 'ec2 30', 'titus 45'])
  })

  test('waits for an EC2 poll that began after it', async () => {
    const came = await lived({ interfaceSeconds: 20, ec2Takes: [40], untilSeconds: 99 })
    // The one that was under way ended at 40 and had begun too early; the next one is woken, and ends at 80.
    expect(came).toEqual(['titus 30 refused', 'ec2 0', 'ec2 40', 'titus 80'])
  })

  test('costs one EC2 poll and one of Titus where the interface never comes, however long that goes on', async () => {
    const came = await lived({ interfaceSeconds: Number.POSITIVE_INFINITY, untilSeconds: 600 })
    expect(came.filter(what => what.startsWith('ec2'))).toEqual([
      'ec2 0',
      ...[30, 90, 150, 210, 270, 330, 390, 450, 510, 570].map(second => `ec2 ${second}`),
    ])
    expect(came.filter(what => what.startsWith('titus'))).toEqual([
      'titus 30 refused',
      ...[45, 105, 165, 225, 285, 345, 405, 465, 525, 585].map(second => `titus ${second} refused`),
    ])
  })

  test('asks again once a poll was complete in between', async () => {
    const came = await lived({ interfaceSeconds: 200, taskUntilSeconds: 40, untilSeconds: 70 })
    expect(came).toEqual(['ec2 0', 'titus 30 refused', 'ec2 30', 'titus 45'])
    const search = new InterfaceSearch(new VirtualClock(0, () => {}), async () => {})
    let woken = 0
    search.placing('ec2', () => woken++, quietPolls)
    const titus = search.seeking('titus', () => {}, quietPolls)
    const refused = { source: 'titus', reason: 'unplaced-interface', detail: '', cause: null } as const
    titus.pollRefused({ ...refused, reason: 'throttled' })
    expect(woken).toBe(0)
    titus.pollRefused(refused)
    titus.pollRefused(refused)
    expect(woken).toBe(1)
    titus.pollCompleted({ source: 'titus', bindings: 1, changed: 0, completeUpToMs: 0, tookMs: 0, contradictions: [] })
    titus.pollRefused(refused)
    expect(woken).toBe(2)
  })

  test('is made up for once for each EC2 source, as it cannot be known whose the interface is', async () => {
    const came = await lived({ interfaceSeconds: 20, ec2Takes: [20, 0], untilSeconds: 99 })
    expect(came.filter(what => what.startsWith('titus'))).toEqual(['titus 30 refused', 'titus 45 refused', 'titus 60'])
  })
})
