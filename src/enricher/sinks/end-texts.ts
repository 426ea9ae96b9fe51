import type { FlowEnd } from '../../store/port.ts'
import type { Side } from '../attribute.ts'
import type { AnsweredBatch } from '../join/answered-batch.ts'
import { type EndTemplate, MARK_DOMAIN } from '../join/answered-ends.ts'
import { type EndColumn, JoinedBatch } from '../join/joined-batch.ts'
import type { TextFields } from './distinct-ends.ts'
import { larger } from './word-rows.ts'

/** What is said of an end in one text each, in the order of `EndTexts.fields`. */
export const END_TEXTS = [
  'domain',
  'state',
  'reason',
  'application',
  'resourceId',
  'cluster',
  'account',
  'region',
  'zone',
  'layer',
  'claimId',
  'service',
] as const satisfies readonly (keyof FlowEnd)[]

export type EndText = (typeof END_TEXTS)[number]

/** The number of an end that was not answered: all its texts are empty. */
export const NO_END = 0
/** The number of the empty text. */
export const NO_TEXT = 0

const FIELDS = END_TEXTS.length
const MOST_ENDS = 131_072
const FIRST_ROOM = 1024

/**
 * Numbers for what ends are answered with, apart from address and port, and for the texts of these: what outputs by column are
 * made of. An end's texts are looked at once, and then its number is found from the few numbers that the join has of it. Tight,
 * as it is asked twice a record.
 */
export class EndTexts {
  /** So many are kept, and with them their texts, before all are forgotten. */
  readonly mostEnds: number
  /** By number. */
  readonly texts: string[] = ['']
  /** The number of each text of each end: END_TEXTS.length behind one another. */
  fields = new Int32Array(FIELDS * FIRST_ROOM)
  /** By number of an end; the same list where nobody is one. */
  readonly candidates: (readonly string[])[] = [NOBODY]
  /** Numbers of ends given out so far are smaller. */
  size = 1
  /** Numbers of ends and texts that were given out at another count mean nothing any more. */
  timesForgotten = 0
  private readonly textNumbers = new Map([['', NO_TEXT]])
  private readonly byContent = new Map<string, number>()
  /** Of owned ends: fact, claim and domain, three words each by number. */
  private keys = new Int32Array(3 * FIRST_ROOM)
  private slots = new Int32Array(2 * FIRST_ROOM)
  /** Of ends that the join worked out, by its own number, which may come to mean another end. */
  private readonly workedOut: EndTemplate[] = []
  private readonly workedOutNumbers: number[] = []

  constructor(mostEnds = MOST_ENDS) {
    this.mostEnds = mostEnds
  }

  /** Numbers that were given out before mean nothing any more. Ask only where none is held. */
  forgetIfMany(): void {
    if (this.size <= this.mostEnds) return
    this.timesForgotten++
    this.texts.length = 1
    this.candidates.length = 1
    this.size = 1
    this.textNumbers.clear()
    this.textNumbers.set('', NO_TEXT)
    this.byContent.clear()
    this.slots.fill(0)
    this.workedOut.length = 0
    this.workedOutNumbers.length = 0
  }

  /** Writes the number of one end of the record at each place of a batch: into `room`, or a larger one where that is too small. Returns which. */
  number(answered: AnsweredBatch, side: Side, room: Int32Array): Int32Array {
    const { count, capacity } = answered.batch
    const into = room.length < count ? new Int32Array(capacity) : room
    if (answered instanceof JoinedBatch) this.numberJoined(answered, side, into)
    else {
      const endAt = (place: number) => (side === 'source' ? answered.source(place) : answered.destination(place))
      for (let place = 0; place < count; place++) {
        into[place] = answered.isAnswered[place] === 0 ? NO_END : this.numberOfEnd(endAt(place))
      }
    }
    return into
  }

  /** Of all ends, in the order of END_TEXTS. */
  get textFields(): TextFields {
    return { fields: this.fields, width: FIELDS, texts: this.texts }
  }

  private numberJoined(joined: JoinedBatch, side: Side, into: Int32Array): void {
    const isSource = side === 'source'
    const { answers, claims, marks }: EndColumn = isSource ? joined.sources : joined.destinations
    const { isAnswered, batch } = joined
    for (let place = 0; place < batch.count; place++) {
      const answer = answers[place] as number
      if (isAnswered[place] === 0) into[place] = NO_END
      else if (answer < 0) {
        const template = isSource ? joined.sourceTemplate(place) : joined.destinationTemplate(place)
        into[place] = this.numberOfWorkedOut(-1 - answer, template)
      } else {
        const claim = claims[place] as number
        const domain = (marks[place] as number) >>> MARK_DOMAIN
        const slot = this.slotOf(answer, claim, domain)
        const known = this.slots[slot] as number
        into[place] = known === 0 ? this.addOwned(joined, isSource, place, slot, answer, claim, domain) : known
      }
    }
  }

  private numberOfWorkedOut(number: number, template: EndTemplate): number {
    if (this.workedOut[number] === template) return this.workedOutNumbers[number] as number
    this.workedOut[number] = template
    const found = this.numberOfEnd(template)
    this.workedOutNumbers[number] = found
    return found
  }

  private addOwned(
    joined: JoinedBatch,
    isSource: boolean,
    place: number,
    slot: number,
    answer: number,
    claim: number,
    domain: number,
  ): number {
    const number = this.add(isSource ? joined.sourceTemplate(place) : joined.destinationTemplate(place))
    this.keys[number * 3] = answer
    this.keys[number * 3 + 1] = claim
    this.keys[number * 3 + 2] = domain
    this.slots[slot] = number
    if (number * 2 > this.slots.length) this.spread()
    return number
  }

  /** Where the end is, or would be. */
  private slotOf(answer: number, claim: number, domain: number): number {
    const { keys, slots } = this
    const mask = slots.length - 1
    for (let slot = hashOf(answer, claim, domain) & mask; ; slot = (slot + 1) & mask) {
      const at = (slots[slot] as number) * 3
      if (at === 0 || (keys[at] === answer && keys[at + 1] === claim && keys[at + 2] === domain)) return slot
    }
  }

  private numberOfEnd(end: EndTemplate): number {
    const name = JSON.stringify([...END_TEXTS.map(field => end[field]), ...end.candidates])
    const known = this.byContent.get(name)
    if (known !== undefined) return known
    const number = this.add(end)
    this.byContent.set(name, number)
    return number
  }

  private add(end: EndTemplate): number {
    const number = this.size++
    if (this.size * FIELDS > this.fields.length) {
      this.fields = larger(this.fields, this.size * FIELDS)
      this.keys = larger(this.keys, this.size * 3)
    }
    for (const [i, field] of END_TEXTS.entries()) this.fields[number * FIELDS + i] = this.numberOfText(end[field])
    // None is the key of an owned end until it is made one.
    this.keys.fill(-1, number * 3, number * 3 + 3)
    this.candidates[number] = end.candidates.length === 0 ? NOBODY : end.candidates
    return number
  }

  private numberOfText(text: string): number {
    const known = this.textNumbers.get(text)
    if (known !== undefined) return known
    const number = this.texts.push(text) - 1
    this.textNumbers.set(text, number)
    return number
  }

  /** Twice as many slots. */
  private spread(): void {
    const { keys } = this
    this.slots = new Int32Array(this.slots.length * 2)
    for (let number = 1; number < this.size; number++) {
      const answer = keys[number * 3] as number
      if (answer < 0) continue
      const slot = this.slotOf(answer, keys[number * 3 + 1] as number, keys[number * 3 + 2] as number)
      this.slots[slot] = number
    }
  }
}

const NOBODY: readonly string[] = []

function hashOf(answer: number, claim: number, domain: number): number {
  const product = Math.imul(claim ^ Math.imul(answer ^ (domain << 20), 0x85ebca6b), 0x9e3779b1)
  return product ^ (product >>> 15)
}
