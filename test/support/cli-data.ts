import { join } from 'node:path'
import { openEmbeddedLog } from '../../src/changestream/embedded/embedded-log.ts'
import type { Change } from '../../src/ownership/claim.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { temporaryFolder } from './clickhouse-folder.ts'
import { sampleChanges } from './flow-log-inventory.ts'

/** A data folder whose change stream holds these changes, as a stopped whohad leaves it. One append for each change. */
export async function dataFolder(
  changes: readonly Change[] = sampleChanges(),
  segmentBytes = 64 * 1024 * 1024,
): Promise<string> {
  const path = await temporaryFolder('data')
  const log = await openEmbeddedLog({
    folder: join(path, 'changes'),
    segmentBytes,
    clock: systemClock,
    onTornTail: torn => {
      throw new Error(`a new log has a torn tail: ${JSON.stringify(torn)}`)
    },
  })
  for (const change of changes) await log.append([change])
  await log.close()
  return path
}
