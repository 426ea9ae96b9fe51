import type { Millis } from '../../ownership/window.ts'
import type { AddressColumn } from '../flowlogs/record-batch.ts'
import {
  ANSWER,
  AnswerMemo,
  CLAIM,
  FROM,
  HEAD,
  MARKS,
  PORT,
  pairOf4,
  SPACE,
  STRIDE4,
  TAIL4,
  tailOf,
  UNTIL,
} from './answer-memo.ts'
import { BY_PORT, MARK_FINAL } from './answered-ends.ts'
import { type BatchStrip, DONE } from './batch-strip.ts'
import { firstSecondIn, lastSecondIn } from './seconds.ts'
import type { SideOfBatch } from './side-of-batch.ts'

/** Places of the memo: 8 and 2 MB, of which what peers often ask for stays in the processor's cache. */
const PLACES4 = 2 ** 18
const PLACES6 = 2 ** 15
const TAIL6 = tailOf(4)

/** Answers of ends, each over the stretch for which it holds. */
export class RememberedEnds {
  private readonly memo4 = new AnswerMemo(PLACES4, 1)
  private readonly memo6 = new AnswerMemo(PLACES6, 4)
  /** What was read ahead, so that no compiler leaves the reading out. */
  private readAhead = 0

  clear(): void {
    this.memo4.clear()
    this.memo6.clear()
  }

  /**
   * Answers those ends of a strip that are known, and lists the others in `missed`; returns how many these are. Tight, for
   * nearly every end is answered here and nowhere else: all is read and written through local names, and an IPv4 address
   * without ports, which is what nearly all are, calls nothing.
   */
  recallAll(side: SideOfBatch, strip: BatchStrip, spaces: Int32Array): number {
    const { first, count, froms, untils, homes, words, missed } = strip
    const { answers, claims, marks } = side.answered
    const { isFinal } = side.joined
    const { memo4 } = this
    const { table } = memo4
    this.readAhead4(side, strip, spaces)
    let misses = 0
    for (let i = 0; i < count; i++) {
      const space = spaces[i] as number
      if (space === DONE) continue
      const at = homes[i] as number
      const word = words[i] as number
      let isFound = at >= 0
      if (isFound && (table[at + HEAD] !== word || table[at + SPACE] !== space || table[at + PORT] !== 0)) {
        const second = at + STRIDE4
        isFound = table[second + HEAD] === word && table[second + SPACE] === space && table[second + PORT] === 0
        if (isFound) memo4.bringForward(at)
      }
      const place = first + i
      const from = froms[i] as number
      const until = untils[i] as number
      const answer = isFound ? (table[at + TAIL4 + ANSWER] as number) : 0
      if (at < 0 || (isFound && answer === -1 - BY_PORT)) {
        if (!this.recall(side, place, space, from, until)) missed[misses++] = i
      } else if (
        !isFound ||
        (table[at + TAIL4 + FROM] as number) > from ||
        until > (table[at + TAIL4 + UNTIL] as number)
      ) {
        missed[misses++] = i
      } else {
        const mark = table[at + TAIL4 + MARKS] as number
        answers[place] = answer
        claims[place] = table[at + TAIL4 + CLAIM] as number
        marks[place] = mark
        if ((mark & MARK_FINAL) === 0) isFinal[place] = 0
      }
    }
    return misses
  }

  /**
   * Notes the IPv4 addresses of a strip and where their answers would stand in the memo, −1 for other ends, and reads a word
   * there. The memo is larger than the nearer caches; as no read waits for another, a processor has many of them under way.
   */
  private readAhead4(
    { packet, observed }: SideOfBatch,
    { first, count, homes, words }: BatchStrip,
    spaces: Int32Array,
  ): void {
    const { families: packetFamilies, words: packetWords } = packet
    const { families: observedFamilies, words: observedWords } = observed
    const { table, pairMask } = this.memo4
    let readAhead = 0
    for (let i = 0; i < count; i++) {
      const place = first + i
      const isPacket = packetFamilies[place] !== 0
      homes[i] = -1
      if ((isPacket ? packetFamilies[place] : observedFamilies[place]) !== 4) continue
      const word = (isPacket ? packetWords[place * 4] : observedWords[place * 4]) as number
      const at = pairOf4(spaces[i] as number, 0, word, pairMask)
      words[i] = word
      homes[i] = at
      readAhead ^= table[at] as number
    }
    this.readAhead ^= readAhead
  }

  /** Answers the end, in the window of these seconds, where that is known. `space` says from where its address is seen. */
  recall(side: SideOfBatch, place: number, space: number, from: number, until: number): boolean {
    const column = side.column(place)
    return this.recallBy(0, side, column, place, space, from, until)
  }

  /** Remembers, for a stretch, the answer that the end has just been given. `hasPorts`: it is this one for its port only. */
  keep(side: SideOfBatch, place: number, space: number, fromMs: Millis, untilMs: Millis, hasPorts = false): void {
    const from = firstSecondIn(fromMs)
    const until = lastSecondIn(untilMs)
    if (from >= until) return
    const column = side.column(place)
    const { answers, claims, marks } = side.answered
    if (hasPorts) this.put(0, column, place, space, from, until, -1 - BY_PORT, 0, 0)
    const port = hasPorts ? portKey(side, place) : 0
    const [answer, claim, mark] = [answers[place] as number, claims[place] as number, marks[place] as number]
    this.put(port, column, place, space, from, until, answer, claim, mark)
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
    from: number,
    until: number,
    answer: number,
    claim: number,
    mark: number,
  ): void {
    const isIpv4 = column.families[place] === 4
    const memo = isIpv4 ? this.memo4 : this.memo6
    const tail = isIpv4
      ? memo.place4(space, port, column.words[place * 4] as number) + TAIL4
      : memo.place(space, port, column.words, place * 4) + TAIL6
    const { table } = memo
    table[tail + FROM] = from
    table[tail + UNTIL] = until
    table[tail + ANSWER] = answer
    table[tail + CLAIM] = claim
    table[tail + MARKS] = mark
  }
}

/** The port as a claim on some ports would see it: 1 where there is none, else from 2. */
function portKey(side: SideOfBatch, place: number): number {
  const port = side.hasPorts(place) ? side.port(place) : undefined
  return port === undefined ? 1 : port + 2
}
