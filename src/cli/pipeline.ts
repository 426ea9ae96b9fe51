import { join } from 'node:path'
import { apiErrors } from '../api/errors.ts'
import type { Ask } from '../api/whohad-route.ts'
import { openEmbeddedLog } from '../changestream/embedded/embedded-log.ts'
import { openKafkaLog } from '../changestream/kafka/kafka-log.ts'
import { type Materialiser, startMaterialiser } from '../changestream/materialise.ts'
import type { ChangeLog } from '../changestream/port.ts'
import { type FollowingView, followingView } from '../enricher/view.ts'
import { createOwnershipIndex, type OwnershipIndex } from '../ownership/ownership-index.ts'
import type { Clock } from '../runtime/clock.ts'
import { openStore } from '../store/open-store.ts'
import type { Store, StoredChange } from '../store/port.ts'
import { createOverlapWatch } from './overlap-watch.ts'
import type { Settings } from './settings.ts'
import type { Report, Telemetry } from './telemetry.ts'

/** The change stream, the store and the index that follows the one into the other. */
export type Pipeline = {
  readonly log: ChangeLog
  readonly store: Store
  readonly index: OwnershipIndex
  readonly view: FollowingView
  readonly materialiser: Materialiser
  readonly ask: Ask
  /** Whether all that the log held at the start has been read: before that no question is answered. */
  isCaughtUp(): boolean
  /** Resolves once everything that is in the log now is in the index and the store. */
  settled(): Promise<void>
  close(): Promise<void>
}

const SEGMENT_BYTES = 64 * 1024 * 1024

export function openLog(settings: Settings, clock: Clock, telemetry: Telemetry): Promise<ChangeLog> {
  const { brokers, topic, partitions, replicationFactor } = settings.kafka
  if (brokers.length > 0) {
    return openKafkaLog({ brokers, topic, partitions, replicationFactor, report: telemetry.report })
  }
  return openEmbeddedLog({
    folder: join(settings.data.path, 'changes'),
    segmentBytes: SEGMENT_BYTES,
    clock,
    onTornTail: torn => telemetry.log.warn(torn, 'torn tail of the change stream cut back'),
  })
}

function openConfiguredStore(settings: Settings, threadPoolSize: number, clock: Clock, report: Report): Promise<Store> {
  const { url, username, password, database } = settings.clickhouse
  const driver = url
    ? ({ driver: 'server', url, username, password, database } as const)
    : ({ driver: 'chdb', path: join(settings.data.path, 'store'), threadPoolSize } as const)
  return openStore(driver, { clock, report })
}

/**
 * Opens everything and starts following the change stream. What was opened is closed again where a later part fails.
 * `threadPoolSize` is UV_THREADPOOL_SIZE.
 */
export async function openPipeline(
  settings: Settings,
  parts: { readonly clock: Clock; readonly telemetry: Telemetry; readonly threadPoolSize: number },
): Promise<Pipeline> {
  const { clock, telemetry } = parts
  const log = await openLog(settings, clock, telemetry)
  let store: Store
  try {
    store = await openConfiguredStore(settings, parts.threadPoolSize, clock, telemetry.report)
    await store.migrate()
  } catch (error) {
    await log.close()
    throw error
  }
  const stopping = new AbortController()
  const index = createOwnershipIndex()
  const view = followingView(index, log, stopping.signal)
  const overlaps = createOverlapWatch(telemetry.report)
  let caughtUp = false
  const materialiser = startMaterialiser({
    log,
    async index(batch) {
      await view.apply(batch)
      overlaps.take(batch.map(({ change }) => change))
      // What overlapped once upon a time is no matter: only what stands at the end of the replay.
      if (caughtUp) overlaps.check()
    },
    sinks: [await recorder(store)],
    signal: stopping.signal,
    report: telemetry.report,
  })
  materialiser.caughtUp.then(
    () => {
      caughtUp = true
      overlaps.check()
    },
    () => {}, // told to whoever waits for `done`
  )
  return {
    log,
    store,
    index,
    view,
    materialiser,
    isCaughtUp: () => caughtUp,
    ask(question) {
      // Half the history would name owners that the other half takes back.
      if (!caughtUp) throw apiErrors.stillReplaying({ detail: `${index.counts().claims} claims read so far` })
      return index.ask(question)
    },
    settled: async () => materialiser.reached(await log.end()),
    async close() {
      stopping.abort()
      await materialiser.done.catch(() => {}) // its failure was told to whoever waits for `done`
      await store.close()
      await log.close()
    },
  }
}

/** Copies what the store does not have yet; a replay from the log's start costs no insert. */
async function recorder(store: Store): Promise<(batch: readonly StoredChange[]) => Promise<void>> {
  const stored = await store.changesEnd()
  return async batch => {
    const fresh = batch.filter(({ partition, offset }) => offset >= (stored[partition] ?? 0))
    if (fresh.length > 0) await store.insertChanges(fresh)
  }
}
