import { join } from 'node:path'
import type { Settings } from '../../src/cli/settings.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { connectChdb, connectServer } from '../../src/store/connect.ts'
import { createExecutor } from '../../src/store/executor.ts'
import { recordedReport } from './clickhouse-rows.ts'

/** Tables of a store as their readers see them, each row as JSON, in an order of its own. */
export type StoredTables = { readonly [Table in keyof typeof TABLES]: readonly string[] }

/** When something was written is not what was written. */
const TABLES = {
  flows: 'SELECT * FROM flows_committed ORDER BY object_id, record',
  objects: 'SELECT * EXCEPT (updated_at_ms) FROM objects FINAL ORDER BY object_id, generation',
  gaps: 'SELECT * FROM capture_gaps_committed ORDER BY object_id, record',
  deadLetters: 'SELECT * EXCEPT (at_ms) FROM dead_letters FINAL ORDER BY origin, place, reason',
  corrections: 'SELECT * FROM corrections FINAL ORDER BY stream_partition, stream_offset, part',
  correctedUpTo: `
    SELECT enricher, stream_partition, max(end_offset) AS until FROM corrected
    GROUP BY enricher, stream_partition ORDER BY enricher, stream_partition`,
  edges: 'SELECT * FROM edges_1m ORDER BY ALL',
  hours: 'SELECT * FROM edges_1h ORDER BY ALL',
  quality: 'SELECT * FROM quality_1m ORDER BY ALL',
  moved: 'SELECT * FROM flows_moved ORDER BY object_id, generation, record',
} as const

export const storedTables = (settings: Settings): Promise<StoredTables> => storedRows(settings, TABLES)

/** What a store answers to each statement, each row as JSON. */
export async function storedRows<Name extends string>(
  { clickhouse, data }: Settings,
  statements: Readonly<Record<Name, string>>,
): Promise<Readonly<Record<Name, readonly string[]>>> {
  const { url, ...access } = clickhouse
  const { client, where } = url
    ? connectServer({ driver: 'server', url, ...access })
    : await connectChdb({ driver: 'chdb', path: join(data.path, 'store') })
  const executor = createExecutor({
    client,
    where,
    concurrency: 1,
    clock: systemClock,
    report: recordedReport().report,
  })
  try {
    const read = Object.entries<string>(statements).map(async ([name, statement]) => {
      const rows = await executor.rows(statement)
      return [name, rows.map(row => JSON.stringify(row))]
    })
    return Object.fromEntries(await Promise.all(read)) as Record<Name, readonly string[]>
  } finally {
    await executor.close()
  }
}
