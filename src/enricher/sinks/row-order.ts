import type { RejectedLine, SkippedLine } from '../flowlogs/parse.ts'
import type { AnsweredBatch } from '../join/answered-batch.ts'

/** Calls back for each record and each other line of a batch, in the order of their lines. */
export function inOrder(
  { batch }: AnsweredBatch,
  takeRecord: (place: number) => void,
  takeOther: (line: SkippedLine | RejectedLine) => void,
): void {
  const { others, lines, count } = batch
  let next = 0
  for (let place = 0; place < count; place++) {
    const line = lines[place] ?? 0
    for (let other = others[next]; other !== undefined && other.line < line; other = others[++next]) takeOther(other)
    takeRecord(place)
  }
  for (const other of others.slice(next)) takeOther(other)
}
