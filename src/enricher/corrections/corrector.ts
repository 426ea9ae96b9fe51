import type { Millis } from '../../ownership/window.ts'
import { WhohadError } from '../../runtime/errors.ts'
import type { FlowObject, StoredCorrection } from '../../store/port.ts'
import { enricherErrors } from '../errors.ts'
import { objectName } from '../flowlogs/object-ref.ts'
import type { ObjectContext } from '../object.ts'
import { correctObject } from './correct-object.ts'

export type CorrectorSettings = ObjectContext & {
  /** Unique among the enrichers of a store, and the same after a restart. */
  readonly name: string
  /** Whether an object is this enricher's to correct. */
  readonly owns: (object: FlowObject) => boolean
  /** Whether an address may be in another domain than the one that answered for it. */
  readonly anyDomain: boolean
  /** Objects that one pass looks at again at most, so that new ones do not wait long for a storm to pass. */
  readonly mostObjects?: number
  readonly mostStretches?: number
}

export type CorrectionSummary = {
  /** Objects that have a new generation. */
  readonly corrected: number
  readonly unchanged: number
  /** Objects that are gone, so that what was answered stays. */
  readonly gone: number
  /** Whether there is more to look at, at the next pass. */
  readonly isMore: boolean
}

export type Corrector = { correctOnce(signal?: AbortSignal): Promise<CorrectionSummary> }

const MOST_OBJECTS = 20
const MOST_STRETCHES = 1000
/** An object that waits for a source is looked at again after so long, then after twice as long, up to the longest. */
const FIRST_LOOK_MS = 60_000
const LONGEST_LOOK_MS = 3600_000

/**
 * Looks again at what was answered: at objects that changes of the stream touch, and at those that left before the sources
 * had told all. How far it has come is in the store, so that nothing is lost when it stops. An object that cannot be read
 * now keeps its turn; one that is gone keeps its answers.
 */
export function createCorrector(settings: CorrectorSettings): Corrector {
  const { store, view, name, owns, clock, report, slackMs, anyDomain } = settings
  const { mostObjects = MOST_OBJECTS, mostStretches = MOST_STRETCHES } = settings
  const looks = new Map<string, { readonly atMs: Millis; readonly afterMs: Millis }>()
  /** Of the objects of the stretches in hand those that were looked at, and all stretches before which they were. */
  let looked = new Map<string, readonly number[]>()

  /** False where the object has to be looked at another time. */
  const correct = async (object: FlowObject, pass: Pass, signal?: AbortSignal): Promise<boolean> => {
    const named = objectName(object)
    try {
      const corrected = await correctObject(object, settings, signal)
      if (corrected.changed > 0) pass.corrected++
      else pass.unchanged++
      if (corrected.changed > 0) report.objectCorrected({ name: named, ...corrected })
      return true
    } catch (error) {
      if (signal?.aborted || !(error instanceof WhohadError)) throw error
      const isGone = error.code === enricherErrors.s3ObjectMissing.code
      if (isGone) pass.gone++
      report.correctionFailed({ object: named, error, isGone })
      return isGone
    }
  }

  const correctTouched = async (pass: Pass, signal?: AbortSignal): Promise<void> => {
    const done = await store.correctedUpTo(name)
    const noted = await store.corrections(done, mostStretches)
    // Another process may be ahead of this one, whose index would answer as before.
    const position = await view.pin(async pinned => pinned.position)
    const pending = noted.filter(({ partition, offset }) => offset < (position[partition] ?? 0))
    if (pending.length === 0) return
    const end = endOf(pending, done)
    const touched = await store.touchedObjects(pending, { slackMs, anyDomain })
    const isDue = (one: FlowObject) =>
      isBehind(one.position, pending) && isBehind(looked.get(one.objectId) ?? [], pending)
    const due = touched.filter(one => owns(one) && isDue(one))
    const now = due.slice(0, pass.left)
    pass.left -= now.length
    let failed = 0
    for (const object of now) {
      if (signal?.aborted) return
      if (await correct(object, pass, signal)) looked.set(object.objectId, end)
      else failed++
    }
    pass.isMore = failed > 0 || now.length < due.length || noted.length >= mostStretches
    if (failed > 0 || now.length < due.length) return
    await store.putCorrectedUpTo(name, end)
    looked = new Map()
  }

  const correctOpen = async (pass: Pass, signal?: AbortSignal): Promise<void> => {
    const open = (await store.openObjects()).filter(owns)
    const ids = new Set(open.map(({ objectId }) => objectId))
    for (const objectId of looks.keys()) if (!ids.has(objectId)) looks.delete(objectId)
    for (const object of open) {
      const last = looks.get(object.objectId)
      if (pass.left <= 0 || signal?.aborted) return
      if (last !== undefined && clock.now() < last.atMs + last.afterMs) continue
      pass.left--
      await correct(object, pass, signal)
      const afterMs = last === undefined ? FIRST_LOOK_MS : Math.min(last.afterMs * 2, LONGEST_LOOK_MS)
      looks.set(object.objectId, { atMs: clock.now(), afterMs })
    }
  }

  return {
    async correctOnce(signal) {
      const pass: Pass = { corrected: 0, unchanged: 0, gone: 0, isMore: false, left: mostObjects }
      try {
        await correctTouched(pass, signal)
        await correctOpen(pass, signal)
      } catch (error) {
        if (!signal?.aborted && !(error instanceof WhohadError)) throw error
        pass.isMore = true
        if (error instanceof WhohadError) report.correctionsFailed({ error })
      }
      const { left, ...summary } = pass
      return summary
    },
  }
}

type Pass = { -readonly [Field in keyof CorrectionSummary]: CorrectionSummary[Field] } & { left: number }

/** Some of the changes came after what was known there. */
const isBehind = (position: readonly number[], pending: readonly StoredCorrection[]): boolean =>
  pending.some(({ partition, offset }) => offset >= (position[partition] ?? 0))

function endOf(pending: readonly StoredCorrection[], done: readonly number[]): readonly number[] {
  const end = [...done]
  for (const { partition, offset } of pending) {
    while (end.length <= partition) end.push(0)
    end[partition] = Math.max(end[partition] ?? 0, offset + 1)
  }
  return end
}
