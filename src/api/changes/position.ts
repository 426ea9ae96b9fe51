import type { Position } from '../../changestream/port.ts'
import { changesErrors } from './errors.ts'

/** A place in the change stream as a client keeps it: the next offset of each partition, with dots between. */
export const positionText = (position: Position): string => position.join('.')

/** @throws WHOHAD_POSITION_MALFORMED where it is none, or one that this stream has not come to */
export function parsePosition(text: string, end: Position): Position {
  const offsets = /^\d{1,15}(\.\d{1,15})*$/.test(text) ? text.split('.').map(Number) : []
  const isHere = offsets.length === end.length && offsets.every((offset, partition) => offset <= (end[partition] ?? 0))
  if (!isHere) throw changesErrors.positionMalformed({ text: text.slice(0, 200), partitions: end.length })
  return offsets
}
