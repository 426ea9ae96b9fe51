import type { Family } from '../address.ts'

/** Many questions of one kind, in columns: who held address i in domain i throughout [fromMs i, untilMs i)? */
export type LookUps = {
  readonly family: Family
  readonly count: number
  /** Numbers of `Generation.domain`; a window begins at its domain's horizon or later. */
  readonly domains: Int32Array
  /** One word each for IPv4, four for IPv6. */
  readonly words: Int32Array
  readonly fromMs: Float64Array
  readonly untilMs: Float64Array
}

/** So many look-ups are under way at a time. */
export const GROUP = 64

/** In `places`, instead of a place: the window reaches out of the segment; no host is there; only `ownerIn` knows. */
export const OUT_OF_SEGMENT = -1
export const NO_HOST = -2
export const STEP_BY_STEP = -3
/** As NO_HOST, but there is one later in the segment, whose first row has this place: NOT_BEGUN − place. */
export const NOT_BEGUN = -4

/** In `steps`: which part of a look-up was left to other code. */
export const BY_BLOCKS = 1
export const ALL_OF_IT = 2

/** What is known of the look-ups of a group. */
export class GroupColumns {
  size = 0
  /** Of each its number in `LookUps`, its window in ticks, where it stands by now, how its rows lie. */
  readonly numbers = new Uint32Array(GROUP)
  readonly froms = new Int32Array(GROUP)
  readonly untils = new Int32Array(GROUP)
  readonly places = new Int32Array(GROUP)
  readonly packed = new Int32Array(GROUP)
  readonly chosen = new Int32Array(GROUP)
  readonly steps = new Uint8Array(GROUP)
  /** Of those left to blocks: over which ticks the block names the same owner; none where that is not known. */
  readonly blockFroms = new Int32Array(GROUP)
  readonly blockUntils = new Int32Array(GROUP)
}
