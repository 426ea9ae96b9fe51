import { endOfPacked } from './block-end.ts'
import { blockAt, type Header, type WholeBlock } from './container.ts'

/** How far a segment's bytes are whole. What is behind was never acknowledged. */
export type Tail = {
  readonly end: number
  readonly records: number
  readonly first: WholeBlock | undefined
  readonly last: WholeBlock | undefined
}

type PlacedBlock = WholeBlock & { readonly start: number }

/**
 * Finds the last whole block. A write that was cut short may leave anything behind it: a part, zeros, and after a power
 * loss a later page without an earlier one. Blocks say how much was durable when they were written, and so tell such a
 * tail from damage.
 * @throws Error that says where damage is that cutting would turn into the loss of acknowledged records.
 */
export function tailOf(bytes: Buffer, header: Header): Tail {
  const blocks: PlacedBlock[] = []
  let end = header.bytes
  while (end < bytes.length) {
    const block = blockAt(bytes, end, header.sync)
    if (block.kind !== 'whole') break
    blocks.push({ ...block, start: end })
    end = block.next
  }
  if (end < bytes.length && durableBehind(bytes, end, header) > end) throw damagedAt(end)
  const whole = header.reader.isOurs ? upToDamage(blocks, header) : blocks
  const last = whole.at(-1)
  return {
    end: last?.next ?? header.bytes,
    records: whole.reduce((sum, { count }) => sum + count, 0),
    first: whole[0],
    last,
  }
}

const damagedAt = (position: number) => new Error(`the block at byte ${position} cannot be read`)

/** How many bytes were durable, by the word of the whole blocks that are found anywhere behind `position`. */
function durableBehind(bytes: Buffer, position: number, { sync, reader, unpack }: Header): number {
  let durableBytes = 0
  let at = bytes.indexOf(sync, position)
  while (at >= 0) {
    const start = at + sync.length
    // Blocks of another version do not tell; then whatever ends in a marker may have been acknowledged.
    if (!reader.isOurs) return Number.POSITIVE_INFINITY
    const block = blockAt(bytes, start, sync)
    const found = block.kind === 'whole' ? endOfPacked(block.data, unpack) : undefined
    if (found?.isRight) durableBytes = Math.max(durableBytes, found.durableBytes)
    at = bytes.indexOf(sync, start)
  }
  return durableBytes
}

/** The blocks before the first one whose content is not what was written. */
function upToDamage(blocks: readonly PlacedBlock[], { unpack }: Header): readonly PlacedBlock[] {
  const ends = blocks.map(({ data }) => endOfPacked(data, unpack))
  const firstWrong = ends.findIndex(({ isRight }) => !isRight)
  const wrong = blocks[firstWrong]
  if (wrong === undefined) return blocks
  const durableBytes = ends.reduce((most, end) => Math.max(most, end.isRight ? end.durableBytes : 0), 0)
  if (wrong.start < durableBytes) throw damagedAt(wrong.start)
  return blocks.slice(0, firstWrong)
}
