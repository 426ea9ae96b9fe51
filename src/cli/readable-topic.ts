import { logWithHistory } from '../changestream/history.ts'
import { type ChangeLog, hasReached, type Position } from '../changestream/port.ts'
import { systemClock } from '../runtime/clock.ts'
import { reasonOf } from '../runtime/errors.ts'
import type { Store } from '../store/port.ts'
import { existingStore } from './existing-store.ts'
import { historyIn, openKafka } from './pipeline.ts'
import type { Settings } from './settings.ts'
import { createTelemetry } from './telemetry.ts'
import { VERSION } from './version.ts'

/** What is missing at the beginning of what can be read: before which offsets, by partition, and why the store has it not. */
export type Missing = { readonly before: Position; readonly reason: string }

export type ReadableTopic = { readonly log: Omit<ChangeLog, 'append'>; readonly missing: Missing | undefined }

/**
 * The configured topic to be read, and behind its beginning the store, where retention has removed records that the store has.
 * Nothing is made, neither topic nor database.
 * @throws WHOHAD_KAFKA_TOPIC_MISSING, and whatever opening the topic throws
 */
export async function openTopic(settings: Settings): Promise<ReadableTopic> {
  const { report } = createTelemetry({ level: 'error', version: VERSION })
  const log = await openKafka(settings, systemClock, report, false)
  try {
    const before = await goneBefore(log)
    if (before === undefined) return { log, missing: undefined }
    const found = await storeBehind(before, settings)
    if ('reason' in found) return { log, missing: { before, reason: found.reason } }
    const close = async () => {
      await found.store.close()
      await log.close()
    }
    return { log: { ...logWithHistory(log, historyIn(found.store)), close }, missing: undefined }
  } catch (error) {
    await log.close()
    throw error
  }
}

/** Undefined where the topic tells all: it has lost nothing, or kept what is needed of it. */
async function goneBefore(log: ChangeLog): Promise<Position | undefined> {
  if (await log.forgetting?.isWhole()) return undefined
  const start = (await log.start?.()) ?? []
  return start.some(offset => offset > 0) ? start : undefined
}

/** The store, where it has all that is gone before these offsets; else a few words why not. */
async function storeBehind(
  before: Position,
  settings: Settings,
): Promise<{ readonly store: Store } | { readonly reason: string }> {
  let store: Store | undefined
  try {
    store = await existingStore(settings)
    if (store === undefined) return { reason: `clickhouse.url is not set, and ${settings.data.path} holds no store` }
    const end = await store.changesEnd()
    if (hasReached(end, before)) return { store }
    await store.close()
    return { reason: `it ends at offset ${end.join(', ') || '0'}` }
  } catch (error) {
    await store?.close()
    return { reason: reasonOf(error) }
  }
}
