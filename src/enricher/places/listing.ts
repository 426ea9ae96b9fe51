import type { Millis } from '../../ownership/window.ts'
import type { Clock } from '../../runtime/clock.ts'
import { type Folders, listWindow } from '../flowlogs/list-window.ts'
import { FILE_WINDOW_MS, type FlowObjectRef, objectIdOf } from '../flowlogs/object-ref.ts'
import type { ObjectPlace } from './object-place.ts'

export type ListingSettings = {
  readonly bucket: Folders
  readonly prefix: string
  /** Objects whose records all end before are left out. */
  readonly sinceMs: Millis
  /** How long after its window an object may come and is still found at once. */
  readonly lateMs: Millis
  readonly clock: Clock
}

/** A file that comes later than `lateMs` is found within so long. */
const WHOLE_EVERY_MS = 24 * 3600_000

/**
 * The listing of a bucket as a place. Keys are not in the order of time (flow log id and hash order them), so no pass goes on
 * where the last one ended: each lists the windows of the last `lateMs` again. The first, and one a day, lists everything.
 */
export function listingPlace({ bucket, prefix, sinceMs, lateMs, clock }: ListingSettings): ObjectPlace {
  const waiting = new Map<string, FlowObjectRef>()
  let wholeMs: Millis | undefined

  return {
    async *list(signal) {
      const nowMs = clock.now()
      const isWhole = wholeMs === undefined || nowMs - wholeMs >= WHOLE_EVERY_MS
      const window = isWhole
        ? { fromMs: sinceMs, untilMs: Number.POSITIVE_INFINITY }
        : { fromMs: Math.max(sinceMs, nowMs - lateMs), untilMs: nowMs + FILE_WINDOW_MS }
      const given = new Set<string>()
      // However late a file was made, it was made before now.
      for await (const object of listWindow(bucket, { prefix, window, latenessMs: 0 }, signal)) {
        const objectId = objectIdOf(object)
        given.add(objectId)
        waiting.set(objectId, object)
        yield object
      }
      if (isWhole && !signal?.aborted) wholeMs = nowMs
      for (const [objectId, object] of [...waiting]) {
        if (given.has(objectId)) continue
        // What a whole listing does not show is there no longer.
        if (isWhole) waiting.delete(objectId)
        else yield object
      }
    },
    async acknowledge(object) {
      waiting.delete(objectIdOf(object))
    },
    async close() {},
  }
}
