/**
 * The partition of a message key: FNV-1a (32 bits) of its UTF-8 bytes, modulo the count. Ours and not the client's, so that
 * it stays the same whatever client or version writes: a source must never change its partition.
 */
export function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(key)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0) % partitions
}
