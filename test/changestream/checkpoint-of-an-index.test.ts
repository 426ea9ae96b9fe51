import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { type ReadState, readCheckpoint, writeCheckpoint } from '../../src/changestream/checkpoint/checkpoint.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { correctionsOf } from '../../src/ownership/corrections.ts'
import { columnsOf, imageOf } from '../../src/ownership/index-image.ts'
import { createOwnershipIndex, OwnershipIndex } from '../../src/ownership/ownership-index.ts'
import { UNSYNCED } from '../support/checkpoints.ts'
import { indexOf, inWords, question } from '../support/estate.ts'
import { type History, histories, toldAs } from '../support/histories.ts'
import { claim, horizon, poll, source } from '../support/plain-changes.ts'
import { propertyRuns, propertyTimeoutMs } from '../support/property-runs.ts'
import { readUpTo } from '../support/read-state.ts'

const folder = mkdtempSync(join(tmpdir(), 'whohad-index-'))
const path = join(folder, 'index.checkpoint')
afterAll(() => rmSync(folder, { recursive: true }))

/** As after a restart: through a file, into a new index. */
async function restarted(index: OwnershipIndex, read: ReadState): Promise<OwnershipIndex> {
  await writeCheckpoint(path, { read, image: imageOf(index.columns()) }, UNSYNCED)
  const checkpoint = await readCheckpoint(path)
  if (checkpoint === undefined) throw new Error('the checkpoint is gone')
  expect(checkpoint.read).toEqual(read)
  return new OwnershipIndex(columnsOf(checkpoint.image))
}

const inOrder = (all: readonly unknown[]): readonly string[] => all.map(one => JSON.stringify(one)).sort()

/** All that an index can be asked, in whatever order it gives what has none. */
function everythingOf(index: OwnershipIndex, { changes, questions }: History) {
  const { changed: _, ...counts } = index.counts()
  const windows = [
    { fromMs: 35, untilMs: 36 },
    { fromMs: 0, untilMs: 130 },
  ]
  return {
    counts,
    sources: inOrder(index.sources()),
    answers: questions.map(asked => index.ask(asked)),
    posted: questions.slice(0, 3).map(asked => index.generation().ask(asked)),
    corrections: changes.map(change => inOrder(correctionsOf(change, index.before()))),
    interfaces: windows.map(window => index.interfaceDuring('eni-1', window)),
  }
}

/** In any order, some of them told again; more often than not below a horizon that much has ended by. */
const arrivals = histories({ questions: 12 }).chain(({ changes, questions }) => {
  const domains = changes.flatMap(change => (change.record === 'claim' ? [change.domain] : []))
  const retained = fc
    .tuple(fc.constantFrom('d1', ...domains), fc.constantFrom(50, 90, 130))
    .map(([domain, beforeMs]): Change => ({ record: 'horizon', domain, beforeMs }))
  return fc
    .array(retained, { maxLength: 2 })
    .chain(horizons => {
      const all = [...changes, ...horizons]
      const again = fc.shuffledSubarray(all, { maxLength: Math.min(4, all.length) })
      return fc.tuple(fc.shuffledSubarray(all, { minLength: all.length }), again)
    })
    .map(([order, again]) => toldAs([...order, ...again], questions))
})

const atSomePoints = fc.array(fc.nat(), { minLength: 1, maxLength: 3 })

test('an index that was restored at any points of its history answers, refuses and corrects as one that never was', {
  timeout: propertyTimeoutMs(60_000),
}, async () => {
  let refused = 0
  await fc.assert(
    fc.asyncProperty(arrivals, atSomePoints, async (history, points) => {
      const { changes } = history
      const restartAt = new Set(points.map(point => point % (changes.length + 1)))
      const plain = createOwnershipIndex()
      let index = createOwnershipIndex()
      for (let i = 0; i <= changes.length; i++) {
        if (restartAt.has(i)) {
          index = await restarted(index, readUpTo(i, 0, 2 ** 45))
          expect(everythingOf(index, history)).toEqual(everythingOf(plain, history))
        }
        const change = changes[i]
        if (change === undefined) continue
        expect(inOrder(correctionsOf(change, index.before()))).toEqual(inOrder(correctionsOf(change, plain.before())))
        for (const one of [index, plain]) one.apply(change)
      }
      expect(everythingOf(index, history)).toEqual(everythingOf(plain, history))
      refused += plain.counts().refused
    }),
    propertyRuns(40),
  )
  expect(refused).toBeGreaterThan(0) // a test that never refuses proves nothing of refusals
})

test('what was refused below the horizon before a restart is refused after it, in an older revision too', async () => {
  const over = claim(2, { state: 'closed', end: { earliestMs: 150, latestMs: 190 } })
  const stillOpen: Change = claim(1)
  const index = await restarted(indexOf([source(1), poll(200), poll(400), horizon(220), over]), readUpTo(4))
  expect(index.counts()).toMatchObject({ claims: 0, refused: 1 })
  index.apply(stillOpen)
  expect(index.counts()).toMatchObject({ claims: 0, refused: 2 })
  expect(inWords(index.ask(question('10.0.0.1', 250)))).toBe('unowned absent-in-complete-polls')
})

test('an empty index is restored as an empty one', async () => {
  const index = await restarted(createOwnershipIndex(), readUpTo(0))
  expect(index.counts()).toEqual(createOwnershipIndex().counts())
  expect(inWords(index.ask(question('10.0.0.1', 250)))).toBe('unknown no-such-domain')
  index.apply(claim(1))
  expect(index.counts().claims).toBe(1)
})

test('a checkpoint of an index of another format is refused', async () => {
  const { header, sections } = imageOf(indexOf([claim(1)]).columns())
  await writeCheckpoint(path, { read: readUpTo(1), image: { header: { ...header, format: 0 }, sections } }, UNSYNCED)
  const checkpoint = await readCheckpoint(path)
  expect(() => columnsOf(checkpoint?.image ?? { header: {}, sections: [] })).toThrow(/index format 0/)
})
