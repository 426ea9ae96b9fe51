import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readCheckpoint, writeCheckpoint } from '../../src/changestream/checkpoint/checkpoint.ts'
import { Generation, type GenerationColumns } from '../../src/ownership/generation/generation.ts'
import { columnsOf, imageOf } from '../../src/ownership/index-image.ts'
import { createOwnershipIndex, type IndexColumns } from '../../src/ownership/ownership-index.ts'

export type Restored = {
  readonly generation: Generation
  readonly checkpointBytes: number
  readonly writeSeconds: number
  /** From the file, which the system still has in memory, to an index that can be asked; every byte is verified. */
  readonly restoreSeconds: number
}

/** Writes the index to a checkpoint and reads it back. The ledger of claims, which the benchmark does not fill, is empty. */
export async function writeAndRestore(columns: GenerationColumns): Promise<Restored> {
  const folder = join(import.meta.dirname, '../../.cache/bench')
  await mkdir(folder, { recursive: true })
  const path = join(folder, `index-${process.pid}.checkpoint`)
  try {
    const startedMs = performance.now()
    await writeCheckpoint(
      path,
      { read: { positions: [0], last: [null], epochs: [] }, image: imageOf(indexColumnsOf(columns)) },
      { fsync: false },
    )
    const writtenMs = performance.now()
    const { size } = await stat(path)
    const readFromMs = performance.now()
    const checkpoint = await readCheckpoint(path)
    if (checkpoint === undefined) throw new Error(`${path} was not written`)
    const { ledger, segments, histories, horizons } = columnsOf(checkpoint.image)
    const { facts, domains, ids } = ledger
    const generation = new Generation({ base: segments, overlay: [], facts, domains, ids, histories, horizons })
    return {
      generation,
      checkpointBytes: size,
      writeSeconds: (writtenMs - startedMs) / 1000,
      restoreSeconds: (performance.now() - readFromMs) / 1000,
    }
  } finally {
    await rm(path, { force: true })
  }
}

function indexColumnsOf({ base, facts, domains, ids, histories, horizons }: GenerationColumns): IndexColumns {
  const empty = createOwnershipIndex().columns()
  return { ...empty, ledger: { ...empty.ledger, facts, domains, ids }, segments: base, histories, horizons }
}
