import type { ReadState } from '../../src/changestream/checkpoint/checkpoint.ts'

/** Read as far as these positions, where nothing is known of the records before. */
export const readUpTo = (...positions: readonly number[]): ReadState => ({
  positions,
  last: positions.map(() => null),
  epochs: [],
})
