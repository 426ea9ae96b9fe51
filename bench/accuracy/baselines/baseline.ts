import type { Ip } from '../../../src/ownership/address.ts'
import type { Millis } from '../../../src/ownership/window.ts'
import type { Change, Detected, Detections, Track } from './detections.ts'

/** Who held the address when the flow began; `readMs` is when the record can be read. */
export type FlowQuestion = {
  readonly domain: string
  readonly ip: Ip
  readonly startMs: Millis
  readonly readMs: Millis
}

/** A way of attributing flows by detected changes. It is asked once the answer could be given, with all that is known then. */
export type Baseline = {
  readonly name: string
  readonly says: string
  ownerOf(detections: Detections, question: FlowQuestion): Detected | null
}

/** Of the longest prefix that has an owner by then, that of the highest layer: the last change of each that `counts`. */
export function lastOwner(
  detections: Detections,
  { domain, ip }: FlowQuestion,
  counts: (change: Change) => boolean,
): Detected | null {
  for (const tracks of detections.tracksOf(domain, ip)) {
    for (const track of tracks) {
      const owner = lastChange(track, counts)?.owner
      if (owner) return owner
    }
  }
  return null
}

export const lastChange = ({ changes }: Track, counts: (change: Change) => boolean): Change | undefined =>
  changes.findLast(counts)
