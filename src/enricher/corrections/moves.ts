import { isDeepStrictEqual } from 'node:util'
import type { AttributedFlow, FlowEnd } from '../../store/port.ts'
import type { AnsweredLines } from '../object-answers.ts'
import type { Move } from '../outcome.ts'

export type Compared = {
  /** Records of which an end is answered otherwise. */
  readonly changed: number
  readonly openRecords: number
  readonly moves: readonly Move[]
}

/** The answers of one object, old and new, both in the order of its records. */
export async function compared(
  now: AsyncIterable<AnsweredLines>,
  before: AsyncIterable<readonly AttributedFlow[]>,
): Promise<Compared> {
  const old = before[Symbol.asyncIterator]()
  let page: readonly AttributedFlow[] = []
  let next = 0
  const oldRow = async (record: number): Promise<AttributedFlow | undefined> => {
    for (;;) {
      const row = page[next]
      if (row !== undefined && row.record >= record) return row.record === record ? row : undefined
      if (row !== undefined) next++
      else {
        const read = await old.next()
        if (read.done === true) return undefined
        page = read.value
        next = 0
      }
    }
  }
  const moves = new Map<string, { -readonly [Field in keyof Move]: Move[Field] }>()
  let changed = 0
  let openRecords = 0
  for await (const { rows, openRows } of now) {
    openRecords += openRows
    for (const row of rows) {
      const was = await oldRow(row.record)
      if (was !== undefined && isSame(was, row)) continue
      changed++
      for (const side of ['source', 'destination'] as const) note(moves, side, was?.[side], row)
    }
  }
  return { changed, openRecords, moves: [...moves.values()].sort((a, b) => b.bytes - a.bytes) }
}

const isSame = (was: AttributedFlow, is: AttributedFlow): boolean =>
  isDeepStrictEqual(was.source, is.source) && isDeepStrictEqual(was.destination, is.destination)

function note(
  moves: Map<string, { -readonly [Field in keyof Move]: Move[Field] }>,
  side: Move['side'],
  was: FlowEnd | undefined,
  row: AttributedFlow,
): void {
  const from = was === undefined ? '(not answered)' : nameOf(was)
  const to = nameOf(row[side])
  if (from === to) return
  const key = JSON.stringify([side, from, to])
  const move = moves.get(key) ?? { side, from, to, flows: 0, bytes: 0 }
  move.flows++
  move.bytes += row.bytes
  moves.set(key, move)
}

const nameOf = ({ state, application, resourceId }: FlowEnd): string =>
  state === 'owned' ? application || resourceId : `(${state})`
