import type { TextFields } from './distinct-ends.ts'
import { END_TEXTS, type EndText, type EndTexts } from './end-texts.ts'
import { larger, WordRows } from './word-rows.ts'

/** What ends of one group have in common: by these `flow_hours` tells ends apart. */
export const GROUP_TEXTS = [
  'domain',
  'state',
  'application',
  'cluster',
  'account',
  'zone',
  'service',
] as const satisfies readonly EndText[]

const WIDTH = GROUP_TEXTS.length
const PLACES = Int32Array.from(GROUP_TEXTS, text => END_TEXTS.indexOf(text))

/**
 * Numbers for groups of ends, which stay what they are when `EndTexts` forgets its ends: an object may have more of these
 * than are kept. A group is looked for once for each end. Between objects as many are kept as ends.
 */
export class EndGroups {
  private readonly ends: EndTexts
  private readonly groups = new WordRows(WIDTH)
  private readonly texts: string[] = []
  private readonly textNumbers = new Map<string, number>()
  /** By number of an end: one more than its group, or 0. */
  private groupOfEnd = new Int32Array(1024)
  /** By number of a text of an end: one more than its number here, or 0. */
  private textHere = new Int32Array(1024)
  private timesForgotten = 0

  constructor(ends: EndTexts) {
    this.ends = ends
  }

  /** Numbers of groups given out so far are smaller. */
  get size(): number {
    return this.groups.size
  }

  /** Numbers of groups that were given out before mean nothing any more. Ask only where none is held. */
  forgetIfMany(): void {
    if (this.groups.size <= this.ends.mostEnds) return
    this.groups.clear()
    this.texts.length = 0
    this.textNumbers.clear()
    this.forgetEnds()
  }

  /** Before numbers of ends are asked about that were given out since the last call. */
  keepUp(): void {
    const { ends } = this
    if (this.timesForgotten !== ends.timesForgotten) this.forgetEnds()
    this.timesForgotten = ends.timesForgotten
    if (this.groupOfEnd.length < ends.size) this.groupOfEnd = larger(this.groupOfEnd, ends.size)
    if (this.textHere.length < ends.texts.length) this.textHere = larger(this.textHere, ends.texts.length)
  }

  /** The number of an end's group. */
  of(end: number): number {
    const known = this.groupOfEnd[end] as number
    return known === 0 ? this.find(end) : known - 1
  }

  /** Of all groups, in the order of GROUP_TEXTS. */
  get textFields(): TextFields {
    return { fields: this.groups.words, width: WIDTH, texts: this.texts }
  }

  private find(end: number): number {
    const { ends, groups } = this
    for (let i = 0; i < WIDTH; i++) {
      groups.asked[i] = this.numberHere(ends.fields[end * END_TEXTS.length + (PLACES[i] as number)] as number)
    }
    const group = groups.number()
    this.groupOfEnd[end] = group + 1
    return group
  }

  private numberHere(number: number): number {
    const known = this.textHere[number] as number
    if (known > 0) return known - 1
    const text = this.ends.texts[number] as string
    let here = this.textNumbers.get(text)
    if (here === undefined) {
      here = this.texts.push(text) - 1
      this.textNumbers.set(text, here)
    }
    this.textHere[number] = here + 1
    return here
  }

  private forgetEnds(): void {
    this.groupOfEnd.fill(0)
    this.textHere.fill(0)
  }
}
