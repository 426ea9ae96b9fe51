import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import type { Window } from '../../src/ownership/window.ts'
import { question } from '../support/estate.ts'
import { BreakingLog, lookAtEc2, lookAtTasks, type Poll, polls, WorldPoller } from '../support/layered-polls.ts'
import { type Instance, type Life, lives, type Name, truthAt, turningPoints } from '../support/layered-world.ts'

const windows = fc.array(
  fc.record({
    place: fc.integer({ min: 0, max: 2 }),
    fromMs: fc.integer({ min: 0, max: 2500 }),
    lengthMs: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 120 })),
  }),
  { minLength: 30, maxLength: 30 },
)

/**
 * A name that came back without a poll having shown the one between, or a first name that went unseen while the listing
 * had none yet: nobody could know of it, and no bound is declared for names.
 */
function hasNameUnseen({ names }: Instance, shown: ReadonlySet<Name>, nowMs: number): boolean {
  return names.some(({ application }, i) => {
    const [name, before, after] = [names[i] as Name, names[i - 1], names[i + 1]]
    if (application === null || after === undefined || after.fromMs > nowMs || shown.has(name)) return false
    const earlier = names.slice(0, i).map(one => one.application)
    return before?.application === null || names.slice(i + 1).some(later => earlier.includes(later.application))
  })
}

type Tally = Record<string, number>

/** What is wrong about an answer `owned`; undefined where nothing is, or where it is not `owned`. */
function wrongIn(
  index: OwnershipIndex,
  life: Life,
  points: readonly number[],
  window: Window,
  unsure: ReadonlySet<string>,
  tally: Tally,
): string | undefined {
  const { fromMs, untilMs } = window
  const { holding } = index.ask(question(life.address, fromMs, untilMs))
  if (holding === null) return undefined
  const { layer, owner } = holding
  tally[layer] = (tally[layer] ?? 0) + 1
  for (const atMs of [fromMs, ...points.filter(point => fromMs < point && point < untilMs)]) {
    const truth = truthAt(life, atMs)
    const isHolder = truth?.layer === layer && truth.resourceId === owner.resourceId
    // An owner without a name has none that could be wrong.
    const isNamedRight = owner.application === null || owner.application === truth?.application
    if (isHolder && (isNamedRight || unsure.has(owner.resourceId))) continue
    const given = `${layer} ${owner.resourceId} ${owner.application}`
    const real = `${truth?.layer} ${truth?.resourceId} ${truth?.application}`
    return `${life.kind} ${life.address} in [${fromMs}, ${untilMs}) is owned by ${given}, but at ${atMs} by ${real}`
  }
  return undefined
}

const SHIFTS = [-16, -5, -1, 0, 7]
const millisecond = (fromMs: number): Window => ({ fromMs, untilMs: fromMs + 1 })

async function pollWorld(
  world: readonly Life[],
  schedules: readonly [readonly Poll[], readonly Poll[]],
  pause: (nowMs: number, shown: ReadonlySet<Name>, isLast: boolean) => void,
  index: OwnershipIndex,
) {
  const log = new BreakingLog(index)
  const ec2 = new WorldPoller(world, log, 'ec2/a', ['network', 'interface', 'instance'], lookAtEc2)
  const tasks = new WorldPoller(world, log, 'titus/main', ['container'], lookAtTasks)
  const queues: readonly [Poll[], Poll[]] = [[...schedules[0]], [...schedules[1]]]
  const half = Math.min(schedules[0].length, schedules[1].length)
  for (let turn = 1; queues[0].length > 0 || queues[1].length > 0; turn++) {
    const ec2Next = queues[1].length === 0 || (queues[0].length > 0 && ec2.nowMs <= tasks.nowMs)
    const next = queues[ec2Next ? 0 : 1].shift()
    if (next) await (ec2Next ? ec2 : tasks).poll(next)
    if (turn === half) pause(Math.max(ec2.nowMs, tasks.nowMs), ec2.shownNames, false)
  }
  pause(Math.max(ec2.nowMs, tasks.nowMs), ec2.shownNames, true)
}

test('over layers, sources, restarts and names that change, no owned answer is wrong', async () => {
  const tally: Tally = {}
  await fc.assert(
    fc.asyncProperty(lives, polls, polls, windows, async (world, ec2Polls, taskPolls, asked) => {
      const index = createOwnershipIndex()
      const askAll = (nowMs: number, shown: ReadonlySet<Name>, isLast: boolean) => {
        for (const [place, life] of world.entries()) {
          const instances = life.attachments.map(({ instance }) => instance)
          const unsure = new Set(instances.filter(one => hasNameUnseen(one, shown, nowMs)).map(({ id }) => id))
          const points = turningPoints(life)
          const drawn = asked.filter(one => one.place === place)
          const around = points
            .filter(atMs => isLast && atMs < nowMs)
            .flatMap(atMs => SHIFTS.map(shiftMs => millisecond(atMs + shiftMs)))
          for (const { fromMs, lengthMs } of drawn) around.push({ fromMs, untilMs: fromMs + lengthMs })
          for (const window of around) {
            const wrong = wrongIn(index, life, points, window, unsure, tally)
            if (wrong !== undefined) expect.fail(wrong)
          }
        }
      }
      await pollWorld(world, [ec2Polls, taskPolls], askAll, index)
    }),
    { numRuns: 130, seed: 20171, endOnFailure: true },
  )
  // A test that never sees an owned answer proves nothing.
  expect(tally['interface']).toBeGreaterThan(150)
  expect(tally['instance']).toBeGreaterThan(600)
  expect(tally['container']).toBeGreaterThan(2000)
})
