import type { Window } from '../../ownership/window.ts'
import { PROTOCOLS_WITH_PORTS } from '../attribute.ts'
import { ABSENT, type AddressColumn } from '../flowlogs/record-batch.ts'
import { ANSWER, AnswerMemo, CLAIM, FROM, MARKS, tailOf, UNTIL } from './answer-memo.ts'
import { BY_PORT, MARK_FINAL } from './answered-ends.ts'
import { secondsWithin } from './seconds.ts'
import type { SideOfBatch } from './side-of-batch.ts'

/** Places of the memo: 4 and 2 MB, of which what peers often ask for stays in the processor's cache. */
const PLACES4 = 2 ** 17
const PLACES6 = 2 ** 15
const TAIL4 = tailOf(1)
const TAIL6 = tailOf(4)

/** Answers of ends, each over the stretch for which it holds. */
export class RememberedEnds {
  private readonly memo4 = new AnswerMemo(PLACES4, 1)
  private readonly memo6 = new AnswerMemo(PLACES6, 4)

  clear(): void {
    this.memo4.clear()
    this.memo6.clear()
  }

  /** Answers the end, in the window of these seconds, where that is known. `space` says from where its address is seen. */
  recall(side: SideOfBatch, place: number, space: number, from: number, until: number): boolean {
    const column = side.column(place)
    return this.recallBy(0, side, column, place, space, from, until)
  }

  /** Remembers the answer that the end has just been given. `hasPorts`: it is this one for its port only. */
  keep(side: SideOfBatch, place: number, space: number, stretch: Window, hasPorts = false): void {
    const column = side.column(place)
    const { answers, claims, marks } = side.answered
    if (hasPorts) this.put(0, column, place, space, stretch, -1 - BY_PORT, 0, 0)
    const port = hasPorts ? portKey(side, place) : 0
    const [answer, claim, mark] = [answers[place] as number, claims[place] as number, marks[place] as number]
    this.put(port, column, place, space, stretch, answer, claim, mark)
  }

  private recallBy(
    port: number,
    side: SideOfBatch,
    column: AddressColumn,
    place: number,
    space: number,
    from: number,
    until: number,
  ): boolean {
    const isIpv4 = column.families[place] === 4
    const memo = isIpv4 ? this.memo4 : this.memo6
    const found = memo.find(space, port, column.words, place * 4)
    if (found < 0) return false
    const { table } = memo
    const tail = found + (isIpv4 ? TAIL4 : TAIL6)
    if ((table[tail + FROM] as number) > from || until > (table[tail + UNTIL] as number)) return false
    const answer = table[tail + ANSWER] as number
    if (answer === -1 - BY_PORT) return this.recallBy(portKey(side, place), side, column, place, space, from, until)
    const mark = table[tail + MARKS] as number
    const { answers, claims, marks } = side.answered
    answers[place] = answer
    claims[place] = table[tail + CLAIM] as number
    marks[place] = mark
    if ((mark & MARK_FINAL) === 0) side.joined.isFinal[place] = 0
    return true
  }

  private put(
    port: number,
    column: AddressColumn,
    place: number,
    space: number,
    stretch: Window,
    answer: number,
    claim: number,
    mark: number,
  ): void {
    const [from, until] = secondsWithin(stretch)
    if (from === until) return
    const isIpv4 = column.families[place] === 4
    const memo = isIpv4 ? this.memo4 : this.memo6
    const tail = memo.place(space, port, column.words, place * 4) + (isIpv4 ? TAIL4 : TAIL6)
    const { table } = memo
    table[tail + FROM] = from
    table[tail + UNTIL] = until
    table[tail + ANSWER] = answer
    table[tail + CLAIM] = claim
    table[tail + MARKS] = mark
  }
}

/** The port as a claim on some ports would see it: 1 where there is none, else from 2. */
function portKey({ ports, batch }: SideOfBatch, place: number): number {
  const port = ports[place] as number
  return port === ABSENT || !PROTOCOLS_WITH_PORTS.has(batch.protocols[place]) ? 1 : port + 2
}
