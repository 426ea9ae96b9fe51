import { type Baseline, lastOwner } from './baseline.ts'

/** A map from address to owner that polls keep up to date, asked as it stands when the record comes. */
export const liveMap: Baseline = {
  name: 'current-owner',
  says: 'current owner wins: a live map, asked when the record comes',
  ownerOf: (detections, question) => lastOwner(detections, question, ({ knownMs }) => knownMs <= question.readMs),
}
