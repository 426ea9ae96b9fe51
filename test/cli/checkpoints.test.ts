import { mkdir, mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import { startMaterialiser } from '../../src/changestream/materialise.ts'
import type { ChangeLog, LoggedChange } from '../../src/changestream/port.ts'
import { restoreIndex } from '../../src/changestream/restore.ts'
import { checkpointPath, checkpointsOf } from '../../src/cli/checkpoints.ts'
import { followingView, replayedIndex } from '../../src/enricher/view.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { claimOf, progressOf, sourceRecordOf } from '../support/changes.ts'

let folder: string
let log: ChangeLog
let said: string[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whohad-checkpoints-'))
  log = await openEmbeddedLog({
    folder: join(folder, 'changes'),
    segmentBytes: 1 << 20,
    clock: systemClock,
    onTornTail: () => {},
  })
  said = []
})
afterEach(async () => {
  await log.close()
  await rm(folder, { recursive: true, force: true })
})

const report = {
  checkpointUnusable: ({ reason }: { readonly reason: string }) => said.push(`unusable: ${reason}`),
  checkpointWritten: () => said.push('written'),
  checkpointFailed: ({ cause }: { readonly cause: unknown }) => said.push(`failed: ${cause}`),
}
const path = () => checkpointPath(folder)

/** One life of a process: restores, follows to the end, does `work`, stops. Returns what was read anew, and the index. */
async function live(work: (running: Running) => Promise<void>): Promise<readonly LoggedChange[]> {
  const stop = new AbortController()
  const restored = await restoreIndex(path(), log, report)
  const index = restored?.index ?? createOwnershipIndex()
  const view = followingView(index, log, stop.signal, { from: restored?.read.positions })
  const applied: LoggedChange[] = []
  const materialiser = startMaterialiser({
    log,
    index: async batch => {
      applied.push(...batch)
      await view.apply(batch)
    },
    sinks: [],
    signal: stop.signal,
    report: { fencedWrite: () => {}, deadLetter: () => {}, sinkLacks: () => {} },
    ...(restored && { restored: restored.read }),
  })
  await materialiser.caughtUp
  const checkpoints = checkpointsOf({
    path: path(),
    view,
    materialiser,
    claims: () => index.counts().claims,
    written: restored?.read.positions,
    clock: systemClock,
    report,
  })
  await work({ index, write: () => checkpoints.write(), settled: async () => materialiser.reached(await log.end()) })
  stop.abort()
  await materialiser.done
  return applied
}

type Running = { readonly index: OwnershipIndex; write(): Promise<void>; settled(): Promise<void> }

const inOneRun = async (): Promise<OwnershipIndex> => replayedIndex(log, await log.end(), new AbortController().signal)

const answersOf = (index: OwnershipIndex) => {
  const { start, end } = claimOf('ec2/a', 1, 1)
  return [start.latestMs, end.earliestMs + 30_000, end.earliestMs + 600_000].map(fromMs =>
    index.ask({ ip: '10.0.0.7', domain: 'vpc-1', fromMs, untilMs: fromMs + 1, nowMs: Date.UTC(2100, 0, 1) } as never),
  )
}

const firstPoll = [sourceRecordOf('ec2/a', 1), claimOf('ec2/a', 1, 1), progressOf('ec2/a', 1, 1)]
const secondPoll = [claimOf('ec2/a', 1, 2, { state: 'missing' }), progressOf('ec2/a', 1, 2)]

test('a process that starts from a checkpoint reads only what came later, and answers as one that read all', async () => {
  await log.append(firstPoll)
  expect(await live(({ write }) => write())).toHaveLength(3)
  await log.append(secondPoll)
  const read = await live(async ({ index, write }) => {
    expect(answersOf(index)).toEqual(answersOf(await inOneRun()))
    await write()
  })
  expect(read.map(({ offset }) => offset)).toEqual([3, 4])
  expect(said).toEqual(['written', 'written'])
})

test('one that is written while changes come holds exactly what its position says', async () => {
  await log.append(firstPoll)
  await live(async ({ write, settled }) => {
    const writing = write()
    await log.append(secondPoll)
    await writing
    await settled()
  })
  const restored = await restoreIndex(path(), log, report)
  const position = restored?.read.positions[0] ?? 0
  expect(position).toBeGreaterThanOrEqual(3)
  const upToIt = await replayedIndex(log, [position], new AbortController().signal)
  expect(answersOf(restored?.index as OwnershipIndex)).toEqual(answersOf(upToIt))
})

test('nothing is written where nothing was read since', async () => {
  await log.append(firstPoll)
  await live(async ({ write }) => {
    await write()
    await write()
  })
  await live(({ write }) => write())
  expect(said).toEqual(['written'])
})

test('a damaged one is told of, and the whole stream is read instead', async () => {
  await log.append(firstPoll)
  await live(({ write }) => write())
  await truncate(path(), 100)
  expect(await live(({ write }) => write())).toHaveLength(3)
  expect(said).toEqual(['written', expect.stringMatching(/^unusable: .*damaged/), 'written'])
  expect(await readdir(folder)).toEqual(['changes', 'index.checkpoint'])
})

test('one that is ahead of the stream, or of one with other partitions, is not used', async () => {
  await log.append(firstPoll)
  await live(({ write }) => write())
  expect(await restoreIndex(path(), { partitions: 1, end: async () => [2] }, report)).toBeUndefined()
  expect(await restoreIndex(path(), { partitions: 2, end: async () => [9, 9] }, report)).toBeUndefined()
  expect(said.slice(1)).toEqual([
    expect.stringContaining('where the change stream has not come yet'),
    expect.stringContaining('it has 1 partitions, the change stream has 2'),
  ])
})

test('where it cannot be written, work goes on', async () => {
  await log.append(firstPoll)
  await mkdir(path())
  expect(await live(({ write }) => write())).toHaveLength(3)
  expect(said).toEqual([
    expect.stringMatching(/^unusable: .*it is not a file/),
    expect.stringMatching(/^failed: WhohadError: Cannot write the checkpoint/),
  ])
})

test('one behind which records are gone that the store has not either is not used', async () => {
  await log.append(firstPoll)
  await live(({ write }) => write())
  const gone = { partitions: 1, end: async () => [9], start: async () => [5] }
  expect(await restoreIndex(path(), gone, report, [4])).toBeUndefined()
  expect(said.slice(1)).toEqual([expect.stringContaining('known up to 4, and the change stream begins at 5')])
  expect(await restoreIndex(path(), gone, report, [5])).toBeDefined()
  expect(await restoreIndex(path(), { ...gone, start: async () => [3] }, report)).toBeDefined()
})
