import type { Checkpoint } from '../../src/changestream/checkpoint/checkpoint.ts'
import { readUpTo } from './read-state.ts'

/** For tests that write often: nothing of theirs has to outlive a power failure. */
export const UNSYNCED = { fsync: false }
export const shared = (bytes: ArrayLike<number>): Uint8Array => {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}
/** Bytes that differ from slice to slice, so that none can stand in for another. */
export const patterned = (bytes: number): Uint8Array => {
  const pattern = new Uint8Array(new SharedArrayBuffer(bytes))
  for (let i = 0; i < bytes; i++) pattern[i] = (i ^ (i >> 8) ^ (i >> 16)) * 31
  return pattern
}
export const checkpointOf = (...sections: readonly (readonly [string, Uint8Array])[]): Checkpoint => ({
  read: readUpTo(7, 0, 2 ** 45),
  image: { header: { holds: 'claims' }, sections: sections.map(([name, bytes]) => ({ name, bytes })) },
})
/** A file of 232 bytes, with paddings, an empty section, and numbers beyond 32 bits. */
export const small = checkpointOf(
  ['starts', shared([1, 2, 3])],
  ['empty', shared([])],
  ['ends', shared([4, 5, 6, 7, 8, 9, 10, 11])],
)
