import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeChange, leaveEncoded } from '../../src/changestream/codec.ts'
import { takenBy } from '../../src/changestream/encoded-change.ts'
import { Incumbents } from '../../src/changestream/incumbents.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { claimOf, progressOf, sourceRecordOf } from '../support/changes.ts'

const SOURCE = 'ec2/a'
const goodbye = (epoch: number, sequence: number): Change => ({
  ...progressOf(SOURCE, epoch, sequence),
  refused: { reason: 'stopped', detail: '' },
})
const registered = (epoch: number): Change => ({ ...sourceRecordOf(SOURCE, epoch), revision: { epoch, sequence: 0 } })

const heard = fc.record({
  change: fc.oneof(
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }).map(registered) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom(1, 2, 3), fc.nat(3)).map(([e, s]) => progressOf(SOURCE, e, s)) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(1, 2, 3), fc.nat(3)).map(([e, s]) => goodbye(e, s)) },
  ),
  claims: fc.array(
    fc.record({ epoch: fc.constantFrom(1, 2, 3), sequence: fc.nat(3), waitMs: fc.constantFrom(0, 0, 5) }),
  ),
})

test('claims of one poll tell no more than one of each revision at a time, however many come and in whichever form', () => {
  fc.assert(
    fc.property(fc.array(heard), steps => {
      const [all, encoded, once] = [new Incumbents(), new Incumbents(), new Incumbents()]
      let atMs = 1000
      let told = ''
      for (const { change, claims } of steps) {
        for (const incumbents of [all, encoded, once]) incumbents.take(change, atMs)
        told = ''
        for (const { epoch, sequence, waitMs } of claims) {
          atMs += waitMs
          const claim = claimOf(SOURCE, epoch, sequence)
          const logged = leaveEncoded(encodeChange(claim), 0, 0, atMs)
          if (logged === undefined) throw new Error('it cannot be left encoded')
          for (let i = 0; i < 3; i++) {
            all.take(claim, atMs)
            takenBy(encoded, logged, atMs)
          }
          const key = `${epoch} ${sequence} ${atMs}`
          if (key !== told) once.take(claim, atMs)
          told = key
        }
        expect(encoded.of(SOURCE)).toEqual(all.of(SOURCE))
        expect(once.of(SOURCE)).toEqual(all.of(SOURCE))
        atMs += 10
      }
    }),
  )
})

test('a claim counts that comes later, of a higher revision, after a goodbye or of a successor', () => {
  const incumbents = new Incumbents()
  const shown = () => {
    const { epoch, newest, heardAtMs, isStopped, hasSpoken } = incumbents.of(SOURCE) ?? {}
    return [epoch, newest?.sequence, heardAtMs, isStopped, hasSpoken]
  }
  incumbents.take(registered(1), 10)
  expect(shown()).toEqual([1, 0, 10, false, false])
  incumbents.take(claimOf(SOURCE, 1, 0), 10)
  expect(shown()).toEqual([1, 0, 10, false, true])
  incumbents.take(claimOf(SOURCE, 1, 1), 10)
  expect(shown()).toEqual([1, 1, 10, false, true])
  incumbents.take(claimOf(SOURCE, 1, 1), 20)
  expect(shown()).toEqual([1, 1, 20, false, true])
  incumbents.take(goodbye(1, 2), 20)
  expect(shown()).toEqual([1, 2, 20, true, true])
  incumbents.take(claimOf(SOURCE, 1, 2), 20)
  expect(shown()).toEqual([1, 2, 20, false, true])
  incumbents.take(claimOf(SOURCE, 2, 1), 20)
  expect(shown()).toEqual([2, 1, 20, false, true])
  incumbents.take(claimOf(SOURCE, 1, 9), 30)
  expect(shown()).toEqual([2, 1, 20, false, true])
})
