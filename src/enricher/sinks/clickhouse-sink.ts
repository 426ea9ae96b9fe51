import { NativeBlock } from '../../store/native-block.ts'
import type { ByteOut } from './byte-out.ts'
import { EndTexts } from './end-texts.ts'
import { FlowBlock, type RowsOf } from './flow-block.ts'
import type { RowSink } from './port.ts'

const BLOCK_ROWS = 65_536

/** What a thread keeps from object to object: room for a block, and what ends are answered with. */
export class FlowBlocks {
  readonly rows: FlowBlock
  readonly native = new NativeBlock()

  /** A batch must not have more records than a block has rows. */
  constructor(blockRows = BLOCK_ROWS) {
    this.rows = new FlowBlock(blockRows, new EndTexts())
  }
}

/** Rows of the table `flows` as a file of Native blocks (`Store.insertFiles`). Records that were not answered are not in it. */
export function clickhouseSink(out: ByteOut, { rows, native }: FlowBlocks, of: RowsOf): RowSink {
  let records = 0
  rows.begin()
  const flush = async () => {
    if (rows.rows === 0) return
    records += rows.rows
    await out.write(rows.encode(native, of))
    rows.begin()
  }
  return {
    async write(answered) {
      if (!rows.hasRoomFor(answered)) await flush()
      rows.take(answered)
    },
    async finish() {
      await flush()
      return { records, bytes: await out.finish() }
    },
    abort: () => out.abort(),
  }
}
