import { join } from 'node:path'
import { expect } from 'vitest'
import { Fence } from '../../src/changestream/fence.ts'
import type { ChangeLog, LoggedChange } from '../../src/changestream/port.ts'
import type { Answer, Holding } from '../../src/ownership/answer.ts'
import type { Change } from '../../src/ownership/claim.ts'
import type { Consumed } from './consuming-child.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import { POLL_MS, STORY_BOUNDS, STORY_SOURCES, STORY_START_MS } from './polled-story.ts'
import { readAll } from './retained-state.ts'
import { openStoryLog } from './story-log.ts'
import { StoryPoller } from './story-pollers.ts'

type Step = { readonly source: string; readonly epoch: number; readonly poll: number | 'takes over' }

/** Who took over and polled when, by a log: repeated records are one, and what is fenced off is none. */
function stepsIn(records: readonly LoggedChange[]): readonly Step[] {
  const fence = new Fence()
  const groups = new Map<string, Change[]>()
  for (const { change } of records) {
    if (change.record === 'horizon' || fence.fencedBy(change) !== undefined) continue
    const key = `${change.source} ${change.revision.epoch} ${change.revision.sequence}`
    groups.set(key, [...(groups.get(key) ?? []), change])
  }
  const nextPoll = new Map<string, number>()
  return [...groups.values()].map(changes => {
    const [first] = changes
    if (first === undefined || first.record === 'horizon') throw new Error('a group has a record of a source')
    const { source, revision } = first
    if (revision.sequence === 0) return { source, epoch: revision.epoch, poll: 'takes over' }
    const progress = changes.find(change => change.record === 'progress')
    // Claims without their progress are those of the poll after the last that was completed.
    const poll = progress ? pollOf(progress.completeUpToMs) : (nextPoll.get(source) ?? 0)
    if (progress) nextPoll.set(source, poll + 1)
    return { source, epoch: revision.epoch, poll }
  })
}

const pollOf = (completeUpToMs: number): number =>
  (completeUpToMs + STORY_BOUNDS.lagMs + STORY_BOUNDS.clockErrorMs - STORY_START_MS) / POLL_MS

/** The polls of a source that a log vouches for. */
export const pollsIn = (records: readonly LoggedChange[], source: string): readonly number[] => [
  ...new Set(
    records.flatMap(({ change }) =>
      change.record === 'progress' && change.source === source ? [pollOf(change.completeUpToMs)] : [],
    ),
  ),
]

/**
 * The uninterrupted run beside a log: pollers that take over and poll at the same places, each poll whole, on a log to which
 * nothing happens. Who took over when is part of what is compared, since ids and revisions tell of it.
 */
async function uninterruptedRun(records: readonly LoggedChange[], folder: string): Promise<ChangeLog> {
  const log = await openStoryLog({ folder: join(folder, 'uninterrupted') })
  const pollers = new Map(STORY_SOURCES.map(({ source }, i) => [source as string, new StoryPoller(i, log)]))
  for (const { source, epoch, poll } of stepsIn(records)) {
    const poller = pollers.get(source)
    if (poll !== 'takes over') await poller?.poll(poll)
    else while (((await poller?.takeOver()) ?? epoch) < epoch);
  }
  return log
}

/**
 * Every poll of these sources is there, the log comes to what an uninterrupted run comes to, and it names whom a run names in
 * which nobody ever took over.
 */
export async function expectAsUninterrupted(
  log: ChangeLog,
  expected: { readonly polls: number; readonly sources: readonly string[]; readonly folder: string },
): Promise<Outcome> {
  const { polls, sources, folder } = expected
  const records = await readAll(log)
  for (const source of sources) expect(pollsIn(records, source)).toEqual(Array.from({ length: polls }, (_, i) => i))
  const outcome = await outcomeOf(log, polls)
  expect(outcome.answers.filter(answer => answer.includes('"owned"')).length).toBeGreaterThan(polls)
  const uninterrupted = await uninterruptedRun(records, folder)
  const wanted = await outcomeOf(uninterrupted, polls)
  await uninterrupted.close()
  expectSame(outcome, wanted)
  expect(differences(whosIn(outcome), whosIn(await outcomeOfOnePoller(polls, sources, folder)))).toEqual([])
  return wanted
}

/** Who it was, or who it may have been: ids and their order tell of who took over when. */
const whosIn = ({ answers }: Outcome): readonly string[] =>
  answers.map(text => {
    const { state, reason, holding, candidates } = JSON.parse(text) as Answer
    const nameOf = (one: Holding | null) => one?.owner.resourceId ?? 'nobody'
    const names = [...new Set(candidates.map(candidate => nameOf(candidate.holding)))].sort()
    return `${state} ${reason} ${nameOf(holding)} ${names}`
  })

/** What it comes to where one poller of each source does all of the polls. */
async function outcomeOfOnePoller(polls: number, sources: readonly string[], folder: string) {
  const log = await openStoryLog({ folder: join(folder, 'undisturbed') })
  for (const [sourceNumber, { source }] of STORY_SOURCES.entries()) {
    if (!sources.includes(source)) continue
    const poller = new StoryPoller(sourceNumber, log)
    await poller.takeOver()
    for (let poll = 0; poll < polls; poll++) await poller.poll(poll)
  }
  const outcome = await outcomeOf(log, polls)
  await log.close()
  return outcome
}

/** Byte for byte. */
export function expectSame(outcome: Outcome, wanted: Outcome): void {
  expect(differences(outcome.lines, wanted.lines)).toEqual([])
  expect(differences(outcome.answers, wanted.answers)).toEqual([])
}

/** The first few places where two lists differ: all of them would fill a screen for each. */
function differences(is: readonly string[], wanted: readonly string[]): readonly unknown[] {
  const places = Array.from({ length: Math.max(is.length, wanted.length) }, (_, i) => i)
  const different = places.filter(i => is[i] !== wanted[i]).map(i => ({ at: i, is: is[i], wanted: wanted[i] }))
  return different.slice(0, 3)
}

/**
 * A consumer that was stopped again and again has what one reader of the story has who reads it in one go, and its store every
 * record of the log, each once.
 */
export async function expectConsumed(consumed: Consumed, log: ChangeLog, story: Outcome): Promise<void> {
  expectSame(consumed, story)
  const end = await log.end()
  const offsets = end.map((_, partition) => consumed.offsets[partition] ?? [])
  expect(offsets).toEqual(end.map(count => Array.from({ length: count }, (_, offset) => offset)))
}

/** What the changes come to on a log that nothing happens to. */
export async function outcomeOfChanges(changes: readonly Change[], polls: number, folder: string): Promise<Outcome> {
  const log = await openStoryLog({ folder: join(folder, 'uninterrupted') })
  await log.append(changes)
  const outcome = await outcomeOf(log, polls)
  await log.close()
  return outcome
}
