import { type Baseline, lastChange } from './baseline.ts'
import type { Change } from './detections.ts'

/** Every owner has the address until another is seen to have it: nobody listens to what is released. */
export const startOnly: Baseline = {
  name: 'start-only',
  says: 'start-only intervals: an owner stays until another is seen, releases are not kept',
  ownerOf(detections, question) {
    for (const tracks of detections.tracksOf(question.domain, question.ip)) {
      let latest: Change | undefined
      for (const track of tracks) {
        const change = lastChange(track, ({ atMs, owner }) => owner !== null && atMs <= question.startMs)
        // Layers that began together are one start, and the highest comes first.
        if (change && (latest === undefined || change.atMs > latest.atMs)) latest = change
      }
      if (latest) return latest.owner
    }
    return null
  },
}
