/** Independent streams of the generator: what is drawn from one changes nothing for the others. */
export type Stream = number

/** The finaliser of MurmurHash3. */
const mix = (word: number): number => {
  let mixed = word ^ (word >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/**
 * What all draws of one place start from. It is a function of nothing but its arguments, so any part of the estate can be
 * made without the parts before it, in any order and on any thread.
 */
export const seedOf = (stream: Stream, place: number): number => mix(place ^ Math.imul(stream, 0x27d4eb2f))

/** 32 random bits. */
export const bitsOf = (seed: number, draw: number): number => mix(seed + Math.imul(draw + 1, 0x9e3779b9))

/** Uniform in [0, 1). */
export const fractionOf = (seed: number, draw: number): number => bitsOf(seed, draw) / 0x1_0000_0000

/** Uniform among the whole numbers 0 to count − 1. */
export const choiceOf = (seed: number, draw: number, count: number): number =>
  Math.floor(fractionOf(seed, draw) * count)
