import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kept } from '../port.ts'
import { carriedChangeSchema } from '../schemas.ts'
import { BlockBuilder, encodedForUnion } from './block-builder.ts'
import { newHeader, parseHeader } from './container.ts'
import { syncFolder } from './durable.ts'
import type { LogFolder } from './folder.ts'
import { type Carried, carriedFile } from './manifest.ts'
import { PARTITION } from './partition.ts'
import { read } from './reading.ts'
import { writeAll } from './segment-writer.ts'

/**
 * Copies the kept records before `before` into a file of their own, each with the offset and the time that it had.
 * Durable when it resolves; no manifest lists it yet. Stops where the log is closed meanwhile.
 * @throws WHOHAD_STREAM_CLOSED
 */
export async function carry(folder: LogFolder, before: number, { offsets, floors }: Kept): Promise<Carried> {
  const name = carriedFile(before)
  const file = await open(join(folder.path, name), 'w')
  try {
    const header = newHeader(carriedChangeSchema, 'deflate')
    const blocks = new BlockBuilder(parseHeader(header))
    let bytes = await writeAll(file, header, 0)
    const end = async () => {
      bytes += await writeAll(file, await blocks.end(bytes), bytes)
    }
    const kept = offsets[PARTITION] ?? []
    let next = 0
    for await (const batch of read(folder, { follow: false, signal: new AbortController().signal })) {
      for (const { change, offset, loggedAtMs } of batch) {
        if (offset !== kept[next]) continue
        next++
        blocks.add(encodedForUnion(change), loggedAtMs, offset)
        if (blocks.isFull) await end()
      }
      if (next === kept.length || (batch.at(-1)?.offset ?? 0) >= before) break
    }
    if (next < kept.length) throw new Error(`offset ${kept[next]} is to be kept, but is not in the log`)
    if (!blocks.isEmpty) await end()
    await file.sync()
    await syncFolder(folder.path)
    return { file: name, records: next, bytes, floors: Object.fromEntries(floors) }
  } catch (error) {
    await rm(join(folder.path, name), { force: true }) // on a full disk it would be in the way
    throw error
  } finally {
    await file.close()
  }
}
