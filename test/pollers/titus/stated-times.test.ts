import { describe, expect, test } from 'vitest'
import type { TitusStatus, TitusTask } from '../../../src/pollers/titus/reply.ts'
import { statedTimes } from '../../../src/pollers/titus/stated-times.ts'
import { noDoubt } from '../../support/estate.ts'

const status = (state: string, atMs: number | null, reason = 'normal'): TitusStatus => ({ state, reason, atMs })
const bounds = { ...noDoubt, lagMs: 10, clockErrorMs: 1 }

/** `start not-before 100 ±11` */
function said(statuses: readonly TitusStatus[], context: TitusTask['context'] = {}): readonly string[] {
  const task: TitusTask = { id: 'task-1', jobId: 'job-1', state: 'Started', context, statuses }
  return statedTimes(task, bounds).map(({ edge, kind, subject, atMs, clockErrorMs }) => {
    expect(subject).toBe('binding')
    return `${edge} ${kind} ${atMs}${clockErrorMs === undefined ? '' : ` ±${clockErrorMs}`}`
  })
}

describe('what the states of a Titus task say of its address', () => {
  test('it came after Launched, which was noted late by as much as a reply may be, and before Started was noted', () => {
    expect(said([status('Accepted', 90), status('Launched', 100), status('Started', 130)])).toEqual([
      'start not-before 100 ±11',
      'start processed-at 130',
    ])
  })

  test('of a state that is reported twice the first counts, and one without a time says nothing', () => {
    expect(said([status('Launched', 105), status('Launched', 100), status('Started', null)])).toEqual([
      'start not-before 100 ±11',
    ])
  })

  test('a Launched that was filled in carries the start of the container, and the address was there before that', () => {
    expect(said([status('Launched', 128, 'filledIn'), status('Started', 128, 'filledIn')])).toEqual([
      'start processed-at 128',
    ])
  })

  test('a task that was moved had another application when it started', () => {
    const moved = { 'task.movedFromJob': 'job-0' }
    expect(said([status('Launched', 100), status('Started', 130)], moved)).toEqual(['start not-before 100 ±11'])
  })

  test('it was held when the task was told to end, as far as Titus knew by then', () => {
    expect(said([status('KillInitiated', 900, 'killed')])).toEqual(['end not-before 900 ±11'])
  })

  test('it was given back before an end that the executor reported, and nobody knows when otherwise', () => {
    expect(said([status('Finished', 950)])).toEqual(['end processed-at 950'])
    // Killed behind Titus' back, lost with its node, or archived without an end: it may have run on.
    for (const reason of ['killed', 'lost', 'inconsistent', 'failed', '']) {
      expect(said([status('Finished', 950, reason)])).toEqual([])
    }
  })
})
