/** Seeded numbers. The same seed and stream name give the same numbers on every machine. */
export type Random = {
  /** Uniform in [0, 1). */
  next(): number
  /** A whole number, uniform in [from, until). */
  integer(from: number, until: number): number
  /** A number, uniform in [from, until). */
  between(from: number, until: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** Exponentially distributed with this median. */
  exponential(median: number): number
  hex(digits: number): string
}

/**
 * One stream of numbers. What must not influence each other (the world, its traffic, the latency of requests) draws from
 * streams of its own, so that an additional request never changes the world.
 */
export function seededRandom(seed: number, stream: string): Random {
  const next = sfc32(seed, stream)
  const integer = (from: number, until: number) => from + Math.floor(next() * (until - from))
  return {
    next,
    integer,
    between: (from, until) => from + next() * (until - from),
    chance: probability => next() < probability,
    pick: items => items[integer(0, items.length)] as (typeof items)[number],
    exponential: median => (-Math.log(1 - next()) * median) / Math.LN2,
    hex: digits => Array.from({ length: digits }, () => integer(0, 16).toString(16)).join(''),
  }
}

/** Small Fast Counter, 32 bit (Chris Doty-Humphrey, PractRand): passes BigCrush, and needs no multiplication. */
function sfc32(seed: number, stream: string): () => number {
  let a = seed >>> 0
  let b = Math.floor(seed / 2 ** 32) >>> 0
  let c = fnv1a(stream)
  let counter = 1
  const next = () => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let warmUp = 0; warmUp < 20; warmUp++) next()
  return next
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
