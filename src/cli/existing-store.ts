import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../runtime/clock.ts'
import type { Store } from '../store/port.ts'
import { openConfiguredStore } from './pipeline.ts'
import type { Settings } from './settings.ts'
import { createTelemetry } from './telemetry.ts'
import { VERSION } from './version.ts'

/** Node's own number of threads is enough where nothing is written. */
const THREADS = 4

/** The configured store, for commands that only read it; undefined where there is none, which is then not made. */
export async function existingStore(settings: Settings, threadPoolSize = THREADS): Promise<Store | undefined> {
  const { clickhouse, data } = settings
  if (!clickhouse.url && !existsSync(join(data.path, 'store'))) return undefined
  const { report } = createTelemetry({ level: 'error', version: VERSION })
  return openConfiguredStore(settings, threadPoolSize, systemClock, report)
}
