import type { FlowObject } from '../../store/port.ts'
import { begin, type ObjectContext, writeAgreed } from '../object.ts'
import type { Corrected } from '../outcome.ts'
import { compared } from './moves.ts'

/**
 * Answers an object again as things are known now, and writes a new generation where an answer is another one. `committed` is
 * its newest committed generation, which stays what counts until the new one is committed; a newer one that was begun is
 * finished first, at the position that it pins. Errors of `open`, of the bytes and of the store are thrown.
 */
export async function correctObject(
  committed: FlowObject,
  context: ObjectContext,
  signal?: AbortSignal,
): Promise<Corrected> {
  const { store, clock, view } = context
  const { objectId, bucket, key, etag, generation } = committed
  const object = { bucket, key, etag, sizeBytes: 0 }
  const newest = await store.findObject(objectId)
  const started = newest?.state === 'started' ? newest : generation + 1
  return view.pin(async pinned => {
    const begun = await begin(object, started, pinned, context, signal)
    const { changed, openRecords, moves } = await compared(begun.answers(), store.flowPages(objectId))
    if (changed > 0 || !begun.isNew) {
      const { object: corrected } = await writeAgreed(object, begun, pinned, begun.answers(), context, signal)
      return { object: corrected, changed, moves }
    }
    const looked: FlowObject = { ...committed, openRecords, updatedAtMs: clock.now() }
    if (openRecords !== committed.openRecords) await store.putObject(looked)
    return { object: looked, changed, moves }
  })
}
