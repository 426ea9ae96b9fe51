import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import avro from 'avsc'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type EmbeddedLogOptions,
  openEmbeddedLog,
  openEmbeddedReader,
} from '../../src/changestream/embedded/embedded-log.ts'
import { startMaterialiser } from '../../src/changestream/materialise.ts'
import type { ChangeLog } from '../../src/changestream/port.ts'
import type { OldClaims } from '../../src/changestream/retention/old-claims.ts'
import { retain } from '../../src/changestream/retention/retain.ts'
import { replayedIndex } from '../../src/enricher/view.ts'
import { crashPoints } from '../support/crash-points.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { POLL_MS, polledStory, STORY_START_MS, type StoryPoll } from '../support/polled-story.ts'
import { readAll, retainedState } from '../support/retained-state.ts'

const POLLS = 40
const FIRST_PART = 30
const story = polledStory(POLLS)
const beforeMs = STORY_START_MS + 17 * POLL_MS + 17_000
const never = new AbortController().signal

describe('retention of the embedded log', () => {
  let folder: string
  let clock: ManualClock
  let old: OldClaims[]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'whohad-retention-'))
    clock = new ManualClock(STORY_START_MS)
    old = []
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const open = (path = folder, options: Partial<EmbeddedLogOptions> = {}) =>
    openEmbeddedLog({
      folder: path,
      segmentBytes: 7_000,
      clock,
      onTornTail: () => {},
      onOldClaims: found => old.push(found),
      ...options,
    })
  const append = async (log: ChangeLog, polls: readonly StoryPoll[]) => {
    for (const { atMs, changes } of polls) {
      clock.advance(Math.max(0, atMs - clock.now()))
      await log.append(changes)
    }
  }
  const retained = async (log: ChangeLog, below = beforeMs) =>
    retain(log, { beforeMs: below, upTo: await log.end(), signal: never })
  const segmentsIn = async (path = folder) => (await readdir(path)).filter(name => name.endsWith('.avro')).sort()

  /** What is known where nothing was let go of, and the horizons were written all the same. */
  const uninterrupted = async (below: number, apart?: number) => {
    const path = await mkdtemp(join(tmpdir(), 'whohad-retention-whole-'))
    const log = await open(path)
    await append(log, story)
    await log.append(['vpc-1', 'vpc-2'].map(domain => ({ record: 'horizon', domain, beforeMs: below })))
    const state = await retainedState(log, POLLS, apart)
    await log.close()
    await rm(path, { recursive: true })
    return state
  }

  test('answers, claims, epochs and what a poller adopts are as if nothing had gone; below the horizon all is expired', async () => {
    const log = await open()
    await append(log, story)
    const before = (await segmentsIn()).length
    const found = await retained(log)
    expect(found?.horizons).toEqual(['vpc-1', 'vpc-2'].map(domain => ({ record: 'horizon', domain, beforeMs })))
    const state = await retainedState(log, POLLS)
    expect(state).toEqual(await uninterrupted(beforeMs))
    expect(state.answers.filter(({ state, reason }) => state === 'unknown' && reason === 'expired')).toHaveLength(
      2 * 9 * 35,
    )
    expect(state.answers.filter(answer => answer.state === 'owned').length).toBeGreaterThan(200)
    expect((await segmentsIn()).length).toBeLessThan(before - 1)
    await log.close()
    const again = await open()
    expect(await retainedState(again, POLLS)).toEqual(state)
    await again.close()
  })

  test('again and again, while the story goes on, ends as once', async () => {
    const log = await open()
    const runs: number[] = []
    for (let done = 0; done < story.length; done += 8) {
      await append(log, story.slice(done, done + 8))
      const below = Math.min(beforeMs, clock.now() - 8 * POLL_MS)
      if (await retained(log, below)) runs.push(below)
    }
    expect(runs.length).toBeGreaterThan(1)
    expect(await retainedState(log, POLLS)).toEqual(await uninterrupted(runs.at(-1) ?? 0))
    expect((await segmentsIn()).filter(name => name.startsWith('carried'))).toHaveLength(1)
    await log.close()
  })

  test('killed before any step, and run again, it ends as uninterrupted: no answer before a durable horizon says so', async () => {
    const log = await open()
    await append(log, story.slice(0, FIRST_PART))
    const copies = await crashPoints(folder, async () => {
      await retained(log)
    })
    await log.close()
    // Whole states are compared above; here there are many of them.
    const apart = 11
    const wanted = await uninterrupted(beforeMs, apart)
    const wholeStory = new Set(
      story.slice(0, FIRST_PART).flatMap(({ changes }) => changes.map(change => JSON.stringify(change))),
    )
    expect(copies.length).toBeGreaterThan(15)
    let whole = 0
    for (const copy of copies) {
      await rm(join(copy, 'lock')) // this process lives on, which the one that is killed does not
      const reopened = await open(copy)
      const read = await readAll(reopened)
      const left = new Set(read.map(({ change }) => JSON.stringify(change)))
      const isWhole = [...wholeStory].every(change => left.has(change))
      if (isWhole) whole++
      else
        expect(
          read.filter(({ change }) => change.record === 'horizon'),
          copy,
        ).toHaveLength(2)
      await retained(reopened)
      await append(reopened, story.slice(FIRST_PART))
      expect(await retainedState(reopened, POLLS, apart), copy).toEqual(wanted)
      await reopened.close()
      const files = (await readdir(copy)).sort()
      const listed = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8'))
      const wantedFiles = [
        'manifest.json',
        listed.carried.file,
        ...listed.segments.map(({ file }: { file: string }) => file),
      ]
      expect(files, copy).toEqual(wantedFiles.sort())
    }
    expect(whole).toBeGreaterThan(5)
    expect(whole).toBeLessThan(copies.length)
    await rm(dirname(copies[0] ?? ''), { recursive: true })
  }, 300_000)

  test('a record that is kept has the place and the time that it had, so that what was known when is as it was', async () => {
    const log = await open()
    await append(log, story)
    const before = new Map((await readAll(log)).map(logged => [logged.offset, logged]))
    const found = await retained(log)
    const after = await readAll(log)
    const [start = 0] = found?.start ?? []
    const kept = after.filter(({ offset }) => offset < start)
    expect(kept).toHaveLength(found?.kept ?? 0)
    expect(kept.length).toBeGreaterThan(10)
    for (const logged of kept) expect(logged).toEqual(before.get(logged.offset))
    const offsets = after.map(({ offset }) => offset)
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
    const [end = 0] = await log.end()
    expect(offsets.filter(offset => offset >= start)).toEqual(Array.from({ length: end - start }, (_, i) => start + i))
    await log.close()
  })

  test('a position before what is left is refused, never skipped; from where the log begins on, all is there', async () => {
    const log = await open()
    await append(log, story)
    await retained(log)
    const [start = 0] = (await log.start?.()) ?? []
    expect(start).toBeGreaterThan(30)
    for (const from of [0, 1, start - 1]) {
      const reading = log.read({ from: [from], follow: false, signal: never })[Symbol.asyncIterator]()
      await expect(reading.next()).rejects.toMatchObject({ code: 'WHOHAD_STREAM_POSITION_GONE' })
    }
    const reading = log.read({ from: [start], follow: false, signal: never })[Symbol.asyncIterator]()
    const first = await reading.next()
    await reading.return?.() // the file of a reading that is just left stays open until it is collected (DEP0137)
    expect(first.value?.[0]?.offset).toBe(start)
    await log.close()
  })

  test('a reader that follows from the beginning catches up, and gets what comes after', async () => {
    const log = await open()
    await append(log, story.slice(0, FIRST_PART))
    await retained(log)
    const stop = new AbortController()
    let read = 0
    const report = { fencedWrite: () => {}, deadLetter: () => {}, sinkLacks: () => {} }
    const index = (batch: readonly unknown[]) => {
      read += batch.length
    }
    const materialiser = startMaterialiser({ log, index, sinks: [], signal: stop.signal, report })
    await materialiser.caughtUp
    expect(materialiser.position()).toEqual(await log.end())
    const before = read
    await append(log, story.slice(FIRST_PART))
    await materialiser.reached(await log.end())
    expect(read - before).toBe(story.slice(FIRST_PART).flatMap(({ changes }) => changes).length)
    stop.abort()
    await materialiser.done
    await log.close()
  })

  test('a reading under way is not disturbed, and the files go when it is through', async () => {
    const log = await open()
    await append(log, story)
    const whole = await readAll(log)
    const reading = log.read({ follow: false, signal: never })[Symbol.asyncIterator]()
    const seen = [...((await reading.next()).value ?? [])]
    await retained(log)
    const lingering = (await segmentsIn()).length
    for (let next = await reading.next(); !next.done; next = await reading.next()) seen.push(...next.value)
    expect(seen).toEqual(whole)
    expect((await segmentsIn()).length).toBeLessThan(lingering - 1)
    await log.close()
  })

  test('a reader beside the writer, overtaken by retention, is told to start over and then reads what is left', async () => {
    const log = await open()
    await append(log, story)
    const beside = await openEmbeddedReader(folder)
    await retained(log)
    await expect(readAll(beside)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_POSITION_GONE' })
    const fresh = await openEmbeddedReader(folder)
    expect(await retainedState(fresh, POLLS)).toEqual(await retainedState(log, POLLS))
    await log.close()
  })

  test('old revisions that come again are not taken, and are counted; new ones of the same source are', async () => {
    const log = await open()
    await append(log, story)
    await retained(log)
    const wanted = await retainedState(log, POLLS)
    const again = story.slice(0, 10).flatMap(({ changes }) => changes)
    await log.append(again)
    expect(await retainedState(log, POLLS)).toEqual(wanted)
    const claims = again.filter(({ record }) => record === 'claim').length
    expect(old.reduce((sum, found) => sum + found.claims, 0)).toBe(claims)
    expect(new Set(old.map(({ source }) => source))).toEqual(new Set(['ec2/one', 'ec2/two']))
    await log.close()
    const reopened = await open()
    await reopened.append(again)
    expect(await retainedState(reopened, POLLS)).toEqual(wanted)
    await reopened.close()
  })

  test('nothing goes that the readers named have not read yet, nor the last records', async () => {
    const log = await open()
    await append(log, story)
    expect(await retain(log, { beforeMs: Number.MAX_SAFE_INTEGER / 2, upTo: [0], signal: never })).toBeUndefined()
    const found = await retain(log, { beforeMs, upTo: [70], signal: never })
    expect(found?.start[0]).toBeLessThanOrEqual(70)
    await retain(log, { beforeMs: clock.now() + 1, upTo: await log.end(), signal: never })
    const [start = 0] = (await log.start?.()) ?? []
    expect(start).toBeLessThan((await log.end())[0] ?? 0)
    await log.close()
  })

  test('what the log held at a position that is gone is not told from what was kept', async () => {
    const log = await open()
    await append(log, story)
    const found = await retained(log)
    const [start = 0] = found?.start ?? []
    await expect(replayedIndex(log, [start - 1], never)).rejects.toMatchObject({ code: 'WHOHAD_STREAM_POSITION_GONE' })
    await expect(replayedIndex(log, [start], never)).resolves.toBeDefined()
    await log.close()
  })

  test('with nothing old enough it does nothing, not even write a horizon', async () => {
    const log = await open()
    await append(log, story)
    const end = await log.end()
    expect(await retained(log, STORY_START_MS)).toBeUndefined()
    expect(await log.end()).toEqual(end)
    await log.close()
  })

  test('a log that is closed meanwhile is left as it was', async () => {
    const log = await open()
    await append(log, story)
    const retaining = retained(log).catch(error => error)
    await new Promise(resolve => setImmediate(resolve))
    await log.close()
    await retaining
    const reopened = await open()
    await retained(reopened)
    expect(await retainedState(reopened, POLLS)).toEqual(await uninterrupted(beforeMs))
    await reopened.close()
  })

  test('segments are begun by age too, so that a quiet log lets go of history as well', async () => {
    const log = await open(folder, { segmentBytes: 1 << 30, segmentMs: 10 * POLL_MS })
    await append(log, story)
    expect((await segmentsIn()).length).toBe(4)
    await retained(log)
    expect(await retainedState(log, POLLS)).toEqual(await uninterrupted(beforeMs))
    expect((await log.start?.())?.[0]).toBeGreaterThan(0)
    await log.close()
  })

  test('what is carried over can be opened by any Avro reader', async () => {
    const log = await open()
    await append(log, story)
    const found = await retained(log)
    await log.close()
    const carried = (await segmentsIn()).find(name => name.startsWith('carried')) ?? ''
    const records: { offset: number }[] = []
    const decoder = avro.createFileDecoder(join(folder, carried))
    decoder.on('data', record => records.push(record))
    await once(decoder, 'end')
    expect(records).toHaveLength(found?.kept ?? 0)
  })

  test('an older whohad refuses a folder that has let go of history: it would miss what was carried', async () => {
    const log = await open()
    await append(log, story)
    await retained(log)
    await log.close()
    expect(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')).version).toBe(2)
  })
})
