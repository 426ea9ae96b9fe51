import { expect, test } from 'vitest'
import { encodeChange, leaveEncoded } from '../../src/changestream/codec.ts'
import type { EncodedChange } from '../../src/changestream/encoded-change.ts'
import type { LoggedChange } from '../../src/changestream/port.ts'
import { recorderOf } from '../../src/cli/recorder.ts'
import type { Store, StoredChange } from '../../src/store/port.ts'
import { claimOf, progressOf } from '../support/changes.ts'

const logged = (offset: number, loggedAtMs = offset * 10): LoggedChange => ({
  change: progressOf('ec2/a', 1, offset),
  partition: 0,
  offset,
  loggedAtMs,
})

/** What the recorder sees of a store that holds these. */
function storeWith(changes: readonly StoredChange[]): Pick<Store, 'changesEnd' | 'insertChanges' | 'readChanges'> & {
  readonly inserted: StoredChange[]
} {
  const inserted: StoredChange[] = []
  return {
    inserted,
    changesEnd: async () => (changes.length === 0 ? [] : [(changes.at(-1)?.offset ?? 0) + 1]),
    insertChanges: async batch => void inserted.push(...batch),
    async *readChanges([from = 0], [until = 0]) {
      yield changes.filter(({ offset }) => offset >= from && offset < until)
    },
  }
}

test('what the store has already is not inserted again', async () => {
  const store = storeWith([logged(0), logged(1)])
  const recorder = await recorderOf(store, [4])
  expect(recorder.stored).toEqual([2])
  await recorder.record([logged(0), logged(1), logged(2)])
  await recorder.record([logged(3)])
  expect(store.inserted).toEqual([logged(2), logged(3)])
})

test('claims that lie encoded are made objects only where the store lacks them', async () => {
  const encoded = (offset: number) =>
    leaveEncoded(encodeChange(claimOf('ec2/a', 1, offset)), 0, offset, offset * 10) as EncodedChange
  const store = storeWith([logged(0), logged(1)])
  const recorder = await recorderOf(store, [4])
  const batch = [encoded(0), encoded(1), encoded(2), encoded(3)]
  await recorder.record(batch)
  expect(store.inserted).toEqual([2, 3].map(offset => ({ ...logged(offset), change: claimOf('ec2/a', 1, offset) })))
  expect(batch.map(change => change.encoded() !== undefined)).toEqual([true, true, false, false])
})

test('a stream whose record differs from the one that was stored last is refused before anything is inserted', async () => {
  const store = storeWith([logged(0), logged(1)])
  const recorder = await recorderOf(store, [4])
  await expect(recorder.record([logged(0), logged(1, 11), logged(2)])).rejects.toMatchObject({
    code: 'WHOHAD_STORE_OF_ANOTHER_STREAM',
  })
  expect(store.inserted).toEqual([])
})

test('a stream that ends before what is stored is refused', async () => {
  await expect(recorderOf(storeWith([logged(0), logged(1)]), [1])).rejects.toMatchObject({
    code: 'WHOHAD_STORE_OF_ANOTHER_STREAM',
    message: expect.stringContaining('at offset 1, but of this stream it ends at 1'),
  })
})
