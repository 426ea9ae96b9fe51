import { appendFile, readFile, stat } from 'node:fs/promises'
import { BLOCK_END_BYTES, writeBlockEnd } from '../../src/changestream/embedded/block-end.ts'
import { framed, parseHeader } from '../../src/changestream/embedded/container.ts'

/** Puts a whole block behind the segment's last one that says it has one record, and whose bytes are none. */
export async function appendForeignBlock(segment: string): Promise<void> {
  const { pack, sync } = parseHeader(await readFile(segment))
  const data = Buffer.alloc(3 + BLOCK_END_BYTES, 0xff)
  writeBlockEnd(data, 3, (await stat(segment)).size)
  await appendFile(segment, framed(1, pack(data), sync))
}
