import { NativeBlock } from '../../store/native-block.ts'
import type { ByteOut } from './byte-out.ts'
import { EndTexts } from './end-texts.ts'
import { FlowBlock, type RowsOf } from './flow-block.ts'
import { FlowHours } from './flow-hours.ts'
import type { RowSink, Sunk } from './port.ts'

const BLOCK_ROWS = 65_536

export type FlowBlocksOptions = {
  /** A batch must not have more records than a block has rows. */
  readonly blockRows?: number
  /** As `EndTexts` and `FlowHours` take them. */
  readonly mostEnds?: number | undefined
  readonly mostGroups?: number | undefined
}

/** What a thread keeps from object to object: room for a block and for sums, and what ends are answered with. */
export class FlowBlocks {
  readonly rows: FlowBlock
  readonly hours: FlowHours
  readonly native = new NativeBlock()

  constructor({ blockRows = BLOCK_ROWS, mostEnds, mostGroups }: FlowBlocksOptions = {}) {
    const ends = new EndTexts(mostEnds)
    this.rows = new FlowBlock(blockRows, ends)
    this.hours = new FlowHours(ends, mostGroups)
  }
}

export type ClickhouseSink = Omit<RowSink, 'finish'> & {
  /** `isAddedUp`: whether hours were written, all of them; else the object has too many groups, and the store adds it up. */
  finish(): Promise<Sunk & { readonly isAddedUp: boolean }>
}

/**
 * Rows of the tables `flows` and `flow_hours` as files of Native blocks (`Store.insertFiles`). Records that were not answered
 * are in neither.
 */
export function clickhouseSink(
  out: { readonly rows: ByteOut; readonly hours: ByteOut },
  { rows, hours, native }: FlowBlocks,
  of: RowsOf,
): ClickhouseSink {
  let records = 0
  rows.begin()
  hours.begin()
  const flush = async () => {
    if (rows.rows === 0) return
    records += rows.rows
    hours.take(rows)
    await out.rows.write(rows.encode(native, of))
    rows.begin()
  }
  return {
    async write(answered) {
      if (!rows.hasRoomFor(answered)) await flush()
      rows.take(answered)
    },
    async finish() {
      await flush()
      const isAddedUp = hours.areWhole
      if (isAddedUp) for (const block of hours.encoded(native, of)) await out.hours.write(block)
      await out.hours.finish()
      return { records, bytes: await out.rows.finish(), isAddedUp }
    },
    async abort() {
      await out.rows.abort()
      await out.hours.abort()
    },
  }
}
