import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readSourceClaims } from '../../src/changestream/adopt.ts'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import { EncodedChange } from '../../src/changestream/encoded-change.ts'
import { type MaterialiserOptions, startMaterialiser } from '../../src/changestream/materialise.ts'
import type { ChangeLog, DeadLetter, LoggedChange } from '../../src/changestream/port.ts'
import type { FencedWrite } from '../../src/changestream/report.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { claimOf, progressOf, sourceRecordOf } from '../support/changes.ts'
import { appendForeignBlock } from '../support/foreign-block.ts'
import { readUpTo } from '../support/read-state.ts'

describe('materialising and adopting from the log', () => {
  let folder: string
  let log: ChangeLog
  let stop: AbortController
  let applied: Change[]
  let fenced: FencedWrite[]
  let letters: DeadLetter[]
  let lacks: { readonly partition: number; readonly from: number; readonly until: number }[]

  const open = () => openEmbeddedLog({ folder, segmentBytes: 1 << 20, clock: systemClock, onTornTail: () => {} })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'whohad-materialise-'))
    log = await open()
    stop = new AbortController()
    applied = []
    fenced = []
    letters = []
    lacks = []
  })
  afterEach(async () => {
    stop.abort()
    await log.close()
    await rm(folder, { recursive: true, force: true })
  })

  const start = (options: Partial<MaterialiserOptions> = {}) =>
    startMaterialiser({
      log,
      index: current => void applied.push(...current.map(({ change }) => change)),
      sinks: [],
      signal: stop.signal,
      report: {
        fencedWrite: found => fenced.push(found),
        deadLetter: letter => letters.push(letter),
        sinkLacks: lack => lacks.push(lack),
      },
      ...options,
    })
  const writeForeign = async () => {
    await log.close()
    const path = join(folder, (await readdir(folder)).find(name => name.endsWith('.avro')) ?? '')
    await appendForeignBlock(path)
    log = await open()
  }

  test('has caught up once all that was there is in the index and in every sink, and then follows', async () => {
    const changes = [sourceRecordOf('ec2/a', 1), claimOf('ec2/a', 1, 1), progressOf('ec2/a', 1, 1)]
    await log.append(changes)
    const sunk: LoggedChange[][] = [[], []]
    const sinks = sunk.map(held => async (batch: readonly LoggedChange[]) => {
      await new Promise(resolve => setImmediate(resolve))
      held.push(...batch)
    })
    const materialiser = start({ sinks })
    await materialiser.caughtUp
    expect(applied).toEqual(changes)
    expect(sunk.map(held => held.map(({ change }) => change))).toEqual([changes, changes])
    expect(materialiser.position()).toEqual([3])

    await log.append([progressOf('ec2/a', 1, 2)])
    await materialiser.reached(await log.end())
    expect(applied).toHaveLength(4)
    expect(sunk[1]?.map(({ offset }) => offset)).toEqual([0, 1, 2, 3])
    stop.abort()
    await materialiser.done
  })

  test('claims come as they lie in the log, fenced ones too, and are objects for whoever asks', async () => {
    const changes = [
      sourceRecordOf('ec2/a', 2),
      claimOf('ec2/a', 2, 1),
      claimOf('ec2/a', 1, 9),
      progressOf('ec2/a', 2, 1),
    ]
    await log.append(changes)
    const sunk: LoggedChange[] = []
    const indexed: LoggedChange[] = []
    await start({
      index: current => void indexed.push(...current),
      sinks: [async batch => void sunk.push(...batch)],
    }).caughtUp
    expect(indexed.map(logged => logged instanceof EncodedChange)).toEqual([false, true, false])
    expect(sunk.map(logged => logged instanceof EncodedChange)).toEqual([false, true, true, false])
    expect(fenced).toEqual([{ source: 'ec2/a', epoch: 1, fencedBy: 2, partition: 0, offset: 2 }])
    expect(sunk.map(({ change }) => change)).toEqual(changes)
  })

  test('goes on from a position', async () => {
    await log.append([1, 2, 3].map(sequence => progressOf('ec2/a', 1, sequence)))
    const materialiser = start({ restored: readUpTo(2) })
    await materialiser.caughtUp
    expect(applied).toEqual([progressOf('ec2/a', 1, 3)])
  })

  test('goes on after a restart where it was: nothing twice, and who was fenced off before stays so', async () => {
    await log.append([sourceRecordOf('ec2/a', 1), claimOf('ec2/a', 1, 1), sourceRecordOf('ec2/a', 2)])
    const first = start()
    await first.caughtUp
    const read = first.readState()
    expect(read).toMatchObject({ positions: [3], last: [{ offset: 2 }], epochs: [['ec2/a', 2]] })
    stop.abort()
    await first.done

    stop = new AbortController()
    applied = []
    await log.append([claimOf('ec2/a', 1, 9, { id: 'late' }), progressOf('ec2/a', 2, 1)])
    const second = start({ restored: read })
    await second.caughtUp
    expect(applied).toEqual([progressOf('ec2/a', 2, 1)])
    expect(fenced).toEqual([{ source: 'ec2/a', epoch: 1, fencedBy: 2, partition: 0, offset: 3 }])
    expect(second.readState()).toMatchObject({ positions: [5], last: [{ offset: 4 }] })
  })

  test('a stream that has another record where reading stopped is another stream', async () => {
    await log.append([progressOf('ec2/a', 1, 1), progressOf('ec2/a', 1, 2)])
    const restored = { ...readUpTo(1), last: [{ offset: 0, loggedAtMs: 5 }] }
    const materialiser = start({ restored })
    await expect(materialiser.done).rejects.toMatchObject({ code: 'WHOHAD_CHECKPOINT_OF_ANOTHER_STREAM' })
    expect(applied).toEqual([])
  })

  test('sinks that are behind the index get what they lack, and the index gets nothing twice', async () => {
    await log.append([1, 2, 3, 4].map(sequence => progressOf('ec2/a', 1, sequence)))
    const sunk: LoggedChange[] = []
    const materialiser = start({
      restored: readUpTo(3),
      sinksFrom: [1],
      sinks: [async batch => void sunk.push(...batch)],
    })
    await materialiser.caughtUp
    expect(applied).toEqual([progressOf('ec2/a', 1, 4)])
    expect(sunk.map(({ offset }) => offset)).toEqual([1, 2, 3])
    expect(lacks).toEqual([])
  })

  test('sinks that lack what the log has let go of are told of, and get the rest', async () => {
    await log.append([1, 2, 3, 4].map(sequence => progressOf('ec2/a', 1, sequence)))
    const sunk: LoggedChange[] = []
    const materialiser = start({
      log: { ...log, start: async () => [2] },
      restored: readUpTo(3),
      sinksFrom: [],
      sinks: [async batch => void sunk.push(...batch)],
    })
    await materialiser.caughtUp
    expect(sunk.map(({ offset }) => offset)).toEqual([2, 3])
    expect(lacks).toEqual([{ partition: 0, from: 0, until: 2 }])
  })

  test('sinks are told of it too where the index begins with what was kept', async () => {
    await log.append([1, 2].map(sequence => progressOf('ec2/a', 1, sequence)))
    await start({ log: { ...log, start: async () => [2] }, sinksFrom: [1] }).caughtUp
    expect(lacks).toEqual([{ partition: 0, from: 1, until: 2 }])
  })

  test('a paused predecessor’s late write changes no answer, but is counted and kept in the history', async () => {
    await log.append([sourceRecordOf('ec2/a', 1), claimOf('ec2/a', 1, 1)])
    await log.append([sourceRecordOf('ec2/a', 2)])
    // A claim id of its own: no revision of the successor would ever supersede it.
    await log.append([claimOf('ec2/a', 1, 9, { id: 'late' }), progressOf('ec2/a', 1, 9), progressOf('ec2/b', 1, 1)])
    await log.append([progressOf('ec2/a', 2, 1), { record: 'horizon', domain: 'vpc-1', beforeMs: 5 }])
    const sunk: LoggedChange[] = []
    const materialiser = start({ sinks: [async batch => void sunk.push(...batch)] })
    await materialiser.caughtUp
    expect(applied).toEqual([
      sourceRecordOf('ec2/a', 1),
      claimOf('ec2/a', 1, 1),
      sourceRecordOf('ec2/a', 2),
      progressOf('ec2/b', 1, 1),
      progressOf('ec2/a', 2, 1),
      { record: 'horizon', domain: 'vpc-1', beforeMs: 5 },
    ])
    expect(fenced).toEqual([
      { source: 'ec2/a', epoch: 1, fencedBy: 2, partition: 0, offset: 3 },
      { source: 'ec2/a', epoch: 1, fencedBy: 2, partition: 0, offset: 4 },
    ])
    expect(sunk).toHaveLength(8)
  })

  test('a failing sink stops it with the cause; the position stays before what the sink has not got', async () => {
    await log.append([progressOf('ec2/a', 1, 1)])
    await log.append([progressOf('ec2/a', 1, 2)])
    const cause = new Error('the store is down')
    let batches = 0
    const materialiser = start({
      sinks: [
        async () => {
          if (++batches === 2) throw cause
        },
      ],
    })
    await expect(materialiser.done).rejects.toBe(cause)
    await expect(materialiser.caughtUp).rejects.toBe(cause)
    await expect(materialiser.reached([2])).rejects.toBe(cause)
    expect(materialiser.position()).toEqual([1])

    // Started again where it stood, the sink gets what it missed.
    const missed: LoggedChange[] = []
    const second = start({ restored: materialiser.readState(), sinks: [async batch => void missed.push(...batch)] })
    await second.caughtUp
    // The one before it again, as that is how it knows the stream.
    expect(missed.map(({ offset }) => offset)).toEqual([0, 1])
  })

  test('an index that throws stops it too', async () => {
    await log.append([progressOf('ec2/a', 1, 1)])
    const cause = new Error('no')
    const materialiser = start({
      index: () => {
        throw cause
      },
    })
    await expect(materialiser.done).rejects.toBe(cause)
  })

  test('a position is reached also where its last records are dead letters', async () => {
    await log.append([progressOf('ec2/a', 1, 1)])
    await writeForeign()
    const materialiser = start()
    await materialiser.caughtUp
    expect(materialiser.position()).toEqual([2])
    expect(letters.map(({ offset }) => offset)).toEqual([1])
    await log.append([progressOf('ec2/a', 1, 2)])
    await materialiser.reached([3])
    expect(applied).toEqual([progressOf('ec2/a', 1, 1), progressOf('ec2/a', 1, 2)])
  })

  test('whoever waits for a position is told when it is stopped before', async () => {
    const materialiser = start()
    const waiting = materialiser.reached([1])
    stop.abort(new Error('stopping'))
    await expect(waiting).rejects.toThrow('stopping')
    await materialiser.done
  })

  test('a successor adopts the newest revision of every claim that is not closed, and the epoch to raise', async () => {
    await log.append([
      sourceRecordOf('ec2/a', 1),
      claimOf('ec2/a', 1, 1, { id: 'stays' }),
      claimOf('ec2/a', 1, 1, { id: 'goes' }),
      claimOf('ec2/b', 7, 1, { id: 'of-another-source' }),
      progressOf('ec2/a', 1, 1),
    ])
    await log.append([
      claimOf('ec2/a', 1, 2, { id: 'stays', state: 'missing' }),
      claimOf('ec2/a', 1, 2, { id: 'goes', state: 'closed' }),
      progressOf('ec2/a', 1, 2),
    ])
    await log.append([sourceRecordOf('ec2/a', 3), claimOf('ec2/a', 1, 3, { id: 'late' }), progressOf('ec2/a', 1, 3)])
    const { incumbent, ...adopted } = await readSourceClaims(log, 'ec2/a', stop.signal)
    expect(incumbent).toMatchObject({ epoch: 3, contenders: 1, hasSpoken: false })
    expect(adopted).toEqual({
      epoch: 3,
      claims: [claimOf('ec2/a', 1, 2, { id: 'stays', state: 'missing' })],
      sourceRecord: sourceRecordOf('ec2/a', 3),
      lastProgress: progressOf('ec2/a', 1, 2),
    })
  })

  test('a claim that was repeated in an older revision after it was closed stays closed', async () => {
    await log.append([claimOf('ec2/a', 1, 2, { state: 'closed' }), claimOf('ec2/a', 1, 1)])
    expect((await readSourceClaims(log, 'ec2/a', stop.signal)).claims).toEqual([])
  })

  test('a source that never wrote has epoch 0 and nothing to adopt', async () => {
    expect(await readSourceClaims(log, 'ec2/new', stop.signal)).toEqual({
      epoch: 0,
      claims: [],
      sourceRecord: undefined,
      lastProgress: undefined,
    })
  })

  test('adopting that is called off says so instead of adopting half', async () => {
    await log.append([claimOf('ec2/a', 1, 1)])
    stop.abort(new Error('stopping'))
    await expect(readSourceClaims(log, 'ec2/a', stop.signal)).rejects.toThrow('stopping')
  })
})
