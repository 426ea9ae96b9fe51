import type { Family } from '../../ownership/address.ts'
import type { Generation } from '../../ownership/generation/generation.ts'
import { ownersOf } from '../../ownership/generation/look-ups.ts'
import type { Millis } from '../../ownership/window.ts'
import type { AskedSpace } from './asked-space.ts'
import type { SideOfBatch } from './side-of-batch.ts'
import type { KnownInterface } from './steady-look-ups.ts'

const AT_ONCE = 4096

/** Ends of one family that wait to be looked up together. Filled and emptied again and again. */
export class PendingLookUps {
  readonly family: Family
  count = 0
  readonly places = new Int32Array(AT_ONCE)
  readonly sides: SideOfBatch[] = []
  readonly asked: AskedSpace[] = []
  /** Where the end is seen from, as the memo names it. */
  readonly spaces = new Int32Array(AT_ONCE)
  /** The recording interface as it is known during the record. */
  readonly known: KnownInterface[] = []
  /** 1 where the end is the interface's own. */
  readonly areOwn = new Uint8Array(AT_ONCE)
  readonly domains = new Int32Array(AT_ONCE)
  readonly words: Int32Array
  readonly fromMs = new Float64Array(AT_ONCE)
  readonly untilMs = new Float64Array(AT_ONCE)
  /** What was found, and beside it: see `Beside`. */
  readonly owners = new Int32Array(AT_ONCE)
  readonly besideFromMs = new Float64Array(AT_ONCE)
  readonly besideUntilMs = new Float64Array(AT_ONCE)
  /** −1 where they are not wanted. */
  readonly claims = new Int32Array(AT_ONCE).fill(-1)
  private readonly wantsClaims: boolean

  constructor(family: Family, wantsClaims: boolean) {
    this.family = family
    this.words = new Int32Array(AT_ONCE * (family === 4 ? 1 : 4))
    this.wantsClaims = wantsClaims
  }

  get isFull(): boolean {
    return this.count === AT_ONCE
  }

  add(
    side: SideOfBatch,
    place: number,
    space: number,
    asked: AskedSpace,
    known: KnownInterface,
    isOwn: boolean,
    fromMs: Millis,
    untilMs: Millis,
  ): void {
    const i = this.count++
    const { words } = side.column(place)
    this.sides[i] = side
    this.places[i] = place
    this.spaces[i] = space
    this.asked[i] = asked
    this.domains[i] = asked.number
    this.known[i] = known
    this.areOwn[i] = isOwn ? 1 : 0
    this.fromMs[i] = fromMs
    this.untilMs[i] = untilMs
    if (this.family === 4) this.words[i] = words[place * 4] as number
    else for (let word = 0; word < 4; word++) this.words[i * 4 + word] = words[place * 4 + word] as number
  }

  clear(): void {
    this.count = 0
  }

  lookUp(generation: Generation): void {
    const { family, count, domains, words, fromMs, untilMs, owners, claims } = this
    ownersOf(generation, { family, count, domains, words, fromMs, untilMs }, owners, {
      fromMs: this.besideFromMs,
      untilMs: this.besideUntilMs,
      claims: this.wantsClaims ? claims : undefined,
    })
  }
}
